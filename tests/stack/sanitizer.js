// A plugin that was built with the address sanitizer, and what the sanitizer has to say in the end.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const REPORT = 'sanitizer';

/**
 * The constructor of a library (libgpg-error) asks for memory while it holds a lock of the C library.
 * Were that the first call for memory, the sanitizer would start then, look up a name in vain, and take
 * and free that same lock for the error's translation, which breaks it for good: later, libpq waits
 * for ever. A library that is initialised before all others makes the first call instead.
 */
const AWAKE_FIRST = `
#include <stdlib.h>
__attribute__((constructor)) static void wake(void) { free(malloc(1)); }
`;

/** A leak counts when one of these is in its stack: ours, or a library that only we call. */
const OURS = /mosquitto_chat|libcjson|libpq/;

/**
 * @param {string} plugin
 * @returns {boolean}
 */
export function isSanitized(plugin) {
	return process.env.CHAT_SANITIZE === '1' || readFileSync(plugin).includes('__asan_init');
}

/**
 * The address sanitizer's runtime: the one that the plugin is linked to, else the compiler's.
 * @param {string} plugin
 * @returns {string}
 */
function runtimeOf(plugin) {
	const linked = execFileSync('ldd', [plugin], { encoding: 'utf8' }).match(/=> (\S*asan\S*)/);
	return linked ? linked[1]
		: execFileSync('cc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
}

/**
 * What the broker's environment needs to load such a plugin.
 * @param {string} dir where reports go
 * @param {string} plugin
 * @returns {{ preload: string[], env: Record<string, string> }}
 */
export function sanitizerSetup(dir, plugin) {
	const first = join(dir, 'first.so');
	execFileSync('cc', ['-shared', '-fPIC', '-Wl,-z,initfirst', '-x', 'c', '-o', first, '-'], { input: AWAKE_FIRST });
	return {
		// It has to be the first of all libraries. The plugin itself, linked with nodelete, is still
		// mapped when leaks are reported after the broker has closed it, so its frames have names.
		preload: [runtimeOf(plugin), first],
		env: {
			// With the name of each frame's module: that tells whose leak it is. Finding the frames of each
			// allocation takes most of a start, OpenSSL's own being deep; ours are among the innermost.
			ASAN_OPTIONS: `log_path=${join(dir, REPORT)}:detect_leaks=1:halt_on_error=1:fast_unwind_on_malloc=0:malloc_context_size=10`
				+ `:stack_trace_format='    #%n %p %F %L %m'`,
			// Leaks must not change the exit status, which is the broker's own answer.
			LSAN_OPTIONS: 'exitcode=0:report_objects=0',
			UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
		},
	};
}

/**
 * @param {string} report
 * @returns {string[]} the reported leaks that are ours
 */
function ownLeaks(report) {
	return report.split(/\n\n+/).filter((block) => /^(Direct|Indirect) leak/.test(block.trim()) && OURS.test(block));
}

/**
 * Everything that the sanitizers found in this folder's broker: empty when all is well.
 * @param {string} dir
 * @param {string} log the broker's own output
 * @param {{ leaks: boolean }} what a broker that gives up at its start frees nothing
 * @returns {string}
 */
export function sanitizerFindings(dir, log, { leaks }) {
	const reports = readdirSync(dir)
		.filter((name) => name.startsWith(`${REPORT}.`))
		.map((name) => readFileSync(join(dir, name), 'utf8'));
	const found = [log, ...reports].flatMap((text) => {
		const bad = /ERROR: AddressSanitizer|runtime error:|DEADLYSIGNAL/.test(text);
		return bad ? [text.slice(-8000)] : leaks ? ownLeaks(text) : [];
	});
	return found.join('\n\n');
}
