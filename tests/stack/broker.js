// A Mosquitto with the plugin, in a folder of its own.

import { chmodSync, closeSync, copyFileSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ended, start } from './children.js';
import { freePort } from './ports.js';
import { isSanitized, sanitizerFindings, sanitizerSetup } from './sanitizer.js';
import { give, makeFolder, mustReach, serviceUser } from './users.js';
import { VALGRIND, valgrindCommand, valgrindFindings } from './valgrind.js';
import { until } from './wait.js';

const HOST = '127.0.0.1';
/** The build that is loaded unless somebody says otherwise. */
export const PLUGIN = process.env.CHAT_PLUGIN || fileURLToPath(new URL('../../build/mosquitto_chat.so', import.meta.url));
export const MOSQUITTO = process.env.CHAT_MOSQUITTO || '/usr/sbin/mosquitto';

/** Somebody else may take a port between our look and the broker's. */
const PORT_ATTEMPTS = 3;
const PORT_TAKEN = /Address already in use|Unable to create websockets listener/;

/**
 * @typedef {object} Broker
 * @property {string} host
 * @property {number} tcpPort
 * @property {number} wsPort
 * @property {number} pid
 * @property {string} dir
 * @property {string[]} secrets
 * @property {string} secretFile
 * @property {() => string} log everything that the broker has said so far
 * @property {(secrets: string[] | string | Buffer, mode?: number) => void} writeSecrets
 * @property {() => void} reload
 * @property {() => boolean} alive
 * @property {(signal?: NodeJS.Signals) => Promise<{ code: number | null, signal: string | null }>} stop
 * @property {() => Promise<void>} kill
 * @property {() => Promise<{ code: number | null, signal: string | null }>} over resolves when it has ended by itself
 */

/**
 * @typedef {object} BrokerOptions
 * @property {string} dir
 * @property {string} [conninfo] short for `options.database`
 * @property {string[] | null} [secrets] null: no secret file, and no option for one
 * @property {Record<string, string | number | boolean>} [options] the plugin's, without `plugin_opt_`
 * @property {string | ((plugin: string) => string)} [conf] more lines for mosquitto.conf; told where the plugin is
 * @property {string | null} [plugin] null: a plain broker
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [binary]
 * @property {string[]} [preload] shared objects for LD_PRELOAD
 * @property {number} [tcpPort]
 * @property {number} [wsPort]
 */

