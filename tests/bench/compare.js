// Everything side by side in one run, in turns: Mosquitto alone, with the plugin, with a journal, further versions
// of Mosquitto, and with --peers Socket.IO.  Started by `tests/bench/compare`; see README.md.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../stack/folder.js';
import { drive, perSecond, processUs } from './loadgen.js';
import { median, short, summary, table, withSpread } from './numbers.js';
import { commitMs, startPostgres, startSide } from './servers.js';
import { installPeers, startSocketIo } from './socketio.js';

const { values: options } = parseArgs({
	options: {
		rounds: { type: 'string', default: '3' },
		seconds: { type: 'string', default: '2.5' },
		only: { type: 'string' },
		binary: { type: 'string', multiple: true, default: [] },
		journal: { type: 'string', default: '10' },
		peers: { type: 'boolean', default: false },
		out: { type: 'string', default: fileURLToPath(new URL('../../build/bench', import.meta.url)) },
	},
});

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} [next] whom it is compared with
 * @property {import('./servers.js').Side} side
 * @property {(load: any) => boolean} takes whether it takes part in this
 */

/** What a user feels, and what a machine bears. */
const LOADS = [
	...[true, false].flatMap((ws) => [200, 1000, 4000].map((rate) => ({
		name: `rate-${ws ? 'ws' : 'tcp'}-${rate}`, title: `${rate.toLocaleString('en')} messages/s over ${ws ? 'WebSockets' : 'TCP'}`,
		load: /** @type {import('./loadgen.js').Load} */ ({ mode: 'rate', ws, users: 100, rate }),
	}))),
	...[true, false].flatMap((ws) => [1000, 100].map((users) => ({
		name: `closed-${ws ? 'ws' : 'tcp'}-${users}`, title: `${users.toLocaleString('en')} users, one message outstanding each, ${ws ? 'WebSockets' : 'TCP'}`,
		load: /** @type {import('./loadgen.js').Load} */ ({ mode: 'closed', ws, users }),
	}))),
];

/** Least part of plain's messages a second: over TCP and WebSockets, for 1,000 and 100 users, on 2 cores and more. */
const SPEED = /** @type {Record<string, number[]>} */ ({
	'closed-tcp-1000': [0.75, 0.8], 'closed-tcp-100': [0.6, 0.65], 'closed-ws-1000': [0.6, 0.8], 'closed-ws-100': [0.55, 0.65],
});
const CORES = availableParallelism();

/** @param {string} text */
function say(text) {
	process.stderr.write(`${text}\n`);
}

/** CPU of PostgreSQL for a message, µs. @param {any} report */
function postgresUs(report) {
	return (report.procs.postgres?.cpu_s ?? 0) * 1e6 / report.window.echoed;
}

/** @param {any} report */
function bothUs(report) {
	return processUs(report) + postgresUs(report);
}

/** @param {string} dir @param {import('../stack/cluster.js').Cluster} cluster */
async function startAll(dir, cluster) {
	/** @type {Contender[]} */
	const all = [];
	const versions = [['', undefined], ...options.binary.map((it) => it.split('='))];
	for (const [version, binary] of versions) {
		const label = version ? ` ${version}` : '';
		const folder = join(dir, `broker${version}`);
		const plain = `plain${label}`;
		all.push({ name: plain, side: await startSide({ dir: folder, kind: 'plain', binary }), takes: () => true });
		all.push({ name: `plugin${label}`, next: plain, side: await startSide({ dir: folder, kind: 'chat', cluster, binary }), takes: () => true });
	}
	all.push({
		name: 'plugin with a journal', next: 'plain', takes: ({ mode, users }) => mode === 'closed' && users >= 1000,
		side: await startSide({ dir: join(dir, 'journal'), kind: 'chat', cluster, journal: options.journal }),
	});
	if (options.peers) {
		await installPeers();
		all.push({ name: 'Socket.IO and pg', next: 'plain', takes: ({ ws }) => ws, side: await startSocketIo(cluster, { workers: CORES }) });
	}
	return all;
}

/** What must be zero. Socket.IO's workers may send two messages of a chat in another order than they are stored. @param {any} report */
function faultsOf(report) {
	return Object.entries(report.faults).filter(([, count]) => count !== 0).map(([name, count]) => `${name}: ${count}`);
}

/**
 * @param {typeof LOADS[number]} it
 * @param {Contender[]} contenders
 * @param {number} postgres
 * @param {string[]} faults
 */
async function measure(it, contenders, postgres, faults) {
	/** @type {Record<string, any[]>} */
	const reports = {};
	for (let round = 1; round <= Number(options.rounds); round++) {
		// Forth and back, so that nobody always follows the same one.
		for (const { name, side } of round % 2 ? contenders : [...contenders].reverse()) {
			const report = await drive(side, { ...it.load, seconds: Number(options.seconds), warm: 0.5 }, postgres);
			(reports[name] ??= []).push(report);
			faults.push(...faultsOf(report).map((fault) => `${it.name}, ${name}, round ${round}: ${fault}`));
			say(`${it.name} ${round}/${options.rounds} ${name.padEnd(22)} ${short(perSecond(report))}/s, p50 ${short(report.echo_ms.p50)}, `
				+ `p99 ${short(report.echo_ms.p99)} ms; others ${report.others_cores} cores`);
		}
	}
	return reports;
}

