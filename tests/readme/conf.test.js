// mosquitto.conf.example, started as it is but for the three lines to fill in (and the ports).

import assert from 'node:assert/strict';
import { chmodSync, closeSync, copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import { ended, start } from '../stack/children.js';
import { startCluster } from '../stack/cluster.js';
import { scratchFolder } from '../stack/folder.js';
import { freePort } from '../stack/ports.js';
import { signJwt, signName } from '../stack/tokens.js';
import { give, serviceUser } from '../stack/users.js';
import { until, within } from '../stack/wait.js';
import { CONF, fromTop } from './extract.js';
import { LANGUAGES, isThere, sign } from './programs.js';

const SECRET = 'the secret of the test of the example';
const PLUGIN = process.env.CHAT_PLUGIN || fromTop('build/mosquitto_chat.so');
const TIMEOUT = 120000;

const folder = scratchFolder('readme');
/** @type {import('../stack/cluster.js').Cluster} */
let cluster;
/** @type {import('../stack/children.js').Child} */
let broker;
let tcpPort = 0;
let wsPort = 0;
const logFile = join(folder, 'log');
const log = () => readFileSync(logFile, 'utf8');

/**
 * @param {string} conf
 * @param {string} from the whole line, or its beginning up to a space
 * @param {string} to
 */
function fillIn(conf, from, to) {
	const line = new RegExp(`^${from}( .*)?$`, 'gm');
	assert.equal([...conf.matchAll(line)].length, 1, `one line "${from}"`);
	return conf.replace(line, () => to);
}

before(async () => {
	cluster = await startCluster({ dir: join(folder, 'postgres'), settings: { fsync: 'off' } });
	await cluster.install();
	[tcpPort, wsPort] = [await freePort(), await freePort()];

	const dir = join(folder, 'broker');
	mkdirSync(dir);
	const plugin = join(dir, 'mosquitto_chat.so');
	copyFileSync(PLUGIN, plugin);
	const secretFile = join(dir, 'secret');
	writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });
	give(serviceUser('mosquitto'), secretFile);

	let conf = fillIn(CONF, 'plugin', `plugin ${plugin}`);
	conf = fillIn(conf, 'plugin_opt_database', `plugin_opt_database ${cluster.conninfo}`);
	conf = fillIn(conf, 'plugin_opt_secret_file', `plugin_opt_secret_file ${secretFile}`);
	conf = fillIn(conf, 'listener 1883', `listener ${tcpPort} 127.0.0.1`);
	conf = fillIn(conf, 'listener 9001', `listener ${wsPort} 127.0.0.1`);
	const confFile = join(dir, 'mosquitto.conf');
	writeFileSync(confFile, conf);
	chmodSync(confFile, 0o644);

	const output = openSync(logFile, 'w');
	broker = await start(process.env.CHAT_MOSQUITTO || '/usr/sbin/mosquitto', ['-c', confFile], { output, cwd: dir });
	closeSync(output);
	await until('the broker to run', () => {
		assert.ok(broker.alive(), `the broker has ended:\n${log()}`);
		return /version \S+ running/.test(log());
	});
}, { timeout: TIMEOUT });

after(async () => {
	broker?.signal('SIGTERM');
	if (broker) {
		await ended('mosquitto', broker);
	}
	await cluster?.stop();
}, { timeout: TIMEOUT });

/**
 * @param {string} url
 * @param {{ username: string, password: string }} login
 */
function connect(url, login) {
	return within(`a login at ${url}`, mqtt.connectAsync(url, { ...login, reconnectPeriod: 0, protocolVersion: 5 }));
}

/**
 * The next event of this kind.
 * @param {import('mqtt').MqttClient} client
 * @param {string} kind
 * @returns {Promise<any>}
 */
function next(client, kind) {
	return within(`a "${kind}"`, new Promise((resolve) => {
		client.on('message', (topic, payload) => {
			const event = JSON.parse(payload.toString());
			if (event.event === kind) {
				resolve(event);
			}
		});
	}));
}

test('example_conf_starts_without_a_word_of_complaint', { timeout: TIMEOUT }, () => {
	assert.doesNotMatch(log(), /error|warning|deprecated|unknown/i);
});

test('example_conf_lets_two_users_chat_over_both_listeners', { timeout: TIMEOUT }, async () => {
	const ann = await connect(`mqtt://127.0.0.1:${tcpPort}`, signName(SECRET, '1', 'Ann'));
	const exp = Math.floor(Date.now() / 1000) + 600;
	const ben = await connect(`ws://127.0.0.1:${wsPort}`,
		{ username: '', password: signJwt(SECRET, { sub: '2', name: 'Ben', exp }) });
	const history = next(ben, 'history');
	await ben.subscribeAsync('chat/1/2', { qos: 1 });
	assert.deepEqual((await history).messages, []);
	const message = next(ben, 'message');
	await ann.publishAsync('chat/1/2', JSON.stringify({ event: 'message', text: 'hi' }), { qos: 1 });
	const { seq, user_id, text } = await message;
	assert.deepEqual({ seq, user_id, text }, { seq: 1, user_id: '1', text: 'hi' });
	await Promise.all([ann.endAsync(), ben.endAsync()]);
});

for (const language of LANGUAGES) {
	const skip = isThere(language) ? false : `${language} is not installed`;

	test(`documented_${language}_program_signs_what_the_plugin_accepts`, { skip, timeout: TIMEOUT }, async () => {
		const [{ username, password, jwt }] = sign(language, SECRET, [['~zo.e', 'Zoë: "née" 🎉']]);
		for (const login of [{ username, password }, { username: '', password: jwt }, { username: '~zo.e', password: jwt }]) {
			const client = await connect(`mqtt://127.0.0.1:${tcpPort}`, login);
			const state = next(client, 'presence_state');
			await client.subscribeAsync('chat/1/~zo.e', { qos: 1 });
			assert.deepEqual((await state).users, { '~zo.e': { name: 'Zoë: "née" 🎉' } });
			await client.endAsync();
		}
	});
}

test('example_conf_lets_nobody_else_in', { timeout: TIMEOUT }, async () => {
	for (const login of [{}, { username: 'ann', password: 'guess' }]) {
		await assert.rejects(mqtt.connectAsync(`mqtt://127.0.0.1:${tcpPort}`,
			{ ...login, reconnectPeriod: 0, protocolVersion: 5 }));
	}
});

test('example_conf_answers_a_payload_beyond_its_limit', { timeout: TIMEOUT }, async () => {
	const ann = await connect(`mqtt://127.0.0.1:${tcpPort}`, signName(SECRET, '1', 'Ann'));
	await ann.subscribeAsync('chat/1/3', { qos: 1 });
	const error = next(ann, 'error');
	await ann.publishAsync('chat/1/3', 'x'.repeat(140 * 1024), { qos: 1 });
	assert.equal((await error).code, 'too_large');
	await ann.endAsync();
});
