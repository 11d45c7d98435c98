// Several brokers that share a database, next to one that is alone, in turns and all on this machine: what the
// exchange costs, and what it takes. Started by `tests/bench/cluster`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../stack/folder.js';
import { until } from '../stack/wait.js';
import { drive, faultsOf, perSecond } from './loadgen.js';
import { short, summary, table, withSpread } from './numbers.js';
import { startPostgres, startSide } from './servers.js';
import { installPeers, startSocketIo } from './socketio.js';

const { values: options } = parseArgs({
	options: {
		rounds: { type: 'string', default: '3' },
		seconds: { type: 'string', default: '5' },
		nodes: { type: 'string', default: '1,2,4' },
		users: { type: 'string', default: '400' },
		rates: { type: 'string', default: '200,1000' },
		pace: { type: 'string', default: '2' },
		peers: { type: 'boolean', default: false },
		out: { type: 'string', default: fileURLToPath(new URL('../../build/bench', import.meta.url)) },
	},
});
const numbers = (/** @type {string} */ list) => list.split(',').map(Number);
const seconds = Number(options.seconds);

/** How many servers of Socket.IO. */
const PEERS = 2;

/** A side of the comparison. @typedef {{ title: string, brokers: number, tied: boolean, peer?: boolean }} Setup */

/** @type {Setup[]} */
const SETUPS = [
	{ title: 'one, alone', brokers: 1, tied: false },
	...numbers(options.nodes).map((brokers) => ({ title: brokers === 1 ? '1 with cluster' : `${brokers} brokers`, brokers, tied: true })),
	...options.peers ? [{ title: `Socket.IO, ${PEERS} servers`, brokers: PEERS, tied: true, peer: true }] : [],
];

/** CPU of all brokers, or of the thread that does the work in each. @param {any} report @param {boolean} thread */
function brokerUs(report, thread) {
	let cpu = 0;
	for (const [name, proc] of Object.entries(report.procs)) {
		if (name.startsWith('broker')) {
			cpu += thread ? proc.threads.find((/** @type {any} */ it) => it.main).cpu_s : proc.cpu_s;
		}
	}
	return cpu * 1e6 / report.window.echoed;
}

const postgresUs = (/** @type {any} */ report) => report.procs.postgres.cpu_s * 1e6 / report.window.echoed;

/** @typedef {{ name: string, of: (report: any) => number, as: 'ratio' | 'difference' }} Figure */

/** @type {Figure[]} */
const LATENCIES = [
	{ name: 'own echo p50, ms', of: (r) => r.echo_ms.p50, as: 'difference' },
	{ name: 'own echo p95, ms', of: (r) => r.echo_ms.p95, as: 'difference' },
	{ name: 'to the peer p50, ms', of: (r) => r.peer_ms.p50, as: 'difference' },
	{ name: 'to the peer p95, ms', of: (r) => r.peer_ms.p95, as: 'difference' },
];
/** @type {Figure[]} */
const COSTS = [
	{ name: 'brokers\' threads, µs a message', of: (r) => brokerUs(r, true), as: 'ratio' },
	{ name: 'brokers\' processes, µs a message', of: (r) => brokerUs(r, false), as: 'ratio' },
	{ name: 'PostgreSQL, µs a message', of: postgresUs, as: 'ratio' },
];

const CASES = [
	{
		title: `${options.users} users, saturated`,
		load: { mode: /** @type {const} */ ('closed'), ws: options.peers, users: Number(options.users), seconds, warm: 1 },
		figures: [{ name: 'messages/s', of: perSecond, as: /** @type {const} */ ('ratio') }, ...COSTS],
	},
	...numbers(options.rates).map((rate) => ({
		title: `${rate} messages/s`,
		load: { mode: /** @type {const} */ ('rate'), ws: options.peers, users: 100, rate, seconds, warm: 1 },
		figures: [...LATENCIES, ...COSTS],
	})),
];

/**
 * @param {import('../stack/cluster.js').Cluster} cluster
 * @param {string} dir whose last part is of this group alone
 * @param {Setup} setup
 * @returns {Promise<import('./servers.js').Side>}
 */
