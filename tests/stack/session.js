// One psql that stays: a transaction that a test holds open.

import { spawn } from 'node:child_process';
import { within } from './wait.js';

/**
 * @typedef {object} Session
 * @property {(sql: string) => Promise<string>} run resolves to what psql printed, once the statement is through
 * @property {() => Promise<void>} end
 */

/**
 * @param {string} psql
 * @param {string[]} args
 * @returns {Session}
 */
export function openSession(psql, args) {
	const child = spawn(psql, [...args, '-v', 'ON_ERROR_STOP=1'], { stdio: ['pipe', 'pipe', 'pipe'] });
	const ended = new Promise((resolve) => {
		child.once('close', resolve);
	});
	let text = '';
	let count = 0;
	/** @type {(() => void) | undefined} */
	let wake;
	for (const stream of [child.stdout, child.stderr]) {
		stream.on('data', (chunk) => {
			text += chunk;
			wake?.();
		});
	}
	child.stdin.on('error', () => {});
	// Whoever forgets to end it must not be kept alive by it.
	process.once('exit', () => child.kill('SIGKILL'));

	return {
		async run(sql) {
			const mark = `done ${++count}\n`;
			const done = new Promise((resolve, reject) => {
				wake = () => text.endsWith(mark) && resolve(undefined);
				ended.then(() => reject(new Error(`psql ended: ${text}`)));
			});
			child.stdin.write(`${sql};\n\\echo ${mark}`);
			await within(`psql to run ${sql}`, done);
			const printed = text.slice(0, -mark.length);
			text = '';
			return printed;
		},
		async end() {
			child.stdin.end();
			await within('a psql session to end', ended);
		},
	};
}
