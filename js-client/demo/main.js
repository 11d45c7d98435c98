// Everything the demo needs, started and ended together: a PostgreSQL cluster, a broker with the
// plugin (with --brokers N: several, and haproxy), and the application.  All of it lives in one folder,
// and nothing outside is touched.

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster } from '../../tests/stack/cluster.js';
import { freePort, takePort } from '../../tests/stack/ports.js';
import { pause, until } from '../../tests/stack/wait.js';
import { nameOf, startApplication } from './application.js';
import { startBrokers } from './brokers.js';
import { openDatabase, roleFor } from './database.js';
import { startMail } from './mail.js';

const WATCH_EVERY = 1000;
const IMPATIENT = 500;
const START_TIMEOUT = 30000;

/** Root's home is closed to the users that the servers run as. */
function usualFolder() {
	const base = process.getuid?.() === 0 ? '/var/lib' : process.env.XDG_DATA_HOME || join(homedir(), '.local/share');
	return join(base, 'mosquitto-chat-demo');
}

const { values: options, positionals } = parseArgs({ options: { brokers: { type: 'string', default: '1' } }, allowPositionals: true });
const folder = resolve(positionals[0] ?? usualFolder());
const count = Number(options.brokers);
const inFolder = (/** @type {string} */ name) => join(folder, name);

/** @param {string} line */
function say(line) {
	process.stdout.write(`${line}\n`);
}

/**
 * A small file that is never seen half written.
 * @param {string} name
 * @param {string} text
 */
function remember(name, text) {
	writeFileSync(inFolder(`${name}.new`), text, { mode: 0o600 });
	renameSync(inFolder(`${name}.new`), inFolder(name));
}

/**
 * @param {string} name
 * @returns {string} empty when there is none
 */
function recall(name) {
	return existsSync(inFolder(name)) ? readFileSync(inFolder(name), 'utf8').trim() : '';
}

/**
 * @param {string} name
 * @returns {string} 64 characters, made at the first start
 */
function secret(name) {
	if (!recall(name)) {
		remember(name, `${randomBytes(32).toString('hex')}\n`);
	}
	return recall(name);
}

/** Of brokers that share the database: more of them would not be more of a demo. */
const MOST_BROKERS = 8;

/** The ports of the last time, or others where somebody else has taken them. */
async function choosePorts() {
	/** @type {Record<string, number>} */
	let known = {};
	try {
		known = JSON.parse(recall('ports'));
	} catch {
		// The first start.
	}
	const own = Array.from({ length: count > 1 ? count : 0 }, (_, n) => [`websocket${n + 1}`, `mqtt${n + 1}`]);
	/** @type {Record<string, number>} */
	const ports = {};
	for (const name of ['page', 'websocket', 'mqtt', 'postgres', ...own.flat()]) {
		const port = known[name];
		ports[name] = Number.isInteger(port) && await takePort(port) ? port : await freePort();
	}
	remember('ports', `${JSON.stringify({ ...known, ...ports })}\n`);
	return { ...ports, each: own.map(([wsPort, tcpPort]) => ({ wsPort: ports[wsPort], tcpPort: ports[tcpPort] })) };
}

/**
 * Whether a process lives whose command line has these words: a number alone may be somebody
 * else's by now.
 * @param {number} pid
 * @param {string[]} words
 * @returns {boolean}
 */
function lives(pid, words) {
	try {
		const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
		return pid > 0 && words.every((word) => line.some((it) => it.endsWith(word)));
	} catch {
		return false;
	}
}

/**
 * Ends a server that a demo without a proper end (SIGKILL) has left behind in this folder.
 * @param {string} what
 * @param {number} pid
 * @param {string[]} words
 * @param {NodeJS.Signals} signal
 */
async function endLeftover(what, pid, words, signal) {
	if (lives(pid, words)) {
		say(`Ending the ${what} that an earlier run left behind.`);
		process.kill(pid, signal);
		await until(`the old ${what} (process ${pid}) to end`, () => !lives(pid, words));
	}
}

async function takeFolder() {
	const [pid, address] = recall('running').split(' ');
	if (lives(Number(pid), ['js-client/demo/main.js']) && Number(pid) !== process.pid) {
		throw new Error(`the demo runs already, as process ${pid}: ${address}`);
	}
	for (const name of readdirSync(folder).filter((it) => /^(broker(-\d)?|haproxy)\.pid$/.test(it)).map((it) => it.slice(0, -'.pid'.length))) {
		const conf = name === 'haproxy' ? 'haproxy.cfg' : 'mosquitto.conf';
		await endLeftover(name, Number(recall(`${name}.pid`)), [inFolder(`${name}/${conf}`)], 'SIGTERM');
	}
	const postmaster = inFolder('postgres/data/postmaster.pid');
	const line = existsSync(postmaster) ? readFileSync(postmaster, 'utf8').split('\n')[0] : '';
	await endLeftover('PostgreSQL', Number(line), ['postgres', inFolder('postgres/data')], 'SIGINT');
}

