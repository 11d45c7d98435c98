// What Mosquitto itself limits: polling of WebSockets, how many share a listener, the listener's backlog,
// queues, files, nodelay, logging.  Started by `tests/bench/settings`.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../stack/folder.js';
import { freePort } from '../stack/ports.js';
import { pause } from '../stack/wait.js';
import { drive, perSecond, threadUs } from './loadgen.js';
import { short, table } from './numbers.js';
import { startPostgres, startSide } from './servers.js';

const { values: options } = parseArgs({
	options: {
		quick: { type: 'boolean', default: false },
		only: { type: 'string', default: 'polling,listeners,backlog,queue,files,nodelay,log' },
		binary: { type: 'string', multiple: true, default: [] },
		out: { type: 'string' },
	},
});

const SIZES = options.quick ? { idle: [0, 4900], storms: [100, 1000], listeners: [1, 2], seconds: 2 }
	: { idle: [0, 900, 4900, 9900], storms: [100, 1000, 5000, 10000], listeners: [1, 2, 4, 8], seconds: 4 };

const MOSQUITTO = process.env.CHAT_MOSQUITTO || '/usr/sbin/mosquitto';

const binaries = [['packaged', undefined], ...options.binary.map((it) => it.split('='))];

const dir = scratchFolder('settings');
const { cluster, pid } = await startPostgres(dir);
let number = 0;

/**
 * @param {Partial<Parameters<typeof startSide>[0]>} what
 * @param {(side: import('./servers.js').Side) => Promise<void>} then
 */
async function withBroker(what, then) {
	const side = await startSide({ dir: join(dir, String(++number)), kind: 'plain', cluster, ...what });
	try {
		await then(side);
	} finally {
		await side.broker.stop();
	}
}

/** @param {number} count */
async function freePorts(count) {
	/** @type {number[]} */
	const ports = [];
	while (ports.length < count) {
		ports.push(await freePort());
	}
	return ports;
}

/**
 * The users of a load in even shares (pairs stay together) over the WebSocket listener of the side and more of them.
 * @param {import('./servers.js').Side} side
 * @param {number[]} more ports
 * @param {import('./loadgen.js').Load} load
 */
function spread(side, more, load) {
	const ports = [side.broker.wsPort, ...more];
	const users = 2 * Math.floor(load.users / ports.length / 2);
	return Promise.all(ports.map((wsPort, at) => drive(
		{ ...side, broker: { ...side.broker, wsPort } },
		{ ...load, users, first: (load.first ?? 1) + at * users, threads: ports.length > 1 ? 1 : 2 }, pid)));
}

