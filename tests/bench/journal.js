// What the journal costs with each `journal_sync`, beside a broker that keeps none and one that stores
// nothing.  Started by `tests/bench/journal`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../stack/folder.js';
import { drive, perSecond, processUs, threadUs } from './loadgen.js';
import { median, summary, table, withSpread } from './numbers.js';
import { startPostgres, startSide } from './servers.js';

const { values: options } = parseArgs({
	options: {
		quick: { type: 'boolean', default: false },
		sync: { type: 'string', default: '1000,100,10,1,0' },
		binary: { type: 'string' },
		out: { type: 'string', default: fileURLToPath(new URL('../../build/bench', import.meta.url)) },
	},
});

const SIZE = options.quick ? { rounds: 1, seconds: 2 } : { rounds: 3, seconds: 4 };

/** @type {{ name: string, title: string, load: import('./loadgen.js').Load, figures: [string, (report: any) => number][] }[]} */
const LOADS = [
	...[true, false].map((ws) => ({
		name: `closed-${ws ? 'ws' : 'tcp'}`,
		title: `1,000 users, each with one message outstanding, ${ws ? 'WebSockets' : 'TCP'}`,
		load: /** @type {const} */ ({ mode: 'closed', ws, users: 1000, seconds: SIZE.seconds }),
		figures: /** @type {[string, (report: any) => number][]} */ ([
			['messages/s', perSecond], ['thread µs/message', threadUs], ['process µs/message', processUs],
		]),
	})),
	{
		name: 'rate-ws',
		title: '1,000 messages a second in all, WebSockets',
		load: { mode: 'rate', ws: true, users: 100, rate: 1000, seconds: SIZE.seconds },
		figures: [['round trip p50, ms', (r) => r.echo_ms.p50], ['p99, ms', (r) => r.echo_ms.p99], ['p99.9, ms', (r) => r.echo_ms.p999]],
	},
];

const dir = scratchFolder('journal');
const { cluster, pid } = await startPostgres(dir);
/** @type {[string, import('./servers.js').Side][]} */
const sides = [];
/** @type {Record<string, Record<string, any>>} */
const results = {};
try {
	sides.push(['Mosquitto alone', await startSide({ dir, kind: 'plain', binary: options.binary })]);
	sides.push(['no journal', await startSide({ dir, kind: 'chat', cluster, binary: options.binary })]);
	for (const sync of options.sync.split(',')) {
		sides.push([`journal_sync ${sync}`, await startSide({
			dir: join(dir, `sync-${sync}`), kind: 'chat', cluster, binary: options.binary, journal: sync,
		})]);
	}
	for (const { name, title, load, figures } of LOADS) {
		/** @type {any[][]} */
		const reports = sides.map(() => []);
		for (let round = 0; round < SIZE.rounds; round++) {
			for (const [i, [, side]] of sides.entries()) {
				const report = await drive(side, load, pid);
				const bad = Object.entries(report.faults).filter(([, count]) => count !== 0);
				if (bad.length > 0 || report.ready !== report.users) {
					throw new Error(`faults under ${name}, ${sides[i][0]}: ${JSON.stringify(report.faults)}`);
				}
				reports[i].push(report);
			}
		}
		const plain = median(reports[0].map(figures[0][1]));
		const rows = sides.map(([label], i) => {
			const first = median(reports[i].map(figures[0][1]));
			return [label, ...figures.map(([, of]) => withSpread(summary(reports[i].map(of)))), (first / plain).toFixed(2)];
		});
		console.log(`\n${title}\n\n${table(['', ...figures.map(([figure]) => figure), `${figures[0][0]}, next to Mosquitto alone`], rows)}`);
		results[name] = Object.fromEntries(sides.map(([label], i) => [label, reports[i]]));
	}
} finally {
	for (const [, { broker }] of sides) {
		await broker.stop();
	}
	await cluster.stop('fast');
}
mkdirSync(options.out, { recursive: true });
writeFileSync(join(options.out, 'journal.json'), `${JSON.stringify(results, null, '\t')}\n`);