/** @param {any[]} reports @param {(report: any) => number} of */
const figure = (reports, of) => withSpread(summary(reports.map(of)));
/** @param {any[]} reports @param {(report: any) => number} of */
const middle = (reports, of) => median(reports.map(of));

const p50 = (/** @type {any} */ report) => report.echo_ms.p50;
const p99 = (/** @type {any} */ report) => report.echo_ms.p99;

/** @param {Contender[]} contenders @param {Record<string, any[]>} reports */
function rows(contenders, reports) {
	return contenders.map(({ name, next, side }) => {
		const of = reports[name];
		const ratio = next ? (middle(of, perSecond) / middle(reports[next], perSecond)).toFixed(2) : '';
		return [name, figure(of, perSecond), ratio, figure(of, p50), figure(of, p99), figure(of, processUs),
			side.kind === 'plain' ? '–' : figure(of, postgresUs)];
	});
}

/**
 * The goals that this load has, as rows: what, how much, the goal, whether it is reached.
 * @param {typeof LOADS[number]} it
 * @param {Contender[]} contenders
 * @param {Record<string, any[]>} reports
 * @param {number} commit
 */
function goals(it, contenders, reports, commit) {
	/** @type {string[][]} */
	const found = [];
	const add = (/** @type {string} */ what, /** @type {number} */ is, /** @type {string} */ goal, /** @type {boolean} */ reached) =>
		found.push([it.name, what, short(is), goal, reached ? 'yes' : 'NO']);
	const socketio = reports['Socket.IO and pg'];
	for (const { name, next } of contenders.filter(({ side }) => side.kind === 'chat')) {
		const [own, plain] = [reports[name], reports[next ?? '']];
		const speed = middle(own, perSecond) / middle(plain, perSecond);
		if (name === 'plugin with a journal') {
			const beside = middle(own, perSecond) / middle(reports.plugin, perSecond);
			add('messages/s with a journal, next to none', beside, 'at least 0.9', beside >= 0.9);
		} else if (it.load.mode === 'rate') {
			const most = middle(plain, p50) + commit + 0.25;
			add(`${name}: p50, ms`, middle(own, p50), `plain + a commit + 0.25 = ${short(most)}`, middle(own, p50) <= most);
			add(`${name}: p99, ms`, middle(own, p99), 'under 3', middle(own, p99) < 3);
			if (socketio) {
				add(`${name}: p50, ms`, middle(own, p50), `Socket.IO's ${short(middle(socketio, p50))}`, middle(own, p50) <= middle(socketio, p50));
			}
		} else {
			const least = SPEED[it.name][CORES > 2 ? 1 : 0];
			add(`${name}: messages/s, next to plain`, speed, `at least ${least}`, speed >= least);
			if (it.load.users >= 1000) {
				const cpu = middle(own, bothUs) / middle(plain, processUs);
				add(`${name}: CPU of broker and PostgreSQL, next to plain's`, cpu, 'at most 2', cpu <= 2);
			}
		}
	}
	return found;
}

async function main() {
	const dir = scratchFolder('compare');
	const { cluster, pid } = await startPostgres(dir, { max_connections: 100 });
	/** @type {Contender[]} */
	let contenders = [];
	/** @type {any[]} */
	const results = [];
	/** @type {string[]} */
	const faults = [];
	/** @type {string[][]} */
	const reached = [];
	try {
		contenders = await startAll(dir, cluster);
		const wanted = options.only?.split(',');
		for (const it of LOADS.filter(({ name }) => !wanted || wanted.some((only) => name.startsWith(only)))) {
			const here = contenders.filter(({ takes }) => takes(it.load));
			const commit = await commitMs(cluster);
			const reports = await measure(it, here, pid, faults);
			reached.push(...goals(it, here, reports, commit));
			results.push({ ...it, commit, reports });
			console.log(`\n${it.title}; a commit ${short(commit)} ms\n\n${table(
				['', 'messages/s', 'next to plain', 'p50, ms', 'p99, ms', 'broker, µs/message', 'PostgreSQL, µs/message'], rows(here, reports))}`);
		}
	} finally {
		for (const { side } of contenders) {
			await side.broker.stop();
		}
		await cluster.stop('fast');
	}
	console.log(`\n${table(['load', 'what', 'is', 'goal', 'reached'], reached)}`);
	console.log(`\n${CORES} cores hold everything. Medians of ${options.rounds} rounds of ${options.seconds} s in turns, least and most in parentheses.`);
	console.log(faults.length ? `\nNot zero:\n${faults.join('\n')}` : '\nLost, duplicated, out of order: 0.');
	mkdirSync(options.out, { recursive: true });
	writeFileSync(join(options.out, 'compare.json'), `${JSON.stringify({ cores: CORES, faults, reached, results }, null, '\t')}\n`);
	process.exitCode = faults.some((fault) => !fault.includes('Socket.IO')) ? 1 : 0;
}

await main();
