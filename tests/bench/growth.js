// How cost grows with what is stored and with who is connected.  Started by `tests/bench/growth`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../stack/folder.js';
import { pause } from '../stack/wait.js';
import { fillChats, fillUnread, settle } from './fill.js';
import { drive, perSecond, threadUs } from './loadgen.js';
import { median, short, table } from './numbers.js';
import { filesOf, startPostgres, startSide } from './servers.js';

const { values: options } = parseArgs({
	options: {
		quick: { type: 'boolean', default: false },
		only: { type: 'string', default: 'rows,chat,unread,lists,clients' },
		binary: { type: 'string' },
		out: { type: 'string', default: fileURLToPath(new URL('../../build/bench', import.meta.url)) },
	},
});

const SIZES = options.quick
	? { rows: [0, 100000], chat: [10, 1000, 100000], unread: [1, 100, 1000], lists: [10, 1000], clients: [100, 1000], repeats: 1, seconds: 2 }
	: { rows: [0, 1000000, 10000000], chat: [10, 1000, 100000, 1000000], unread: [1, 100, 1000, 10000], lists: [10, 1000, 10000], clients: [100, 1000, 5000, 10000], repeats: 3, seconds: 4 };

/** Ids far from each other, so that nothing that one chapter leaves is in the way of another. */
const IDS = { load: 1, rows: 10000001, chat: 40000001, unread: 50000001, lists: 55000001, peers: 60000001, idle: 70000001 };

const postgresUs = (/** @type {any} */ r) => r.procs.postgres.cpu_s * 1e6 / r.window.echoed;

/** @typedef {{ cluster: import('../stack/cluster.js').Cluster, pid: number, chat: import('./servers.js').Side, plain: import('./servers.js').Side }} Stage */

/**
 * The same load several times.
 * @param {Stage} stage
 * @param {import('./servers.js').Side} side
 * @param {import('./loadgen.js').Load} load
 */
async function repeat(stage, side, load) {
	/** @type {any[]} */
	const reports = [];
	for (let i = 0; i < SIZES.repeats; i++) {
		const report = await drive(side, { seconds: SIZES.seconds, ...load }, stage.pid);
		const bad = Object.entries(report.faults).filter(([, count]) => count !== 0);
		if (bad.length > 0 || report.ready !== report.users) {
			throw new Error(`faults under ${JSON.stringify(load)}: ${JSON.stringify(report.faults)}`);
		}
		reports.push(report);
	}
	return (/** @type {(report: any) => number} */ of) => median(reports.map(of));
}

/**
 * How long chat.chats() takes in a session like the plugin's.
 * @param {import('../stack/cluster.js').Cluster} cluster
 * @param {number} user
 * @returns {Promise<number[]>} ms, medians: of the first page, of a later one
 */
async function timeLists(cluster, user) {
	const [[first, later]] = await cluster.query(`
		\\o /dev/null
		set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_bitmapscan = off;
		set enable_hashjoin = off; set enable_mergejoin = off;
		create function pg_temp.ms(after text) returns float8 language plpgsql as $$
		declare
			begun timestamptz := clock_timestamp();
		begin
			perform from chat.chats(array['${user}'], array[50], array[after]);
			return extract(epoch from clock_timestamp() - begun) * 1000;
		end $$;
		select pg_temp.ms(null) from generate_series(1, 5);
		\\o
		select percentile_cont(0.5) within group (order by pg_temp.ms(null)),
			percentile_cont(0.5) within group (order by pg_temp.ms((select max(next) from chat.chats(
				array['${user}'], array[50], array[null]) where next is not null)))
		from generate_series(1, 21)`);
	return [Number(first), Number(later)];
}

