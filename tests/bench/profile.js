// Microseconds of the broker's thread for one message, by program and by function of the plugin.
// Started by `tests/bench/profile`.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../stack/children.js';
import { scratchFolder } from '../stack/folder.js';
import { pause } from '../stack/wait.js';
import { drive, threadUs } from './loadgen.js';
import { short, table } from './numbers.js';
import { startPostgres, startSide } from './servers.js';

const { values: options } = parseArgs({
	options: {
		tcp: { type: 'boolean', default: false },
		users: { type: 'string', default: '1000' },
		binary: { type: 'string' },
	},
});

const SECONDS = 6;

/**
 * @param {string} recorded
 * @param {string} sort
 * @returns {Promise<[string, number][]>} shares of the samples, from 0 to 1
 */
async function shares(recorded, sort) {
	const { stdout } = await run('perf', ['report', '-i', recorded, '--stdio', '-g', 'none', '--sort', sort], {});
	return stdout.split('\n').flatMap((line) => {
		const parts = line.match(/^\s*([\d.]+)%\s+(.*?)\s*(?:-\s+-\s*)?$/);
		return parts ? [/** @type {[string, number]} */ ([parts[2], Number(parts[1]) / 100])] : [];
	});
}

const dir = scratchFolder('profile');
const { cluster, pid } = await startPostgres(dir);
/** @type {Record<string, Record<string, number>>} */
const byProgram = {};
/** @type {Record<string, number>} */
const us = {};
/** @type {[string, number][]} */
let functions = [];
try {
	for (const kind of /** @type {const} */ (['plain', 'chat'])) {
		const side = await startSide({ dir, kind, cluster, binary: options.binary });
		const load = drive(side, { mode: 'closed', ws: !options.tcp, users: Number(options.users), seconds: SECONDS, warm: 1 }, pid);
		await pause(2500);
		const recorded = join(dir, `${kind}.data`);
		await run('perf', ['record', '-q', '-o', recorded, '-F', '4000', '-e', 'cpu-clock', '-t', String(side.broker.pid), '--', 'sleep', '4'], {});
		const report = await load;
		us[kind] = threadUs(report);
		byProgram[kind] = Object.fromEntries(await shares(recorded, 'dso'));
		functions = (await shares(recorded, 'dso,symbol')).filter(([name]) => name.includes('mosquitto_chat'));
		await side.broker.stop();
	}
} finally {
	await cluster.stop('fast');
}

const programs = [...new Set([...Object.keys(byProgram.plain), ...Object.keys(byProgram.chat)])];
const cell = (/** @type {string} */ kind, /** @type {string} */ name) => short((byProgram[kind][name] ?? 0) * us[kind]);
console.log(table(['µs for a message', 'plain', 'plugin'], [
	...programs.map((name) => [name, cell('plain', name), cell('chat', name)]).filter(([, a, b]) => Number(a) + Number(b) >= 0.1),
	['together', short(us.plain), short(us.chat)],
]));
console.log(`\nThe plugin's own\n\n${table(['function', 'µs for a message'],
	functions.slice(0, 20).map(([name, share]) => [name.replace(/^\S+\s+\[\.\]\s+/, ''), (share * us.chat).toFixed(2)]))}`);
