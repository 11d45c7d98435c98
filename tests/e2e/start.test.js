// Starts: one that cannot work stops with a line that says what to do.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { MOSQUITTO, PLUGIN, StartError, startBroker } from '../stack/broker.js';
import { run } from '../stack/children.js';
import { scratchFolder } from '../stack/folder.js';
import { signName } from '../stack/tokens.js';
import { give, serviceUser } from '../stack/users.js';
import { until } from '../stack/wait.js';
import { connect, endClients, refusalOf } from './client.js';
import { connectRaw } from './raw.js';

/** Of Mosquitto. */
const OF_2_0 = /mosquitto version 2\.0/.test(spawnSync(MOSQUITTO, ['-h'], { encoding: 'utf8' }).stdout);
const NOWHERE = 'host=127.0.0.1 port=9 dbname=chat user=chat_plugin';
const SECRET = 'a secret of thirty-two bytes, ok';
const dir = scratchFolder('start');
let count = 0;
/** @type {import('../stack/broker.js').Broker[]} */
const brokers = [];

/** @param {Partial<import('../stack/broker.js').BrokerOptions>} options */
async function start(options) {
	const broker = await startBroker({ dir: join(dir, String(++count)), conninfo: NOWHERE, secrets: [SECRET], env: { CHAT_SECRET: undefined }, ...options });
	brokers.push(broker);
	return broker;
}

/** @param {import('../stack/broker.js').Broker} broker */
async function letsIn(broker, secret = SECRET) {
	const client = await connect({ broker, id: '1', secret });
	await client.fence();
}

/**
 * The start stops, with a line of ours that matches.
 * @param {RegExp} line
 * @param {Partial<import('../stack/broker.js').BrokerOptions>} options
 */
async function stops(line, options) {
	await assert.rejects(start(options), (error) => {
		assert.ok(error instanceof StartError, String(error));
		assert.notEqual(error.exit.code, 0);
		const lines = error.log.split('\n').filter((it) => /^\S+ chat: /.test(it));
		assert.ok(lines.some((it) => line.test(it)), `no line like ${line}:\n${error.log}`);
		return true;
	});
}

/** The inodes of the sockets that listen on this port. @param {number} port */
function listening(port) {
	const rows = ['tcp', 'tcp6'].flatMap((it) => readFileSync(`/proc/net/${it}`, 'utf8').split('\n').map((row) => row.trim().split(/\s+/)));
	const hex = port.toString(16).toUpperCase().padStart(4, '0');
	return rows.filter(([, local, , state]) => state === '0A' && local.endsWith(`:${hex}`)).map((row) => row[9]);
}

/**
 * Is the socket that listens on this port in one of the process's epoll sets?
 * @param {number} pid
 * @param {number} port
 */
function isWatched(pid, port) {
	const sockets = listening(port).map((inode) => `socket:[${inode}]`);
	const fds = readdirSync(`/proc/${pid}/fd`);
	const fd = fds.find((it) => sockets.includes(readlinkSync(`/proc/${pid}/fd/${it}`)));
	assert.ok(fd, `the broker does not listen on ${port}`);
	return fds.some((it) => new RegExp(`^tfd: +${fd} `, 'm').test(readFileSync(`/proc/${pid}/fdinfo/${it}`, 'utf8')));
}