const CHAPTERS = {
	rows: {
		title: 'Rows stored (in chats of 100 messages that nobody is in)',
		head: ['rows', 'messages/s, 1,000 users', 'thread µs/message', 'PostgreSQL µs/message', 'round trip at 200/s, ms', '1,000 clients in, s'],
		async run(/** @type {Stage} */ stage) {
			const rows = [];
			let there = 0;
			for (const wanted of SIZES.rows) {
				if (wanted > there) {
					await fillChats(stage.cluster, { first: IDS.rows + there / 50, rooms: (wanted - there) / 100, each: 100 });
					there = wanted;
				}
				await settle(stage.cluster);
				const closed = await repeat(stage, stage.chat, { mode: 'closed', ws: true, users: 1000, first: IDS.load });
				const slow = await repeat(stage, stage.chat, { mode: 'rate', ws: true, users: 100, rate: 200, first: IDS.load });
				const storm = await repeat(stage, stage.chat, { mode: 'storm', ws: true, users: 1000, atOnce: 0, first: IDS.rows });
				rows.push([wanted, closed(perSecond), closed(threadUs), closed(postgresUs), slow((r) => r.echo_ms.p50), storm((r) => r.ready_s)]);
			}
			return rows;
		},
	},
	chat: {
		title: 'Messages in the chat',
		head: ['messages', 'round trip, ms (2 users, 1 outstanding each)', 'PostgreSQL µs/message', 'connect until history is in, ms'],
		async run(/** @type {Stage} */ stage) {
			const rows = [];
			for (const [i, each] of SIZES.chat.entries()) {
				const first = IDS.chat + 2 * i;
				await fillChats(stage.cluster, { first, rooms: 1, each });
				await settle(stage.cluster);
				const closed = await repeat(stage, stage.chat, { mode: 'closed', ws: false, users: 2, first });
				rows.push([each, closed((r) => r.echo_ms.p50), closed(postgresUs), closed((r) => r.connect_ms.p50)]);
			}
			return rows;
		},
	},
	unread: {
		title: 'Unread chats of the user',
		head: ['unread chats', 'connect until unread is in, ms', 'PostgreSQL ms for that', 'round trip, ms (2 users)'],
		async run(/** @type {Stage} */ stage) {
			const rows = [];
			for (const [i, chats] of SIZES.unread.entries()) {
				const user = IDS.unread + 2 * i;
				await fillUnread(stage.cluster, { user, peers: IDS.peers, chats });
				await settle(stage.cluster);
				const closed = await repeat(stage, stage.chat, { mode: 'closed', ws: false, users: 2, first: user });
				rows.push([chats, closed((r) => r.connect_ms.max), closed((r) => r.procs.postgres.connect_cpu_s * 1000), closed((r) => r.echo_ms.p50)]);
			}
			return rows;
		},
	},
	lists: {
		title: 'Conversations of the user, a page of 50 (`chats`)',
		head: ['conversations', 'PostgreSQL ms for the first page', 'for a later page'],
		async run(/** @type {Stage} */ stage) {
			const rows = [];
			for (const [i, chats] of SIZES.lists.entries()) {
				const user = IDS.lists + 2 * i;
				await fillUnread(stage.cluster, { user, peers: IDS.peers, chats });
				await settle(stage.cluster);
				rows.push([chats, ...await timeLists(stage.cluster, user)]);
			}
			return rows;
		},
	},
	clients: {
		title: 'Connected clients (100 users speak, the others are idle)',
		head: ['clients', 'plain messages/s', 'plugin messages/s', 'ratio', 'plain thread µs/message', 'plugin thread µs/message', 'plain messages/s, TCP', 'plugin messages/s, TCP'],
		async run(/** @type {Stage} */ stage) {
			const rows = [];
			for (const clients of SIZES.clients) {
				/** @type {Record<string, (of: (report: any) => number) => number>} */
				const by = {};
				for (const side of [stage.plain, stage.chat]) {
					const files = filesOf(side.broker.pid);
					if (files < clients + 200) {
						throw new Error(`${clients} clients need more files than the broker's ${files}: raise ulimit -n`);
					}
					for (const ws of [true, false]) {
						const seconds = 8 + SIZES.repeats * (SIZES.seconds + 7);
						const idle = clients > 100
							? drive(side, { mode: 'idle', ws, users: clients - 100, first: IDS.idle, seconds, atOnce: 100 }, stage.pid)
							: Promise.resolve();
						await pause(clients > 100 ? 5000 : 0);
						by[side.kind + ws] = await repeat(stage, side, { mode: 'closed', ws, users: 100, first: IDS.load });
						await idle;
					}
				}
				rows.push([clients, by.plaintrue(perSecond), by.chattrue(perSecond), by.chattrue(perSecond) / by.plaintrue(perSecond),
					by.plaintrue(threadUs), by.chattrue(threadUs), by.plainfalse(perSecond), by.chatfalse(perSecond)]);
			}
			return rows;
		},
	},
};

const dir = scratchFolder('growth');
const { cluster, pid } = await startPostgres(dir);
/** @type {Record<string, { head: string[], rows: number[][] }>} */
const results = {};
try {
	const stage = {
		cluster, pid,
		plain: await startSide({ dir, kind: 'plain', binary: options.binary }),
		chat: await startSide({ dir, kind: 'chat', cluster, binary: options.binary }),
	};
	for (const name of /** @type {(keyof typeof CHAPTERS)[]} */ (options.only.split(','))) {
		const { title, head, run } = CHAPTERS[name];
		const rows = await run(stage);
		results[name] = { head, rows };
		console.log(`\n${title}\n\n${table(head, rows.map(([size, ...figures]) => [size.toLocaleString('en'), ...figures.map(short)]))}`);
	}
	await stage.plain.broker.stop();
	await stage.chat.broker.stop();
} finally {
	await cluster.stop('fast');
}
mkdirSync(options.out, { recursive: true });
writeFileSync(join(options.out, 'growth.json'), `${JSON.stringify(results, null, '\t')}\n`);
