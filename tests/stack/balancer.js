// Debian's haproxy in front of several brokers, set up as OPERATING.md says: round robin, no stickiness.

import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ended, start } from './children.js';
import { freePort } from './ports.js';
import { makeFolder } from './users.js';
import { until } from './wait.js';

const HOST = '127.0.0.1';
const HAPROXY = process.env.CHAT_HAPROXY || '/usr/sbin/haproxy';

/** Somebody else may take a port between our look and haproxy's. */
const PORT_ATTEMPTS = 3;
const PORT_TAKEN = /cannot bind socket/;

/**
 * @typedef {{ tcpPort: number, wsPort: number }} Ports
 *
 * @typedef {object} Balancer
 * @property {string} host
 * @property {number} tcpPort
 * @property {number} wsPort
 * @property {number} pid
 * @property {() => Promise<void>} stop
 */

/**
 * A frozen broker still accepts connections (the kernel does so for it), so the check asks for an answer: to
 * a CONNECT without a login, which is a CONNACK whatever it says.
 */
const CHECK = [
	'	option tcp-check',
	'	tcp-check connect',
	'	tcp-check send-binary 101300044d5154540402003c0007686170726f7879',
	'	tcp-check expect binary 2002',
];

/**
 * @param {Ports} at
 * @param {Ports[]} brokers
 * @returns {string}
 */
function confText(at, brokers) {
	/** @param {string} name @param {'tcpPort' | 'wsPort'} port */
	const section = (name, port) => [
		`listen ${name}`,
		`	bind ${HOST}:${at[port]}`,
		...CHECK,
		...brokers.map((it, i) => `	server broker${i + 1} ${HOST}:${it[port]} check port ${it.tcpPort}`),
	];
	return `${[
		'defaults',
		'	mode tcp',
		'	balance roundrobin',
		'	option redispatch',
		'	retries 3',
		'	maxconn 20000',
		'	timeout connect 2s',
		'	timeout check 2s',
		// A quiet client says something once in its keepalive.
		'	timeout client 1h',
		'	timeout server 1h',
		'	default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions',
		...section('mqtt', 'tcpPort'),
		...section('websockets', 'wsPort'),
	].join('\n')}\n`;
}

/** @param {number} port @returns {Promise<boolean>} */
function accepts(port) {
	return new Promise((resolve) => {
		const socket = connect({ port, host: HOST });
		socket.once('connect', () => socket.end());
		socket.once('error', () => resolve(false));
		socket.once('close', (failed) => resolve(!failed));
	});
}

/**
 * Starts haproxy in the foreground and waits until it accepts. It ends with this process at the latest.
 * @param {{ dir: string, brokers: Ports[], tcpPort?: number, wsPort?: number }} given brokers that end may come
 *   back at the same ports
 * @returns {Promise<Balancer>}
 */
export async function startBalancer({ dir, brokers, ...ports }) {
	makeFolder(null, dir);
	const logFile = join(dir, 'log');
	for (let attempt = 1; ; attempt++) {
		const at = { tcpPort: ports.tcpPort ?? await freePort(), wsPort: ports.wsPort ?? await freePort() };
		const confFile = join(dir, 'haproxy.cfg');
		writeFileSync(confFile, confText(at, brokers));
		const output = openSync(logFile, 'w', 0o600);
		const child = await start(HAPROXY, ['-db', '-f', confFile], { cwd: dir, output });
		closeSync(output);
		const up = await until(`haproxy to accept, see ${logFile}`, async () =>
			!child.alive() || (await accepts(at.tcpPort) && await accepts(at.wsPort)));
		if (up && child.alive()) {
			return {
				host: HOST, ...at, pid: child.pid,
				async stop() {
					child.signal('SIGTERM');
					await ended('haproxy', child);
				},
			};
		}
		const said = readFileSync(logFile, 'utf8');
		if (!PORT_TAKEN.test(said) || attempt === PORT_ATTEMPTS) {
			throw new Error(`haproxy did not start:\n${said.slice(-2000)}`);
		}
	}
}
