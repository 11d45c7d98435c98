// What is measured: a PostgreSQL that loses nothing, and a broker without the plugin or with it.

import { readFileSync } from 'node:fs';
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
 * @param {string} dir
 * @param {Record<string, string | number>} [more] settings of PostgreSQL
 */
export async function startPostgres(dir, more = {}) {
	const cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { ...SETTINGS, ...more } });
	await cluster.install();
	const pid = Number(readFileSync(join(cluster.dir, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
	return { cluster, pid };
}

/**
 * @typedef {'plain' | 'chat' | 'socketio'} Kind
 * @typedef {import('../stack/broker.js').Broker} Broker
 * @typedef {{ kind: Kind, broker: Broker, others?: Broker[] }} Side `others`: of the same cluster
 */

/**
 * The broker that relays, or the one that stores. Both have the same conf (that of tests/stack) but for
 * what the plugin needs. Nobody is held back by the plugin's limits here.
 * @param {{ dir: string, kind: Kind, cluster?: import('../stack/cluster.js').Cluster,
 *           binary?: string, plugin?: string, conf?: string[], options?: Record<string, string | number>,
 *           journal?: string }} what `journal`: keeps one, with that `journal_sync` in ms
 * @returns {Promise<Side>}
 */
export async function startSide({ dir, kind, cluster, binary, plugin, conf = [], options = {}, journal }) {
	const lines = kind === 'plain' ? ['allow_anonymous true'] : [];
	const broker = await startBroker({
		dir: join(dir, kind),
		...(binary ? { binary } : {}),
		...(kind === 'plain' ? { plugin: null, secrets: null } : {
			...(plugin ? { plugin } : {}),
			conninfo: cluster?.conninfo,
			secrets: [SECRET],
			options: {
				rate_limit: 0, queue_limit: 1000000,
				...(journal ? { journal: join(dir, kind, 'journal'), journal_sync: journal } : {}),
				...options,
			},
		}),
		conf: [...conf, ...lines].join('\n'),
	});
	return { kind, broker };
}

/**
 * How many files a process may open.
 * @param {number} pid
 */
export function filesOf(pid) {
	const line = readFileSync(`/proc/${pid}/limits`, 'utf8').match(/^Max open files\s+(\d+)/m);
	return Number(line?.[1] ?? 0);
}

/**
 * What one durable commit of one small row takes, in ms: the median of several hundred, a thousand a
 * second as in the case that it is compared with. (Right behind another one it takes half of that.)
 * @param {import('../stack/cluster.js').Cluster} cluster
 */
export async function commitMs(cluster) {
	const rows = await cluster.query(`
		create table if not exists commits (took interval);
		create or replace procedure measure_commits() language plpgsql as $$
		declare
			began timestamptz;
		begin
			for i in 1..400 loop
				perform pg_sleep(0.001);
				began := clock_timestamp();
				insert into commits values (null);
				commit;
				insert into commits values (clock_timestamp() - began);
			end loop;
		end;
		$$;
		call measure_commits();
		select extract(epoch from percentile_cont(0.5) within group (order by took)) * 1000 from commits;
		drop table commits`);
	return Number(rows[0][0]);
}