async function startGroup(cluster, dir, { brokers: count, tied, peer }) {
	const group = basename(dir);
	const sides = [];
	for (let n = 0; n < count; n++) {
		const options_ = tied ? { cluster: 'true', cluster_name: `${group}/${n}`, cluster_pace: options.pace } : {};
		sides.push(peer ? await startSocketIo(cluster, { workers: 1, shared: true })
			: await startSide({ dir: join(dir, String(n)), kind: 'chat', cluster, options: options_ }));
	}
	if (tied && !peer) {
		await until('all brokers to be in', async () => {
			const [[nodes]] = await cluster.query(`select count(*) from chat.nodes where name like '${group}/%' and gone_at is null`);
			return Number(nodes) === count;
		}, { every: 200, timeout: 60000 });
	}
	const [{ kind, broker }, ...others] = sides;
	return { kind, broker, others: others.map((it) => it.broker) };
}

async function main() {
	const dir = scratchFolder('bench');
	const { cluster, pid } = await startPostgres(dir, { max_connections: 100 });
	/** Reports by case and side. @type {Map<string, any[]>} */
	const found = new Map();
	/** @type {string[]} */
	const faults = [];
	/** What the peer promises less of. @type {string[]} */
	const peerFaults = [];
	/** @type {number[]} */
	const others = [];
	const rows = async () => Number((await cluster.query('select count(*) from chat.messages'))[0][0]);
	try {
		if (options.peers) {
			await installPeers();
		}
		for (let round = 1; round <= Number(options.rounds); round++) {
			for (const [number, setup] of SETUPS.entries()) {
				const side = await startGroup(cluster, join(dir, `${round}-${number}`), setup);
				for (const { title, load, figures } of CASES) {
					const before = await rows();
					const report = await drive(side, load, pid);
					const key = `${title}/${setup.title}`;
					found.set(key, [...found.get(key) ?? [], report]);
					others.push(report.others_cores);
					const stored = setup.peer ? null : await rows() - before;
					const wrong = faultsOf(report, stored).map((fault) => `${title}, ${setup.title}, round ${round}: ${fault}`);
					(setup.peer ? peerFaults : faults).push(...wrong);
					process.stderr.write(`${round}: ${setup.title}, ${title}: ${figures.map((it) => `${it.name} ${short(it.of(report))}`).join('; ')}; others ${report.others_cores} cores\n`);
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
		const values = SETUPS.map((setup) => (found.get(`${title}/${setup.title}`) ?? []).map(figure.of));
		const alone = values[0];
		return {
			title, name: figure.name, as: figure.as,
			sides: values.map((of) => ({
				value: summary(of),
				compared: summary(of.map((it, round) => (figure.as === 'ratio' ? it / alone[round] : it - alone[round]))),
			})),
		};
	}));
	console.log(table(['load', 'figure', ...SETUPS.map((it) => it.title)], results.map(({ title, name, as, sides }) => [
		title, name, ...sides.map(({ value, compared }, i) => (i === 0 ? withSpread(value)
			: `${short(value.median)}, ${as === 'ratio' ? '×' : compared.median < 0 ? '−' : '+'} ${withSpread(as === 'ratio' ? compared : absolute(compared))}`)),
	])));
	console.log(`\nMedians of ${options.rounds} rounds, least and most in parentheses. The rest of the machine was busy with ${short(summary(others).median)} cores.`);
	console.log(faults.length ? `\nWRONG:\n${faults.join('\n')}` : '\nLost, duplicated, out of order: 0. Stored = sent = echoed = delivered to the peer.');
	if (options.peers) {
		console.log(`\nSocket.IO, in its own way:\n${peerFaults.join('\n')}`);
	}
	mkdirSync(options.out, { recursive: true });
	writeFileSync(join(options.out, 'cluster.json'), `${JSON.stringify({ faults, peerFaults, results }, null, '\t')}\n`);
	process.exitCode = faults.length ? 1 : 0;
}

/** The sign stands before it. @param {{ median: number, min: number, max: number }} of */
function absolute({ median, min, max }) {
	return median < 0 ? { median: -median, min: -max, max: -min } : { median, min, max };
}

await main();
