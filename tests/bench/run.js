// The benchmark: the same load on a broker without the plugin and with it, in turns.
// Started by `tests/bench/run`; options there and in README.md.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../stack/folder.js';
import { cases } from './cases.js';
import { chart } from './chart.js';
import { clearReactions } from './fill.js';
import { drive, faultsOf } from './loadgen.js';
import { median, short, summary, table, withSpread } from './numbers.js';
import { commitMs, filesOf, startPostgres, startSide } from './servers.js';

/** Beyond this the machine was busy with something else, and figures are worth little. */
const DISTURBED_CORES = 0.3;

const SIZES = {
	full: { rounds: 5, seconds: 5, warm: 1.5, storm: 10000, idle: 1000, users: [100, 1000] },
	quick: { rounds: 1, seconds: 2, warm: 0.5, storm: 1000, idle: 1000, users: [100, 1000] },
	smoke: { rounds: 1, seconds: 0.5, warm: 0.1, storm: 40, idle: 20, users: [20] },
};

const { values: options } = parseArgs({
	options: {
		quick: { type: 'boolean', default: false },
		smoke: { type: 'boolean', default: false },
		rounds: { type: 'string' },
		seconds: { type: 'string' },
		only: { type: 'string' },
		binary: { type: 'string' },
		journal: { type: 'string' },
		out: { type: 'string', default: fileURLToPath(new URL('../../build/bench', import.meta.url)) },
	},
});

/** @param {string} text */
function say(text) {
	process.stderr.write(`${text}\n`);
}

/** What the table is about. */
function machine() {
	const first = (/** @type {string} */ command, /** @type {string[]} */ args) => {
		try {
			return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0].trim();
		} catch (error) {
			// mosquitto -h ends with a status of its own.
			return String(/** @type {any} */ (error).stdout ?? '').split('\n')[0].trim();
		}
	};
	return {
		date: new Date().toISOString(),
		commit: first('git', ['describe', '--always', '--dirty', '--abbrev=10']),
		mosquitto: first(options.binary ?? process.env.CHAT_MOSQUITTO ?? '/usr/sbin/mosquitto', ['-h']),
		journal_sync: options.journal ?? null,
		cores: cpus().length,
		cpu: cpus()[0].model.trim(),
		kernel: release(),
	};
}

/** The servers of one benchmark: one PostgreSQL, and both brokers, again and again where that is asked for. */
async function openStage() {
	const dir = scratchFolder('bench');
	const { cluster, pid } = await startPostgres(dir);
	let number = 0;
	/** @type {import('./servers.js').Side[]} */
	let sides = [];
	async function stop() {
		const ending = sides;
		sides = [];
		for (const { broker } of ending) {
			await broker.stop();
		}
	}
	return {
		cluster,
		postgres: pid,
		stop,
		async close() {
			await stop();
			await cluster.stop('fast');
		},
		/** Both brokers; new ones where `fresh`. */
		async sides(/** @type {boolean} */ fresh) {
			if (fresh || sides.length === 0) {
				await stop();
				const folder = join(dir, String(++number));
				for (const kind of /** @type {const} */ (['plain', 'chat'])) {
					sides.push(await startSide({ dir: folder, kind, cluster, binary: options.binary, journal: options.journal }));
				}
			}
			return sides;
		},
		/** How much was stored of what this load brings. */
		async stored(/** @type {import('./loadgen.js').Load} */ load) {
			const [[count]] = await cluster.query(load.react
				? 'select coalesce(sum(last_change), 0) from chat.conversations' : 'select count(*) from chat.messages');
			return Number(count);
		},
	};
}

/**
 * @param {Awaited<ReturnType<typeof openStage>>} stage
 * @param {import('./cases.js').Case} it
 * @param {number} rounds
 */
async function measure(stage, it, rounds) {
	/** @type {{ plain: any[], chat: any[], faults: string[] }} */
	const found = { plain: [], chat: [], faults: [] };
	for (let round = 1; round <= rounds; round++) {
		for (const side of await stage.sides(Boolean(it.fresh))) {
			const files = filesOf(side.broker.pid);
			if (files < it.load.users + 64) {
				throw new Error(`${it.name} needs more files than the broker's ${files}: raise ulimit -n`);
			}
			if (it.load.react) {
				await clearReactions(stage.cluster, { first: it.load.first ?? 1, users: it.load.users });
			}
			const before = side.kind === 'chat' ? await stage.stored(it.load) : 0;
			const report = await drive(side, it.load, stage.postgres);
			const stored = side.kind === 'chat' ? await stage.stored(it.load) - before : null;
			found[side.kind].push({ ...report, stored });
			found.faults.push(...faultsOf(report, stored).map((fault) => `${it.name}, ${side.kind}, round ${round}: ${fault}`));
			say(`${it.name} ${round}/${rounds} ${side.kind.padEnd(5)} ${it.figures.map((figure) => `${figure.name} ${short(figure.of(report))}`).join(', ')}`
				+ `${report.seconds > 0 ? `; generator ${report.own_load.map((/** @type {number} */ l) => `${Math.round(l * 100)}%`).join(' ')}, others ${report.others_cores} cores` : ''}`);
		}
	}
	return found;
}