/** @type {Record<string, () => Promise<void>>} */
const chapters = {
	async polling() {
		/** @type {string[][]} */
		const rows = [];
		for (const [label, binary] of binaries) {
			for (const idle of SIZES.idle) {
				/** @type {string[]} */
				const cells = [];
				for (const ws of [true, false]) {
					await withBroker({ binary }, async (side) => {
						const others = idle > 0
							? drive(side, { mode: 'idle', ws, users: idle, first: 1000001, seconds: SIZES.seconds + 10 }, pid)
							: null;
						await pause(others ? 6000 : 0);
						const report = await drive(side, { mode: 'closed', ws, users: 100, seconds: SIZES.seconds }, pid);
						await others;
						cells.push(short(perSecond(report)), short(threadUs(report)));
					});
				}
				rows.push([String(label), String(idle), ...cells]);
			}
		}
		console.log(`\n100 users speak beside idle clients; no plugin\n\n${table(
			['broker', 'idle clients', 'WebSockets, messages/s', 'thread µs/message', 'TCP, messages/s', 'thread µs/message '], rows)}`);
	},

	async listeners() {
		/** @type {string[][]} */
		const rows = [];
		const users = SIZES.storms[SIZES.storms.length - 1];
		for (const [label, binary] of binaries) {
			for (const count of SIZES.listeners) {
				/** @type {string[]} */
				const cells = [];
				for (const kind of /** @type {const} */ (['plain', 'chat'])) {
					const more = await freePorts(count - 1);
					const conf = more.map((port) => `listener ${port} 127.0.0.1\nprotocol websockets`);
					await withBroker({ kind, binary, conf }, async (side) => {
						const reports = await spread(side, more, { mode: 'storm', ws: true, users, atOnce: 0 });
						cells.push(short(Math.max(...reports.map((report) => report.ready_s))));
					});
					await withBroker({ kind, binary, conf }, async (side) => {
						const others = spread(side, more, { mode: 'idle', ws: true, users, first: 1000001, seconds: SIZES.seconds + 10 });
						await pause(6000);
						const report = await drive(side, { mode: 'closed', ws: true, users: 100, seconds: SIZES.seconds }, pid);
						await others;
						cells.push(short(perSecond(report)));
					});
				}
				rows.push([String(label), String(count), ...cells]);
			}
		}
		console.log(`\n${users} clients over several WebSocket listeners: seconds until all are in; 100 more speak beside them\n\n${table(
			['broker', 'listeners', 'plain, all in', 'messages/s', 'plugin, all in', 'messages/s '], rows)}`);
	},

	async backlog() {
		/** @type {string[][]} */
		const rows = [];
		for (const [label, binary] of binaries) {
			for (const users of SIZES.storms) {
				/** @type {string[]} */
				const cells = [];
				for (const [ws, atOnce] of /** @type {const} */ ([[true, 0], [false, 0], [false, 100]])) {
					await withBroker({ binary }, async (side) => {
						const report = await drive(side, { mode: 'storm', ws, users, atOnce }, pid);
						cells.push(`${short(report.ready_s)} (${short(report.connect_ms.p99)} ms)`);
					});
				}
				rows.push([String(label), String(users), ...cells]);
			}
		}
		console.log(`\nClients that connect and subscribe: seconds until all are in (p99 of one); no plugin\n\n${table(
			['broker', 'clients', 'WebSockets, all at once', 'TCP, all at once', 'TCP, 100 at a time'], rows)}`);
	},

	async queue() {
		/** @type {string[][]} */
		const rows = [];
		for (const queued of [10, 100, 1000]) {
			await withBroker({ kind: 'chat', conf: [`max_queued_messages ${queued}`] }, async (side) => {
				const report = await drive(side, { mode: 'rate', ws: true, users: 2, rate: 10000, seconds: SIZES.seconds }, pid);
				rows.push([String(queued), short(perSecond(report)), String(report.whole.sent), String(2 * report.whole.sent - report.whole.echoed - report.whole.delivered)]);
			});
		}
		console.log(`\nTwo users in one chat, up to 64 messages of each on their way\n\n${table(
			['max_queued_messages', 'messages/s', 'sent', 'not delivered live'], rows)}`);
	},

	async files() {
		/** @type {string[][]} */
		const rows = [];
		for (const limit of [1024, 4096]) {
			const binary = join(dir, `mosquitto-${limit}`);
			writeFileSync(binary, `#!/bin/sh\nulimit -n ${limit}\nexec ${MOSQUITTO} "$@"\n`, { mode: 0o755 });
			await withBroker({ binary }, async (side) => {
				// 24 are the broker's own and to spare; the next ones do not get in.
				for (const users of [limit - 24, limit]) {
					const report = await drive(side, { mode: 'storm', ws: false, users, patience: 5 }, pid);
					rows.push([String(limit), String(users), String(report.ready)]);
				}
			});
		}
		console.log(`\nFiles (ulimit -n)\n\n${table(['files', 'clients', 'got in'], rows)}`);
	},

	async nodelay() {
		/** @type {string[][]} */
		const rows = [];
		for (const value of ['true', 'false']) {
			/** @type {string[]} */
			const cells = [];
			for (const ws of [false, true]) {
				await withBroker({ kind: 'chat', conf: [`set_tcp_nodelay ${value}`] }, async (side) => {
					const report = await drive(side, { mode: 'rate', ws, users: 100, rate: 200, seconds: SIZES.seconds }, pid);
					cells.push(`${short(report.echo_ms.p50)} / ${short(report.echo_ms.p99)}`);
				});
			}
			rows.push([value, ...cells]);
		}
		console.log(`\nRound trip p50 / p99 in ms, 200 messages/s, with the plugin\n\n${table(['set_tcp_nodelay', 'TCP', 'WebSockets'], rows)}`);
	},

	async log() {
		/** @type {string[][]} */
		const rows = [];
		for (const lines of [[], ['log_type all']]) {
			await withBroker({ kind: 'chat', conf: lines }, async (side) => {
				const report = await drive(side, { mode: 'closed', ws: true, users: 1000, seconds: SIZES.seconds }, pid);
				rows.push([lines[0] ?? 'as in the example conf', short(perSecond(report)), short(threadUs(report))]);
			});
		}
		console.log(`\nLogging, 1,000 users, with the plugin\n\n${table(['log_type', 'messages/s', 'thread µs/message'], rows)}`);
	},
};

try {
	for (const name of options.only.split(',')) {
		await chapters[name]();
	}
} finally {
	await cluster.stop('fast');
}