/** What has to end, the last one first. @type {(() => unknown)[]} */
const endings = [];
/** When we were told to end, in ms; 0: not yet. */
let ending = 0;

/**
 * @param {number} code
 * @param {NodeJS.Signals} [signal] by which we were asked
 */
async function end(code, signal) {
	if (ending) {
		// A terminal that closes may say so twice.  Somebody who presses Ctrl-C again means it: what
		// still runs is killed as this process exits.
		if (signal === 'SIGINT' && Date.now() - ending > IMPATIENT) {
			process.exit(1);
		}
		return;
	}
	ending = Date.now();
	// What is being started now has to be known before it can be ended.
	await Promise.race([started.catch(() => {}), pause(START_TIMEOUT)]);
	const begun = endings.length > 0;
	for (const stop of endings.reverse()) {
		try {
			await stop();
		} catch (error) {
			say(/** @type {Error} */ (error).message);
			code = 1;
		}
	}
	if (begun) {
		say(`Ended. The messages stay in ${folder}`);
	}
	if (signal === 'SIGHUP') {
		// In process.exit() Node aborts when its terminal is gone.  So let the signal do what it
		// does by itself, after all that hears of an exit.
		process.emit('exit', code);
		process.removeAllListeners('SIGHUP');
		process.kill(process.pid, 'SIGHUP');
	} else {
		process.exit(code);
	}
}

async function main() {
	if (!(count >= 1 && count <= MOST_BROKERS)) {
		throw new Error(`--brokers takes a number from 1 to ${MOST_BROKERS}`);
	}
	mkdirSync(folder, { recursive: true });
	chmodSync(folder, 0o755);
	await takeFolder();
	const ports = await choosePorts();
	const address = `http://127.0.0.1:${ports.page}/`;
	remember('running', `${process.pid} ${address}\n`);
	endings.push(() => rmSync(inFolder('running'), { force: true }));

	say('Starting PostgreSQL …');
	const cluster = await startCluster({ dir: inFolder('postgres'), port: ports.postgres });
	endings.push(() => cluster.stop());
	if (ending) {
		return;
	}
	await cluster.install();
	const login = { user: 'windfall', password: secret('windfall.password') };
	await cluster.query(roleFor(login));

	say(count > 1 ? `Starting ${count} Mosquittos with the plugin, and haproxy …` : 'Starting Mosquitto with the plugin …');
	const chatSecret = secret('chat.secret');
	const brokers = await startBrokers({
		folder,
		entrance: { tcpPort: ports.mqtt, wsPort: ports.websocket },
		each: ports.each,
		conninfo: cluster.conninfo,
		secret: chatSecret,
	});
	endings.push(() => brokers.stop());
	if (ending) {
		return;
	}

	// As an operator would give it to an application; nothing is started after this.
	process.env.CHAT_SECRET = chatSecret;
	const database = await openDatabase({ ...login, host: cluster.host, port: cluster.port, database: cluster.database });
	endings.push(() => database.close());
	const mail = startMail(database, nameOf, say);
	endings.push(() => mail.stop());
	const application = await startApplication({
		port: ports.page,
		sessionKey: secret('session.key'),
		wsPort: brokers.wsPort,
		database,
		files: inFolder('files'),
		more: (it) => brokers.addPage(it, cluster),
	});
	endings.push(() => application.stop());

	const watch = setInterval(() => {
		const dead = [...brokers.dead(),
			!cluster.alive() && `PostgreSQL (see ${inFolder('postgres/log')})`].filter(Boolean);
		if (dead.length > 0 && !ending) {
			say(`Something has ended by itself: ${dead.join(' and ')}.`);
			end(1);
		}
	}, WATCH_EVERY);
	endings.push(() => clearInterval(watch));

	say(`
    mosquitto-chat demo:  ${application.address}

    Open it in two windows of your browser, log in as somebody else in each, and chat.
${count > 1 ? `    ${application.address}brokers shows who is on which broker; kill one, and chat on.\n` : ''}\
    The ${count > 1 ? 'balancer' : 'broker'} listens on 127.0.0.1:${brokers.tcpPort} (MQTT) and 127.0.0.1:${brokers.wsPort} (WebSockets).
    Everything is in ${folder}
    Ctrl-C ends it; the messages are still there the next time.
`);
}

// A closed terminal takes our output with it, which is no reason to skip the rest of the ending.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
	process.on(signal, () => end(0, signal));
}

const started = main();
started.catch((error) => {
	if (!ending) {
		say(`The demo did not start: ${error.message}`);
		end(1);
	}
});