describe('a start', () => {
	test('works without a database', async () => {
		assert.equal(Buffer.byteLength(SECRET), 32);
		await letsIn(await start({}));
	});

	afterEach(endClients);
	after(async () => {
		for (const broker of brokers) {
			await broker.stop();
		}
	});

	test('works with every option at its bounds', async () => {
		const low = { signed_names: 'true', jwt_audience: 'x', other_topics: 'defer', history_limit: 1, rate_limit: 0, queue_limit: 1 };
		const high = { signed_names: 'false', other_topics: 'allow', history_limit: 200, rate_limit: 1000000, queue_limit: 10000000 };
		await letsIn(await start({ options: low }));
		await start({ options: high });
	});

	test('has all listeners watched, by the broker or here', async () => {
		const broker = await start({});
		for (const port of [broker.tcpPort, broker.wsPort]) {
			await until(`port ${port} to be watched`, () => isWatched(broker.pid, port));
		}
	});

	/**
	 * Is the signal that wakes the broker blocked outside its sleep?  Asked while the broker is busy:
	 * the mask that it sleeps with lets everything through.
	 * @param {import('../stack/broker.js').Broker} broker
	 */
	async function holdsWakeups(broker) {
		const client = await connectRaw({ broker, id: '3' });
		const signal = 34 + 6; // SIGRTMIN + 6
		let held = false;
		for (let round = 0; round < 20 && !held; round++) {
			client.send(...Array(20000).fill({ cmd: 'pingreq' }));
			await until('the broker to be done', () => {
				const mask = /^SigBlk:\s*(\w+)/m.exec(readFileSync(`/proc/${broker.pid}/task/${broker.pid}/status`, 'utf8'));
				held ||= (BigInt(`0x${mask?.[1]}`) >> BigInt(signal - 1) & 1n) === 1n;
				return client.packets.splice(0, client.packets.length).length === 0;
			}, { every: 1 });
		}
		client.destroy();
		return held;
	}

	test('holds wake-ups back and watches WebSocket listeners on 2.0 alone, and there not if the options say so', async () => {
		const usual = await start({});
		await letsIn(usual);
		assert.equal(await holdsWakeups(usual), OF_2_0);
		const plain = await start({ options: { hold_wakeups: 'false', watch_websockets: 'false' } });
		await letsIn(plain);
		await (await connect({ broker: plain, id: '2', transport: 'ws' })).end();
		assert.equal(await holdsWakeups(plain), false);
		assert.equal(isWatched(plain.pid, plain.wsPort), !OF_2_0);
	});

	describe('without a secret', () => {
		test('stops and says where one may come from', () => stops(/secret_file|CHAT_SECRET/, { secrets: null }));
		test('in the variable that was named stops and names it', () => stops(/OTHER_VARIABLE/, { secrets: null, options: { secret_env: 'OTHER_VARIABLE' } }));
		test('in its file stops and names the file', () => stops(/secret/, { secrets: [] }));
		test('but blank lines stops', () => stops(/secret/, { secrets: ['', '', ''] }));
		test('because there is no such file stops and names it', () => stops(/no-such-file/, { secrets: null, options: { secret_file: '/no-such-file' } }));
	});

	describe('with a short secret', () => {
		const short = 'x'.repeat(31);
		test('stops and says how long it must be', () => stops(/32/, { secrets: [short] }));
		test('beside a good one stops', () => stops(/32/, { secrets: [SECRET, short] }));
		test('in the environment stops', () => stops(/32/, { secrets: null, env: { CHAT_SECRET: short } }));
	});

	test('with a secret file that everybody can read stops and says so', async () => {
		const file = join(dir, 'open-secret');
		writeFileSync(file, `${SECRET}\n`);
		give(serviceUser('mosquitto'), file);
		for (const mode of [0o644, 0o604]) {
			chmodSync(file, mode);
			await stops(/open-secret/, { secrets: null, options: { secret_file: file } });
		}
		chmodSync(file, 0o640);
		await letsIn(await start({ secrets: null, options: { secret_file: file } }));
	});

	test('takes the secret from the environment', async () => {
		await letsIn(await start({ secrets: null, env: { CHAT_SECRET: SECRET } }));
		const other = 'another secret of at least 32 bytes';
		const broker = await start({ secrets: null, options: { secret_env: 'OTHER' }, env: { CHAT_SECRET: SECRET, OTHER: other } });
		await letsIn(broker, other);
		assert.equal(await refusalOf({ broker, id: '1', secret: SECRET }), 5);
	});

	test('takes from a secret file each line, to the byte', async () => {
		const broker = await start({ secrets: null, ...await (async () => {
			const file = join(dir, 'lines');
			const lines = [`${SECRET}\r`, '', '\r', `${SECRET}  with  spaces`, `${SECRET} \u00e9 # not a comment`, `${SECRET} without an end`];
			writeFileSync(file, lines.join('\n'), { mode: 0o600 });
			give(serviceUser('mosquitto'), file);
			return { options: { secret_file: file } };
		})() });
		assert.match(broker.log(), /chat: secrets read: 4 are live/);
		for (const secret of [SECRET, `${SECRET}  with  spaces`, `${SECRET} \u00e9 # not a comment`, `${SECRET} without an end`]) {
			await letsIn(broker, secret);
		}
		for (const secret of [`${SECRET}\r`, `${SECRET} with spaces`, '', '\r', `${SECRET}\n`]) {
			const { username, password } = signName(secret, '1', 'x');
			assert.equal(await refusalOf({ broker, username, password }), 5);
		}
	});

	describe('with a line in its secret file that was not meant as a secret', () => {
		for (const [what, line, why] of /** @type {[string, string, RegExp][]} */ ([
			['a comment', `# ${SECRET}`, /line 2 begins with '#'/], ['a blank in front', ` ${SECRET}`, /line 2 begins with a blank/],
			['a blank behind', `${SECRET} `, /line 2 ends in a blank/], ['a byte order mark', `\ufeff${SECRET}`, /line 2 has a byte order mark/],
			['a control character', `${SECRET}\u0007`, /line 2 has a control character/],
		])) {
			test(`(${what}) stops and says which line it is`, () => stops(why, { secrets: [SECRET, line] }));
		}
	});

	test('takes from the environment what the host applications take', async () => {
		for (const end of ['\n', '\r\n']) {
			const broker = await start({ secrets: null, env: { CHAT_SECRET: `${SECRET}${end}` } });
			assert.match(broker.log(), /chat: secrets read: 1 is live/);
			await letsIn(broker);
		}
		await stops(/CHAT_SECRET.*line break/, { secrets: null, env: { CHAT_SECRET: `${SECRET}\n${SECRET}` } });
	});

	describe('with an option', () => {
		for (const [name, value] of [
			['no_such_option', '1'], ['Rate_limit', '20'], ['rate_limits', '20'],
			['rate_limit', 'many'], ['rate_limit', '-1'], ['rate_limit', '1.5'], ['rate_limit', '1000001'], ['rate_limit', '20x'], ['rate_limit', '99999999999999999999'],
			['queue_limit', '0'], ['queue_limit', '10000001'], ['queue_limit', 'x'], ['history_limit', '0'], ['history_limit', '201'],
			['signed_names', 'maybe'], ['other_topics', 'deny'],
		]) {
			test(`${name} ${value} stops and names it`, () => stops(new RegExp(name), { options: { [name]: value } }));
		}
	});

	test('asks the broker for nothing but what its plugin interface promises', async (t) => {
		const header = '/usr/include/mosquitto_broker.h';
		if (!existsSync(header)) {
			t.skip('mosquitto-dev is not installed');
			return;
		}
		const promised = readFileSync(header, 'utf8');
		const { code, stdout } = await run('nm', ['-D', PLUGIN]);
		assert.equal(code, 0);
		const symbols = stdout.trim().split('\n').map((line) => line.trim().split(/ +/));
		const wanted = symbols.filter(([kind, name]) => kind === 'U' && name.startsWith('mosquitto_')).map(([, name]) => name);
		assert.ok(wanted.includes('mosquitto_callback_register'));
		// Debian's 2.0.11 exports more, others only this.
		assert.deepEqual(wanted.filter((name) => !new RegExp(`\\b${name}\\(`).test(promised)), []);
		const offered = symbols.filter(([, kind]) => kind === 'T').map(([, , name]) => name);
		assert.deepEqual(offered.sort(), ['mosquitto_plugin_cleanup', 'mosquitto_plugin_init', 'mosquitto_plugin_version']);
	});

	test('that loads the plugin a second time stops', async () => {
		await stops(/second|twice|already|once/, { conf: (plugin) => `plugin ${plugin}\nplugin_opt_database ${NOWHERE}` });
	});
});
