// The demo's brokers: one; or several that share the database, behind haproxy, with a page for their operator,
// who sees which broker each window is on, and may kill one.

import { rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startBalancer } from '../../tests/stack/balancer.js';
import { startBroker } from '../../tests/stack/broker.js';
import { nameOf } from './application.js';

const PAGE = new URL('page/brokers.html', import.meta.url);

/**
 * @typedef {import('../../tests/stack/broker.js').Broker} Broker
 * @typedef {{ tcpPort: number, wsPort: number }} Ports
 *
 * @typedef {object} Brokers
 * @property {number} tcpPort where clients come in
 * @property {number} wsPort
 * @property {() => string[]} dead what the demo cannot go on without, and where its log is
 * @property {(application: import('./application.js').Application, cluster: import('../../tests/stack/cluster.js').Cluster) => void} addPage
 * @property {() => Promise<void>} stop
 */

/**
 * @param {{ folder: string, entrance: Ports, each: Ports[], conninfo: string, secret: string }} given
 *   `each`: the ports of the brokers, where there are several
 * @returns {Promise<Brokers>}
 */
export function startBrokers(given) {
	return given.each.length > 0 ? startSeveral(given) : startOne(given);
}

/** @param {Parameters<typeof startBrokers>[0]} given @returns {Promise<Brokers>} */
async function startOne({ folder, entrance, conninfo, secret }) {
	const dir = join(folder, 'broker');
	const broker = await startBroker({ dir, conninfo, secrets: [secret], ...entrance });
	remember(folder, 'broker', broker.pid);
	return {
		...entrance,
		dead: () => (broker.alive() ? [] : [`the broker (see ${join(dir, 'log')})`]),
		addPage: () => {},
		async stop() {
			await broker.stop();
			remember(folder, 'broker', null);
		},
	};
}

/** @param {Parameters<typeof startBrokers>[0]} given @returns {Promise<Brokers>} */
async function startSeveral({ folder, entrance, each, conninfo, secret }) {
	/** @type {Broker[]} */
	const brokers = [];
	/** @param {number} n from 0 */
	async function start(n) {
		const name = brokerName(n);
		brokers[n] = await startBroker({
			dir: join(folder, name), conninfo, secrets: [secret], ...each[n], options: { cluster: true, cluster_name: name },
		});
		remember(folder, name, brokers[n].pid);
	}
	for (let n = 0; n < each.length; n++) {
		await start(n);
	}
	const balancer = await startBalancer({ dir: join(folder, 'haproxy'), brokers: each, ...entrance });
	remember(folder, 'haproxy', balancer.pid);

	return {
		...entrance,
		dead: () => (brokers.some((it) => it.alive()) ? [] : [`all brokers (see ${join(folder, 'broker-*', 'log')})`]),
		addPage(application, cluster) {
			application.on('GET /brokers', async (_request, response) => {
				const page = await readFile(PAGE, 'utf8');
				response.setHeader('Content-Type', 'text/html; charset=utf-8');
				response.end(page.replace('{{list}}', rowsOf(brokers, await connected(cluster))));
			});
			each.forEach((_ports, n) => {
				/** @param {string} route @param {() => Promise<unknown>} act */
				const button = (route, act) => application.on(`POST /brokers/${n}/${route}`, async (_request, response) => {
					await act();
					response.writeHead(303, { Location: '/brokers' }).end();
				});
				button('kill', () => brokers[n].kill());
				button('start', async () => brokers[n].alive() || start(n));
			});
		},
		async stop() {
			await balancer.stop();
			remember(folder, 'haproxy', null);
			await Promise.all(brokers.filter((it) => it.alive()).map((it) => it.stop()));
			brokers.forEach((_it, n) => remember(folder, brokerName(n), null));
		},
	};
}

/** @param {number} n from 0 */
function brokerName(n) {
	return `broker-${n + 1}`;
}

/**
 * Which process it is, for a demo that finds it left behind.
 * @param {string} folder
 * @param {string} name
 * @param {number | null} pid null: it has ended
 */
function remember(folder, name, pid) {
	const file = join(folder, `${name}.pid`);
	if (pid === null) {
		rmSync(file, { force: true });
	} else {
		writeFileSync(file, `${pid}\n`, { mode: 0o600 });
	}
}

/**
 * Who is connected to which broker, as the brokers tell each other.
 * @param {import('../../tests/stack/cluster.js').Cluster} cluster
 * @returns {Promise<Map<string, string>>} users' names by the broker's
 */
async function connected(cluster) {
	const rows = await cluster.query(`select n.name, string_agg(o.id, ' ' order by o.id)
		from chat.nodes n join chat.online o using (node) where n.in_cluster and n.gone_at is null group by n.name`);
	return new Map(rows.map(([broker, ids]) => [broker, ids.split(' ').map(nameOf).join(', ')]));
}

/** @param {Broker[]} brokers @param {Map<string, string>} users */
function rowsOf(brokers, users) {
	return brokers.map((broker, n) => {
		const name = brokerName(n);
		const [state, route, label] = broker.alive() ? [users.get(name) || 'nobody', 'kill', 'Kill'] : ['not running', 'start', 'Start'];
		return `<li><div><strong>${name}: ${escapeHtml(state)}</strong><span>process ${broker.pid}, port ${broker.tcpPort}</span></div>
			<form method="post" action="/brokers/${n}/${route}"><button>${label} ${name}</button></form></li>`;
	}).join('\n');
}

/** @param {string} text */
function escapeHtml(text) {
	return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