/** A start that did not come to its end: what the broker said, and how it ended. */
export class StartError extends Error {
	/**
	 * @param {string} log
	 * @param {{ code: number | null, signal: string | null }} exit
	 */
	constructor(log, exit) {
		super(`mosquitto did not start (${exit.code ?? exit.signal}):\n${log.slice(-3000)}`);
		this.log = log;
		this.exit = exit;
	}
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function accepts(port) {
	return new Promise((resolve_) => {
		const socket = connect({ port, host: HOST });
		socket.once('connect', () => socket.end());
		socket.once('error', () => resolve_(false));
		socket.once('close', (failed) => resolve_(!failed));
	});
}

/**
 * @param {{ tcpPort: number, wsPort: number, plugin: string | null, conf: string,
 *           options: [string, string | number | boolean][] }} what
 * @returns {string}
 */
function confText({ tcpPort, wsPort, plugin, conf, options }) {
	return `${[
		'per_listener_settings false',
		'allow_anonymous false',
		'persistence false',
		'log_dest stderr',
		'log_type error', 'log_type warning', 'log_type notice', 'log_type information',
		'set_tcp_nodelay true',
		'max_packet_size 1048576',
		'max_queued_messages 1000',
		'max_inflight_bytes 1048576',
		'max_queued_bytes 2097152',
		'persistent_client_expiration 1h',
		...(plugin ? [`plugin ${plugin}`] : []),
		...(plugin ? options.map(([name, value]) => `plugin_opt_${name} ${value}`) : []),
		// After the plugin's lines: what stands here may load another one.
		conf,
		// 2.0.11 does not start with WebSocket listeners alone.
		`listener ${tcpPort} ${HOST}`,
		`listener ${wsPort} ${HOST}`,
		'protocol websockets',
	].join('\n')}\n`;
}

/**
 * Starts a broker in the foreground and waits until both of its listeners accept. It ends with this
 * process at the latest.
 * @param {BrokerOptions} given
 * @returns {Promise<Broker>}
 */
export async function startBroker(given) {
	for (let attempt = 1; ; attempt++) {
		try {
			return await launch(given);
		} catch (error) {
			const again = error instanceof StartError && PORT_TAKEN.test(error.log) && attempt < PORT_ATTEMPTS;
			if (!again) {
				throw error;
			}
		}
	}
}

/**
 * @param {BrokerOptions} given
 * @returns {Promise<Broker>}
 */
async function launch({
	dir: folder, conninfo, secrets = ['a secret for tests, of 32 bytes and more'], options = {}, conf = '',
	plugin: wanted = PLUGIN, env = {}, binary = MOSQUITTO, preload = [], ...ports
}) {
	const dir = resolve(folder);
	const user = serviceUser('mosquitto');
	mustReach(user, dir);
	makeFolder(user, dir);
	const tcpPort = ports.tcpPort ?? await freePort();
	const wsPort = ports.wsPort ?? await freePort();

	const secretFile = join(dir, 'secret');
	/** @type {Broker['writeSecrets']} */
	function writeSecrets(lines, mode = 0o600) {
		writeFileSync(secretFile, Array.isArray(lines) ? `${lines.join('\n')}\n` : lines, { mode: 0o600 });
		chmodSync(secretFile, mode);
		give(user, secretFile);
	}
	if (secrets) {
		writeSecrets(secrets);
	}

	let plugin = wanted;
	if (wanted && user) {
		// The build may lie where the broker's user cannot go.
		plugin = join(dir, basename(wanted));
		copyFileSync(wanted, plugin);
	}
	const sanitized = Boolean(plugin && isSanitized(plugin));
	const setup = sanitized && plugin ? sanitizerSetup(dir, plugin) : { preload: [], env: {} };
	const valgrind = VALGRIND && plugin && !sanitized;
	const preloads = [...setup.preload, ...preload];

	const confFile = join(dir, 'mosquitto.conf');
	writeFileSync(confFile, confText({
		tcpPort, wsPort, plugin,
		conf: typeof conf === 'function' ? conf(plugin ?? '') : conf,
		options: Object.entries({
			...(conninfo ? { database: conninfo } : {}),
			...(secrets ? { secret_file: secretFile } : {}),
			...options,
		}),
	}), { mode: 0o600 });
	give(user, confFile);

	const logFile = join(dir, 'log');
	const output = openSync(logFile, 'w', 0o600);
	const [command, ...args] = [...(valgrind ? valgrindCommand(dir) : []), binary, '-c', confFile];
	const child = await start(command, args, {
		cwd: dir,
		output,
		env: {
			...process.env, ...setup.env,
			...(preloads.length ? { LD_PRELOAD: preloads.join(' ') } : {}),
			...env,
		},
	});
	closeSync(output);
	const log = () => readFileSync(logFile, 'utf8');
	/**
	 * A finding of a sanitizer or of memcheck is a failure, whatever the test was about.
	 * @param {{ leaks: boolean }} what
	 */
	function check(what) {
		const findings = sanitized ? sanitizerFindings(dir, log(), what) : valgrind ? valgrindFindings(dir, child.pid, what) : '';
		if (findings) {
			throw new Error(`${sanitized ? 'the sanitizer' : 'memcheck'} has found, in ${dir}:\n${findings}`);
		}
	}
	async function over() {
		const exit = await ended('mosquitto', child, 30000);
		check({ leaks: true });
		return exit;
	}

	await until(`mosquitto to listen, see ${logFile}`, async () => {
		if (!child.alive()) {
			check({ leaks: false });
			throw new StartError(log(), await child.ended);
		}
		return /version \S+ running/.test(log()) && await accepts(tcpPort) && await accepts(wsPort);
	}, { every: 10 });

	return {
		host: HOST,
		tcpPort,
		wsPort,
		pid: child.pid,
		dir,
		secrets: secrets ?? [],
		secretFile,
		log,
		writeSecrets,
		reload: () => child.signal('SIGHUP'),
		alive: child.alive,
		stop(signal = 'SIGTERM') {
			child.signal(signal);
			return over();
		},
		async kill() {
			child.signal('SIGKILL');
			await ended('mosquitto', child);
			check({ leaks: false });
		},
		over,
	};
}
