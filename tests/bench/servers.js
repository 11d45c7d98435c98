// What is measured: a PostgreSQL that loses nothing, and a broker without the plugin or with it.

import { join } from 'node:path';
import { startBroker } from '../stack/broker.js';
import { startCluster } from '../stack/cluster.js';

export const SECRET = 'the secret of the benchmark, 32 bytes and more';

/** Durability as in production; the rest is what anybody sets on a machine of this size. */
const SETTINGS = {
	fsync: 'on',
	synchronous_commit: 'on',
	full_page_writes: 'on',
	shared_buffers: '512MB',
	max_wal_size: '4GB',
	checkpoint_timeout: '15min',
	max_connections: 30,
};

/**
 * The lines that both brokers have; what the other tests' broker has besides is in tests/stack.
 * Nobody reads too slowly here, so nothing may be dropped: what waits is bounded by bytes.
 */
const SAME = [];

/**
 * @param {string} dir
 * @param {Record<string, string | number>} [more] settings of PostgreSQL
 */
export async function startPostgres(dir, more = {}) {
	const cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { ...SETTINGS, ...more } });
	await cluster.install();
	return cluster;
}

/**
 * @typedef {'plain' | 'chat'} Kind
 */

/**
 * @param {{ dir: string, kind: Kind, cluster?: import('../stack/cluster.js').Cluster,
 *           binary?: string, plugin?: string, conf?: string[], options?: Record<string, string | number> }} what
 */
export function startOne({ dir, kind, cluster, binary, plugin, conf = [], options = {} }) {
	const lines = kind === 'plain' ? ['allow_anonymous true'] : [];
	return startBroker({
		dir: join(dir, kind),
		...(binary ? { binary } : {}),
		...(kind === 'plain' ? { plugin: null, secrets: null } : {
			...(plugin ? { plugin } : {}),
			conninfo: cluster?.conninfo,
			secrets: [SECRET],
			options: { rate_limit: 0, queue_limit: 1000000, ...options },
		}),
		conf: [...SAME, ...conf, ...lines].join('\n'),
	});
}
