// The processes that we started, and their end: whatever happens to us, they go too.

import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { PATIENCE, SLOW, within } from './wait.js';

/**
 * @typedef {object} Child
 * @property {number} pid
 * @property {() => boolean} alive
 * @property {Promise<{ code: number | null, signal: string | null }>} ended
 * @property {(signal: NodeJS.Signals) => void} signal
 */

/** @type {Map<number, (child: Child) => void>} */
const endings = new Map();
/** @type {Map<number, Child>} */
const living = new Map();

function endAll() {
	for (const [pid, child] of living) {
		endings.get(pid)?.(child);
	}
}

process.on('exit', endAll);
for (const [signal, number] of /** @type {[NodeJS.Signals, number][]} */ ([['SIGHUP', 1], ['SIGINT', 2], ['SIGTERM', 15]])) {
	process.on(signal, () => {
		// A program with a handler of its own ends in its own order.
		if (process.listenerCount(signal) === 1) {
			process.exit(128 + number);
		}
	});
}

/**
 * Starts a program in a session of its own, so that Ctrl-C on a terminal reaches us alone.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, output?: number | 'ignore', cwd?: string,
 *           lastly?: (child: Child) => void }} [options]
 *   `lastly` ends it when we go ourselves, and may not wait; without it, SIGKILL does
 * @returns {Promise<Child>}
 */
export async function start(command, args, { env = process.env, output = 'ignore', cwd, lastly } = {}) {
	const process_ = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', output, output] });
	const ended = new Promise((resolve) => {
		process_.once('exit', (code, signal) => resolve({ code, signal }));
	});
	await new Promise((resolve, reject) => {
		process_.once('spawn', () => resolve(undefined));
		process_.once('error', reject);
	});
	// Nobody is kept from ending by it: that would be an end that never comes.
	process_.unref();
	const pid = /** @type {number} */ (process_.pid);
	/** @type {Child} */
	const child = {
		pid,
		alive: () => living.has(pid),
		ended: /** @type {Child['ended']} */ (ended),
		// Only while we have not reaped it: afterwards the number may be somebody else's.
		signal: (signal) => {
			if (living.has(pid)) {
				process_.kill(signal);
			}
		},
	};
	living.set(pid, child);
	endings.set(pid, lastly ?? ((it) => it.signal('SIGKILL')));
	child.ended.then(() => {
		living.delete(pid);
		endings.delete(pid);
	});
	return child;
}

/**
 * @param {string} what
 * @param {Child} child
 * @param {number} [timeout]
 */
export function ended(what, child, timeout = PATIENCE) {
	return within(`${what} (process ${child.pid}) to end`, child.ended, timeout);
}

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {{ input?: string | Buffer, env?: NodeJS.ProcessEnv, cwd?: string, timeout?: number }} [options]
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string }>}
 */
export function run(command, args, { input, env = process.env, cwd, timeout = 60000 } = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { env, cwd });
		const timer = setTimeout(() => {
			child.kill('SIGKILL');
			reject(new Error(`waited ${timeout * SLOW / 1000} s for ${command} to end`));
		}, timeout * SLOW);
		/** @type {Buffer[]} */
		const out = [];
		/** @type {Buffer[]} */
		const err = [];
		child.stdout.on('data', (chunk) => out.push(chunk));
		child.stderr.on('data', (chunk) => err.push(chunk));
		child.stdin.on('error', () => {});
		child.stdin.end(input ?? '');
		child.once('error', (error) => {
			clearTimeout(timer);
			reject(error);
		});
		child.once('close', (code, signal) => {
			clearTimeout(timer);
			resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
		});
	});
}

/**
 * The processes whose parent `pid` is.
 * @param {number} pid
 * @returns {number[]}
 */
export function childrenOf(pid) {
	return readdirSync('/proc')
		.filter((entry) => /^[0-9]+$/.test(entry))
		.map(Number)
		.filter((candidate) => {
			try {
				// The second field is a name in parentheses that may hold anything.
				const stat = readFileSync(`/proc/${candidate}/stat`, 'latin1');
				return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
			} catch {
				return false;
			}
		});
}
