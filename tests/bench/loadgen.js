// One run of the load generator, and what came out of it.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../stack/children.js';
import { SECRET } from './servers.js';

export const LOADGEN = process.env.CHAT_LOADGEN
	|| fileURLToPath(new URL('../../build/tests/bench/loadgen', import.meta.url));

/** What a run takes beside its window: connecting, settling, draining. */
const ALLOWANCE = 180000;

/**
 * @typedef {object} Load
 * @property {'closed' | 'rate' | 'storm' | 'idle'} mode
 * @property {boolean} ws
 * @property {number} users
 * @property {number} [first]
 * @property {number} [seconds]
 * @property {number} [warm]
 * @property {number} [settle]
 * @property {number} [rate]
 * @property {number} [atOnce]
 * @property {number} [threads]
 * @property {boolean} [mqtt5]
 * @property {boolean} [react] to the first message of each chat, instead of messages
 * @property {number} [patience] seconds until those who did not get in are given up, which then is no failure
 */

/** A broker's in the report. @param {number} n from 0 */
export function nameOf(n) {
	return n === 0 ? 'broker' : `broker${n + 1}`;
}

/**
 * @param {import('./servers.js').Side} side
 * @param {Load} load
 * @param {number} postgres its first process
 * @returns {Promise<any>} the report
 */
export async function drive(side, load, postgres) {
	const dir = mkdtempSync(join(tmpdir(), 'mosquitto-chat-load-'));
	const report = join(dir, 'report.json');
	const { kind } = side;
	const brokers = [side.broker, ...side.others ?? []];
	const args = [
		'--kind', kind === 'plain' ? kind : 'chat', '--mode', load.mode, ...brokers.flatMap((it) => ['--port', load.ws ? it.wsPort : it.tcpPort]),
		'--users', load.users, '--first', load.first ?? 1, '--threads', load.threads ?? 2,
		'--seconds', load.seconds ?? 5, '--warm', load.warm ?? 1, '--settle', load.settle ?? 0.5,
		'--rate', load.rate ?? 1000, '--patience', load.patience ?? 120, '--at-once', load.atOnce ?? 100,
		...brokers.flatMap((it, n) => ['--proc', `${nameOf(n)}:${it.pid}`]), '--proc', `postgres:${postgres}`, '--json', report,
		...(kind === 'socketio' ? ['--socketio'] : []),
		...(load.ws ? ['--ws'] : []), ...(load.mqtt5 ? ['--mqtt5'] : []), ...(load.react ? ['--react'] : []),
	];
	try {
		const { code, stderr } = await run(LOADGEN, args.map(String), {
			env: { ...process.env, CHAT_SECRET: SECRET },
			timeout: ALLOWANCE + 1000 * ((load.seconds ?? 5) + (load.warm ?? 1)),
		});
		if (code !== 0 && !(code === 1 && load.patience)) {
			throw new Error(`the load generator failed (${code}): ${stderr}`);
		}
		return JSON.parse(readFileSync(report, 'utf8'));
	} finally {
		rmSync(dir, { recursive: true });
	}
}

/**
 * Everything that must be zero, as sentences; and whether what was delivered is what is stored.
 * @param {any} report
 * @param {number | null} stored rows that this run added; null: nothing stores
 */
export function faultsOf(report, stored) {
	const bad = Object.entries(report.faults).filter(([, count]) => count !== 0).map(([name, count]) => `${name}: ${count}`);
	if (report.ready !== report.users) {
		bad.push(`not ready: ${report.users - report.ready}`);
	}
	for (const [name, count] of [['echoed', report.whole.echoed], ['delivered', report.whole.delivered], ['stored', stored ?? report.whole.sent]]) {
		if (count !== report.whole.sent) {
			bad.push(`${name} ${count} of ${report.whole.sent}`);
		}
	}
	return bad;
}

/**
 * The thread that does a broker's work.
 * @param {any} report
 */
export function brokerThread(report) {
	return report.procs.broker.threads.find((/** @type {any} */ thread) => thread.main);
}

/** Messages a second that came back to their senders. @param {any} report */
export function perSecond(report) {
	return report.window.echoed / report.seconds;
}

/** CPU of the broker's thread for a message. @param {any} report */
export function threadUs(report) {
	return brokerThread(report).cpu_s * 1e6 / report.window.echoed;
}

/** The same of the whole process. @param {any} report */
export function processUs(report) {
	return report.procs.broker.cpu_s * 1e6 / report.window.echoed;
}
