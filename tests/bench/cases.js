// What is measured, and what should come out.

import { brokerThread, perSecond, processUs, threadUs } from './loadgen.js';

/**
 * @typedef {object} Figure one number of each run; compared as a ratio or as a difference
 * @property {string} name
 * @property {string} unit
 * @property {(report: any) => number} of
 * @property {'ratio' | 'difference' | 'value'} as
 * @property {(compared: number, facts: Facts) => boolean} [good]
 * @property {string} [goal]
 *
 * @typedef {{ commitMs: number }} Facts
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {string} title
 * @property {import('./loadgen.js').Load} load
 * @property {boolean} [fresh] on brokers that have just been started
 * @property {Figure[]} figures
 */

const postgresPer1000 = (/** @type {any} */ r) => r.procs.postgres.cpu_s * 1000 / r.window.echoed;

/** @param {number} least @returns {Figure} */
const speed = (least) => ({
	name: 'messages/s', unit: '/s', of: perSecond, as: 'ratio', good: (it) => it >= least, goal: `at least ${least}`,
});

/** @type {Figure[]} */
const CPU = [
	{ name: 'broker’s thread', unit: 'µs/message', of: threadUs, as: 'ratio', good: (it) => it <= 1.25, goal: 'at most 1.25' },
	{ name: 'broker’s process', unit: 'µs/message', of: processUs, as: 'ratio', good: (it) => it <= 1.4, goal: 'at most 1.4' },
	{ name: 'PostgreSQL', unit: 'CPU s/1,000', of: postgresPer1000, as: 'value', good: (it) => it <= 0.04, goal: 'at most 0.04' },
];

/** The broker without the plugin relays messages meanwhile. @type {Figure[]} */
const CHANGES = [
	{ name: 'changes/s', unit: '/s', of: perSecond, as: 'ratio' },
	{ name: 'broker’s thread', unit: 'µs/change', of: threadUs, as: 'ratio' },
	{ name: 'PostgreSQL', unit: 'CPU s/1,000', of: postgresPer1000, as: 'value' },
];

/** @type {Figure[]} */
const ROUND_TRIP = [
	{
		name: 'round trip p50', unit: 'ms', of: (r) => r.echo_ms.p50, as: 'difference',
		good: (it, { commitMs }) => it <= commitMs + 0.4, goal: 'at most one commit + 0.4',
	},
	{ name: 'round trip p99', unit: 'ms', of: (r) => r.echo_ms.p99, as: 'value', good: (it) => it < 5, goal: 'under 5' },
	{ name: 'to the peer p99', unit: 'ms', of: (r) => r.peer_ms.p99, as: 'value' },
	{ name: 'round trip p99.9', unit: 'ms', of: (r) => r.echo_ms.p999, as: 'value' },
];

const memory = (/** @type {any} */ r) =>
	(r.procs.broker.settled.pss_kb - r.procs.broker.before.pss_kb) * 1024 / r.users;

/** @type {Figure[]} */
const STORM = [
	{ name: 'all in', unit: 's', of: (r) => r.ready_s, as: 'ratio', good: (it) => it <= 1.2, goal: 'at most 1.2' },
	{ name: 'CPU to connect', unit: 's', of: (r) => r.procs.broker.connect_cpu_s, as: 'ratio' },
	{
		// What the storm itself took and the allocator keeps counts here, so there is no goal.
		name: 'memory for a client', unit: 'bytes', as: 'difference', of: memory,
	},
];

/** @type {Figure[]} */
const MEMORY = [
	{ name: 'memory for a client', unit: 'bytes', as: 'difference', of: memory, good: (it) => it <= 600, goal: 'at most 600' },
	{ name: 'all in', unit: 's', of: (r) => r.ready_s, as: 'ratio' },
	{ name: 'CPU to connect', unit: 's', of: (r) => r.procs.broker.connect_cpu_s, as: 'ratio' },
];

/** @type {Figure[]} */
const IDLE = [
	{ name: 'wake-ups of the thread', unit: '/s', of: (r) => brokerThread(r).switches / r.seconds, as: 'ratio', good: (it) => it <= 1.1, goal: 'as plain' },
	{ name: 'CPU of the process', unit: 'ms/s', of: (r) => r.procs.broker.cpu_s * 1000 / r.seconds, as: 'ratio', good: (it) => it <= 1.1, goal: 'as plain' },
	{ name: 'wake-ups of all threads', unit: '/s', as: 'ratio', of: (r) => r.procs.broker.threads.reduce((/** @type {number} */ sum, /** @type {any} */ t) => sum + t.switches, 0) / r.seconds },
];

const transports = /** @type {const} */ ([['tcp', false], ['ws', true]]);

/**
 * @param {{ seconds: number, warm: number, storm: number, idle: number, users: number[] }} size
 * @returns {Case[]}
 */
export function cases({ seconds, warm, storm, idle, users }) {
	/** @type {Case[]} */
	const all = [];
	for (const [short, ws] of transports) {
		const over = ws ? 'WebSockets' : 'TCP';
		for (const n of users) {
			const many = n >= 1000;
			all.push({
				name: `closed-${short}-${n}`, title: `${n.toLocaleString('en')} users, ${over}`,
				load: { mode: 'closed', ws, users: n, seconds, warm },
				figures: [speed(many ? 0.8 : 0.6), ...(many ? CPU : [])],
			});
		}
	}
	all.push({
		name: 'react-ws', title: `${Math.max(...users).toLocaleString('en')} users reacting, WebSockets`,
		load: { mode: 'closed', ws: true, users: Math.max(...users), seconds, warm, react: true }, figures: CHANGES,
	});
	for (const [short, ws] of transports) {
		all.push({
			name: `rate-${short}`, title: `1,000 messages/s, ${ws ? 'WebSockets' : 'TCP'}`,
			load: { mode: 'rate', ws, users: Math.min(100, users[0]), rate: 1000, seconds, warm },
			figures: ROUND_TRIP,
		});
	}
	all.push({
		name: 'storm-ws', title: `${storm.toLocaleString('en')} clients at once, WebSockets`, fresh: true,
		load: { mode: 'storm', ws: true, users: storm, atOnce: 0, settle: 2 }, figures: STORM,
	});
	for (const [short, ws] of transports) {
		all.push({
			name: `memory-${short}`, title: `${storm.toLocaleString('en')} clients, 100 at a time, ${ws ? 'WebSockets' : 'TCP'}`, fresh: true,
			load: { mode: 'storm', ws, users: storm, atOnce: 100, settle: 2 }, figures: MEMORY,
		});
	}
	for (const [short, ws] of transports) {
		all.push({
			name: `idle-${short}`, title: `${idle.toLocaleString('en')} idle clients, ${ws ? 'WebSockets' : 'TCP'}`, fresh: true,
			load: { mode: 'idle', ws, users: idle, seconds, settle: 3 }, figures: IDLE,
		});
	}
	return all;
}
