// The broker under valgrind's memcheck (CHAT_VALGRIND=1), and what memcheck has to say in the end.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const VALGRIND = process.env.CHAT_VALGRIND === '1';

const REPORT = 'memcheck';
const SUPPRESSIONS = fileURLToPath(new URL('valgrind.supp', import.meta.url));

/**
 * What comes before the broker's own command line.
 * @param {string} dir where the report goes
 * @returns {string[]}
 */
export function valgrindCommand(dir) {
	return [
		'valgrind', '--quiet', `--log-file=${join(dir, `${REPORT}.%p`)}`, `--suppressions=${SUPPRESSIONS}`,
		// What hangs on a lost block counts with it.
		'--leak-check=full', '--show-leak-kinds=definite', '--num-callers=40',
		// The broker closes plugins before leaks are looked for.
		'--keep-debuginfo=yes',
		// Its pipes would be left behind.
		'--vgdb=no',
		// Without it a thread that never waits keeps the others from running.
		'--fair-sched=try',
	];
}

/**
 * Everything that memcheck found in a broker: empty when all is well.
 * @param {string} dir
 * @param {number} pid
 * @param {{ leaks: boolean }} what a broker that gives up at its start frees nothing
 * @returns {string}
 */
export function valgrindFindings(dir, pid, { leaks }) {
	return readFileSync(join(dir, `${REPORT}.${pid}`), 'utf8').split(/^==\d+== *\n/m)
		// All that is found comes with a stack.
		.filter((block) => /^==\d+== +at 0x/m.test(block))
		.filter((block) => leaks || !/are definitely lost in loss record/.test(block))
		.join('\n');
}