/**
 * @param {import('./cases.js').Figure} figure
 * @param {{ plain: any[], chat: any[] }} found
 * @param {import('./cases.js').Facts} facts
 */
function compare(figure, found, facts) {
	const plain = found.plain.map(figure.of);
	const chat = found.chat.map(figure.of);
	const pairs = chat.map((value, i) => (figure.as === 'ratio' ? value / plain[i] : figure.as === 'difference' ? value - plain[i] : value));
	const compared = summary(pairs);
	return {
		name: figure.name, unit: figure.unit, as: figure.as, goal: figure.goal ?? null,
		plain: summary(plain), chat: summary(chat), compared,
		reached: figure.good ? figure.good(compared.median, facts) : null,
	};
}

async function main() {
	const kind = options.smoke ? 'smoke' : options.quick ? 'quick' : 'full';
	const size = { ...SIZES[kind] };
	size.rounds = Number(options.rounds ?? size.rounds);
	size.seconds = Number(options.seconds ?? size.seconds);
	// Without times there is nothing to learn from clients that only connect.
	const wanted = options.only?.split(',') ?? (options.smoke ? ['closed', 'react', 'rate', 'storm'] : undefined);
	const chosen = cases(size).filter(({ name }) => !wanted || wanted.some((it) => name.startsWith(it)));
	const about = machine();
	say(`${about.mosquitto}; ${about.cores} cores of ${about.cpu}; ${size.rounds} rounds`);

	const stage = await openStage();
	/** @type {any[]} */
	const results = [];
	/** @type {string[]} */
	const faults = [];
	/** @type {number[]} */
	const commits = [];
	try {
		for (const it of chosen) {
			commits.push(options.smoke ? 0 : await commitMs(stage.cluster));
			const found = await measure(stage, it, size.rounds);
			const facts = { commitMs: median(commits) };
			const disturbed = median([...found.plain, ...found.chat].map((report) => report.others_cores));
			faults.push(...found.faults);
			results.push({
				name: it.name, title: it.title, others_cores: disturbed,
				figures: it.figures.map((figure) => compare(figure, found, facts)), runs: { plain: found.plain, chat: found.chat },
			});
		}
		const [[holes]] = await stage.cluster.query(
			'select coalesce(sum(last_seq), 0) - (select count(*) from chat.messages) from chat.conversations');
		if (Number(holes) !== 0) {
			faults.push(`the chats' last numbers and their messages differ by ${holes}`);
		}
	} finally {
		await stage.close();
	}

	const rows = results.flatMap((result) => result.figures.map((/** @type {any} */ figure) => [
		result.title, `${figure.name}, ${figure.unit}`, withSpread(figure.plain), withSpread(figure.chat),
		figure.as === 'value' ? '–' : `${figure.as === 'difference' ? '+' : '×'} ${withSpread(figure.compared)}`,
		figure.goal ?? '–', figure.reached === null ? '–' : figure.reached ? 'yes' : 'NO', result.others_cores > DISTURBED_CORES ? result.others_cores.toFixed(1) : '',
	]));
	console.log(table(['load', 'figure', 'plain', 'plugin', 'compared', 'goal', 'reached', 'others'], rows));
	console.log(`\nOne durable commit, at 1,000 a second: ${short(median(commits))} ms. Medians of ${size.rounds} rounds, least and most in parentheses; `
		+ `"others" is what the rest of the machine was busy with, in cores, where that may matter.`);
	console.log(faults.length ? `\nWRONG:\n${faults.join('\n')}` : '\nLost, duplicated, out of order: 0. Stored = sent = echoed = delivered to the peer.');

	mkdirSync(options.out, { recursive: true });
	writeFileSync(join(options.out, 'results.json'), `${JSON.stringify({ ...about, commit_ms: median(commits), faults, results }, null, '\t')}\n`);
	const bars = results.filter(({ name }) => name.startsWith('closed')).map(({ title, figures: [figure] }) => ({
		label: title, plain: figure.plain.median, chat: figure.chat.median, ratio: figure.compared.median,
	}));
	writeFileSync(join(options.out, 'chart.svg'), chart('Messages a second, each user with one outstanding',
		`${about.mosquitto.replace('mosquitto version', 'Mosquitto')}, QoS 1, 100 bytes; broker, PostgreSQL and ${about.cores} cores on one machine`, bars));
	process.exitCode = faults.length ? 1 : 0;
}

await main();
