// Several brokers that share a database, next to one that is alone, in turns and all on this machine: what the
// exchange costs, and what it takes. Started by `tests/bench/cluster`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../stack/folder.js';
import { until } from '../stack/wait.js';
import { drive, faultsOf, nameOf, perSecond } from './loadgen.js';
import { short, summary, table, withSpread } from './numbers.js';
import { startPostgres, startSide } from './servers.js';

const { values: options } = parseArgs({
	options: {
		rounds: { type: 'string', default: '3' },
		seconds: { type: 'string', default: '5' },
		nodes: { type: 'string', default: '1,2,4' },
		users: { type: 'string', default: '400' },
		rates: { type: 'string', default: '200,1000' },
		pace: { type: 'string', default: '2' },
		out: { type: 'string', default: fileURLToPath(new URL('../../build/bench', import.meta.url)) },
	},
});
const numbers = (/** @type {string} */ list) => list.split(',').map(Number);
const seconds = Number(options.seconds);

/** A side of the comparison: how many brokers; 0 stands for one that is alone. */
const SIDES = [0, ...numbers(options.nodes)];

/** @param {number} count */
const titleOf = (count) => (count === 0 ? 'one, alone' : count === 1 ? '1 with cluster' : `${count} brokers`);

/** CPU of all brokers, or of the thread that does the work in each. @param {any} report @param {number} count @param {boolean} thread */
function brokerUs(report, count, thread) {
	let cpu = 0;
	for (let n = 0; n < Math.max(count, 1); n++) {
		const proc = report.procs[nameOf(n)];
		cpu += thread ? proc.threads.find((/** @type {any} */ it) => it.main).cpu_s : proc.cpu_s;
	}
	return cpu * 1e6 / report.window.echoed;
}

const postgresUs = (/** @type {any} */ report) => report.procs.postgres.cpu_s * 1e6 / report.window.echoed;

/** @typedef {{ name: string, of: (report: any, count: number) => number, as: 'ratio' | 'difference' }} Figure */

/** @type {Figure[]} */
const LATENCIES = [
	{ name: 'own echo p50, ms', of: (r) => r.echo_ms.p50, as: 'difference' },
	{ name: 'own echo p95, ms', of: (r) => r.echo_ms.p95, as: 'difference' },
	{ name: 'to the peer p50, ms', of: (r) => r.peer_ms.p50, as: 'difference' },
	{ name: 'to the peer p95, ms', of: (r) => r.peer_ms.p95, as: 'difference' },
];
/** @type {Figure[]} */
const COSTS = [
	{ name: 'brokers\' threads, µs a message', of: (r, count) => brokerUs(r, count, true), as: 'ratio' },
	{ name: 'brokers\' processes, µs a message', of: (r, count) => brokerUs(r, count, false), as: 'ratio' },
	{ name: 'PostgreSQL, µs a message', of: postgresUs, as: 'ratio' },
];

const CASES = [
	{
		title: `${options.users} users, saturated`,
		load: { mode: /** @type {const} */ ('closed'), ws: false, users: Number(options.users), seconds, warm: 1 },
		figures: [{ name: 'messages/s', of: perSecond, as: /** @type {const} */ ('ratio') }, ...COSTS],
	},
	...numbers(options.rates).map((rate) => ({
		title: `${rate} messages/s`,
		load: { mode: /** @type {const} */ ('rate'), ws: false, users: 100, rate, seconds, warm: 1 },
		figures: [...LATENCIES, ...COSTS],
	})),
];

/**
 * @param {import('../stack/cluster.js').Cluster} cluster
 * @param {string} dir
 * @param {number} count
 * @returns {Promise<import('./servers.js').Side>}
 */
async function startNodes(cluster, dir, count) {
	const sides = [];
	const group = basename(dir);
	for (let n = 0; n < Math.max(count, 1); n++) {
		const tied = count > 0 ? { cluster: 'true', cluster_name: `${group}/${nameOf(n)}`, cluster_pace: options.pace } : {};
		sides.push(await startSide({ dir: join(dir, nameOf(n)), kind: 'chat', cluster, options: tied }));
	}
	await until('all brokers to be in', async () => {
		const [[nodes]] = await cluster.query(`select count(*) from chat.nodes where name like '${group}/%' and gone_at is null`);
		return Number(nodes) === count;
	}, { every: 200, timeout: 60000 });
	const [{ broker }, ...others] = sides;
	return { kind: 'chat', broker, others: others.map((it) => it.broker) };
}

async function main() {
	const dir = scratchFolder('bench');
	const { cluster, pid } = await startPostgres(dir, { max_connections: 100 });
	/** Reports by case and side. @type {Map<string, any[]>} */
	const found = new Map();
	/** @type {string[]} */
	const faults = [];
	/** @type {number[]} */
	const others = [];
	const rows = async () => Number((await cluster.query('select count(*) from chat.messages'))[0][0]);
	try {
		for (let round = 1; round <= Number(options.rounds); round++) {
			for (const count of SIDES) {
				const side = await startNodes(cluster, join(dir, `${round}-${count}`), count);
				for (const { title, load, figures } of CASES) {
					const before = await rows();
					const report = await drive(side, load, pid);
					const key = `${title}/${count}`;
					found.set(key, [...found.get(key) ?? [], report]);
					others.push(report.others_cores);
					faults.push(...faultsOf(report, await rows() - before).map((fault) => `${title}, ${titleOf(count)}, round ${round}: ${fault}`));
					process.stderr.write(`${round}: ${titleOf(count)}, ${title}: ${figures.map((it) => `${it.name} ${short(it.of(report, count))}`).join('; ')}; others ${report.others_cores} cores\n`);
				}
				for (const broker of [side.broker, ...side.others ?? []]) {
					await broker.stop();
				}
			}
		}
	} finally {
		await cluster.stop('fast');
	}

	const results = CASES.flatMap(({ title, figures }) => figures.map((figure) => {
		const values = SIDES.map((count) => (found.get(`${title}/${count}`) ?? []).map((report) => figure.of(report, count)));
		const alone = values[0];
		return {
			title, name: figure.name, as: figure.as,
			sides: values.map((of) => ({
				value: summary(of),
				compared: summary(of.map((it, round) => (figure.as === 'ratio' ? it / alone[round] : it - alone[round]))),
			})),
		};
	}));
	console.log(table(['load', 'figure', ...SIDES.map(titleOf)], results.map(({ title, name, as, sides }) => [
		title, name, ...sides.map(({ value, compared }, i) => (i === 0 ? withSpread(value)
			: `${short(value.median)}, ${as === 'ratio' ? '×' : compared.median < 0 ? '−' : '+'} ${withSpread(as === 'ratio' ? compared : absolute(compared))}`)),
	])));
	console.log(`\nMedians of ${options.rounds} rounds, least and most in parentheses. The rest of the machine was busy with ${short(summary(others).median)} cores.`);
	console.log(faults.length ? `\nWRONG:\n${faults.join('\n')}` : '\nLost, duplicated, out of order: 0. Stored = sent = echoed = delivered to the peer.');
	mkdirSync(options.out, { recursive: true });
	writeFileSync(join(options.out, 'cluster.json'), `${JSON.stringify({ faults, results }, null, '\t')}\n`);
	process.exitCode = faults.length ? 1 : 0;
}

/** The sign stands before it. @param {{ median: number, min: number, max: number }} of */
function absolute({ median, min, max }) {
	return median < 0 ? { median: -median, min: -max, max: -min } : { median, min, max };
}

await main();
