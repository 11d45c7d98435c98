// Other ways into the same broker.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { closeSync, copyFileSync, existsSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect, refusalOf } from '../e2e/client.js';
import { connectRaw } from '../e2e/raw.js';
import { newIds, useStage } from '../e2e/stage.js';
import { ended, start } from '../stack/children.js';
import { MOSQUITTO, PLUGIN } from '../stack/broker.js';
import { freePort } from '../stack/ports.js';
import { isSanitized } from '../stack/sanitizer.js';
import { give, makeFolder, serviceUser } from '../stack/users.js';
import { until } from '../stack/wait.js';

let brokers = 0;
const SANITIZED = isSanitized(PLUGIN) && 'a plain build is needed';
const VERSION = spawnSync(MOSQUITTO, ['-h'], { encoding: 'utf8' }).stdout.match(/mosquitto version (\S+)/)?.[1] ?? '';
/** Debian's, also where another broker is tried. */
const DYNAMIC_SECURITY = readdirSync('/usr/lib').map((folder) => `/usr/lib/${folder}/mosquitto_dynamic_security.so`).find((file) => existsSync(file));
const OF_2_1 = !/^2\.[1-9]/.test(VERSION) && 'Mosquitto 2.1 is needed';

/**
 * A broker with a configuration of its own.
 * @param {import('node:test').TestContext} t
 * @param {ReturnType<typeof useStage>} stage
 * @param {(listener: string, plugin: string[], dir: string) => string[]} lines told the line of a first
 *   listener, the plugin's path and its options, and a folder
 */
async function brokerOf(t, stage, lines) {
	const user = serviceUser('mosquitto');
	const dir = join(stage.dir, `broker-of-${++brokers}`);
	makeFolder(user, dir);
	const plugin = join(dir, 'mosquitto_chat.so');
	copyFileSync(PLUGIN, plugin);
	const tcpPort = await freePort();
	const conf = join(dir, 'mosquitto.conf');
	writeFileSync(conf, [
		'log_dest stderr', 'log_type all', ...lines(`listener ${tcpPort} 127.0.0.1`, [
			plugin, `plugin_opt_database ${stage.cluster.conninfo}`, `plugin_opt_secret_file ${stage.broker.secretFile}`,
		], dir), '',
	].join('\n'), { mode: 0o600 });
	give(user, conf);
	const logFile = join(dir, 'log');
	const output = openSync(logFile, 'w', 0o600);
	const child = await start(MOSQUITTO, ['-c', conf], { output, cwd: dir });
	closeSync(output);
	t.after(async () => {
		child.signal('SIGKILL');
		await ended('mosquitto', child);
	});
	const log = () => readFileSync(logFile, 'utf8');
	await until(`mosquitto to run, see ${logFile}`, () => / running$/m.test(log()) || !child.alive());
	return { broker: { ...stage.broker, tcpPort, pid: child.pid, log }, log };
}

describe('a second listener', () => {
	const stage = useStage();

	test('has the plugin as well: it gives no way around the tokens', async () => {
		const port = await freePort();
		const broker = await stage.another({ conf: `listener ${port} 127.0.0.1` });
		const beside = { ...broker, tcpPort: port };
		const [first, second] = newIds(2);
		const chat = `chat/${first}/${second}`;
		assert.equal(await refusalOf({ broker: beside, id: first, secret: 'another secret than the one that is', transport: 'tcp' }), 5);
		assert.equal(await refusalOf({ broker: beside, transport: 'tcp' }), 5);
		const ann = await connect({ broker, id: first });
		const bob = await connect({ broker: beside, id: second, transport: 'tcp' });
		await ann.join(chat);
		await bob.join(chat);
		await ann.say(chat, 'from the one to the other');
		await bob.next(chat, 'message');
	});

	test('with a mount point has topics of its own, and no chats', async () => {
		const port = await freePort();
		const broker = await stage.another({ conf: `listener ${port} 127.0.0.1\nmount_point chat/` });
		const [first, second] = newIds(2);
		const bob = await connect({ broker, id: second });
		await bob.join(`chat/${first}/${second}`);
		const eve = await connect({ broker: { ...broker, tcpPort: port }, id: '999', transport: 'tcp' });
		for (const topic of [`${first}/${second}`, `chat/${first}/${second}`]) {
			await eve.subscribe(topic);
			await eve.publish(topic, { event: 'message', text: 'from below' });
		}
		await bob.none(`chat/${first}/${second}`, (/** @type {any} */ event) => event.event !== 'presence_diff');
		await eve.none(null);
	});

	/**
	 * A broker with rules for each listener: with the plugin where `lines` say so, and open to everybody
	 * where they do not.
	 * @param {import('node:test').TestContext} t
	 * @param {(listener: string, plugin: string[]) => string[]} lines
	 */
	async function perListener(t, lines) {
		const open = await freePort();
		const { broker, log } = await brokerOf(t, stage, (listener, plugin) =>
			[...lines(listener, plugin), `listener ${open} 127.0.0.1`, 'allow_anonymous true']);
		const eve = await until('the second listener', () => connect({ broker: { ...broker, tcpPort: open }, transport: 'tcp' }).catch(() => null));
		return { broker, eve, log, open: { ...broker, tcpPort: open } };
	}

	test('without the plugin (per_listener_settings true) hears nothing: no user gets in', { skip: SANITIZED }, async (t) => {
		const { broker, eve, log } = await perListener(t, (listener, plugin) =>
			['per_listener_settings true', listener, 'allow_anonymous false', `plugin ${plugin[0]}`, ...plugin.slice(1)]);
		const [first, second] = newIds(2);
		await eve.subscribe(`chat/${first}/${second}`);
		assert.equal(await refusalOf({ broker, id: first, transport: 'tcp' }), 5);
		assert.match(log(), /chat: \S+mosquitto\.conf sets per_listener_settings true: .*chat logins are refused/);
		await eve.none(null);
		if (VERSION === '2.0.11') {
			// It does not tick either, which alone would be enough.
			await until('the line about it', async () => {
				await refusalOf({ broker, id: first, transport: 'tcp' });
				return /chat: the broker does not tick: chat logins are refused/.test(log());
			}, { every: 200 });
		}
	});

	test('that does not use a plugin loaded by name hears nothing: no user gets in', { skip: SANITIZED || OF_2_1 }, async (t) => {
		const { broker, eve, log } = await perListener(t, (listener, plugin) =>
			[`plugin_load chat ${plugin[0]}`, ...plugin.slice(1), listener, 'listener_allow_anonymous false', 'plugin_use chat']);
		const [first, second] = newIds(2);
		await eve.subscribe(`chat/${first}/${second}`);
		assert.equal(await refusalOf({ broker, id: first, transport: 'tcp' }), 5);
		assert.match(log(), /chat: \S+mosquitto\.conf loads the plugin by plugin_load: .*logins are refused/);
		await eve.none(null);
	});

	test('has the plugin as well where it is a global_plugin, whatever is per listener', { skip: SANITIZED || OF_2_1 }, async (t) => {
		const { broker, eve } = await perListener(t, (listener, plugin) =>
			['per_listener_settings true', `global_plugin ${plugin[0]}`, ...plugin.slice(1), listener, 'allow_anonymous false']);
		const [first, second] = newIds(2);
		const chat = `chat/${first}/${second}`;
		await eve.subscribe(chat);
		const ann = await connect({ broker, id: first, transport: 'tcp' });
		await ann.join(chat);
		await ann.say(chat, 'between us');
		await eve.none(null);
	});
});

/** What `mosquitto_ctrl dynsec init` writes: an administrator who may do anything. @param {string} password */
function dynamicSecurity(password) {
	const salt = randomBytes(12);
	const acls = ['publishClientSend', 'publishClientReceive', 'subscribePattern', 'unsubscribePattern'].map((acltype) => ({ acltype, topic: '#', priority: 0, allow: true }));
	return JSON.stringify({
		defaultACLAccess: { publishClientSend: false, publishClientReceive: true, subscribe: false, unsubscribe: true },
		clients: [{
			username: 'admin', roles: [{ rolename: 'admin' }], iterations: 101,
			password: pbkdf2Sync(password, salt, 101, 64, 'sha512').toString('base64'), salt: salt.toString('base64'),
		}],
		groups: [],
		roles: [{ rolename: 'admin', acls }],
	});
}

describe('another plugin (dynamic security)', { skip: SANITIZED || (!DYNAMIC_SECURITY && 'mosquitto_dynamic_security.so is missing') }, () => {
	const stage = useStage();
	const ADMIN = { username: 'admin', password: 'the password' };

	/** Its lines. @param {string} dir */
	function itsLines(dir) {
		const file = join(dir, 'dynamic-security.json');
		writeFileSync(file, dynamicSecurity(ADMIN.password), { mode: 0o600 });
		give(serviceUser('mosquitto'), file);
		return [`plugin ${DYNAMIC_SECURITY}`, `plugin_opt_config_file ${file}`];
	}

	/** @param {string[]} plugin */
	const ourLines = (plugin) => [`plugin ${plugin[0]}`, ...plugin.slice(1)];

	test('after ours lets its administrator subscribe to everything, and hear nothing of the chats', async (t) => {
		const { broker, log } = await brokerOf(t, stage, (listener, plugin, dir) =>
			['allow_anonymous false', listener, ...ourLines(plugin), ...itsLines(dir)]);
		const [first, second] = newIds(2);
		const chat = `chat/${first}/${second}`;
		const admin = await connect({ broker, ...ADMIN, transport: 'tcp' });
		assert.equal(await admin.subscribe('#'), 1);
		const ann = await connect({ broker, id: first, transport: 'tcp' });
		await ann.join(chat);
		await ann.say(chat, 'between us');
		await admin.publish('other/topic', { for: 'all' });
		await admin.next('other/topic', (/** @type {any} */ event) => event.for === 'all');
		await admin.none(chat);
		assert.doesNotMatch(log(), /chat logins are refused/);
	});

	/** The files in the order in which the broker reads them. @type {Record<string, (listener: string, ours: string[], its: string[], dir: string) => string[]>} */
	const before = {
		'in one file': (listener, ours, its) => ['allow_anonymous false', listener, ...its, ...ours],
		'in an included file': (listener, ours, its, dir) => {
			const folder = join(dir, 'conf.d');
			makeFolder(serviceUser('mosquitto'), folder);
			for (const [name, lines] of [['a.conf', its], ['b.conf', ours]]) {
				writeFileSync(join(folder, String(name)), `${/** @type {string[]} */ (lines).join('\n')}\n`);
				give(serviceUser('mosquitto'), join(folder, String(name)));
			}
			return ['allow_anonymous false', listener, `include_dir ${folder}`];
		},
		'as auth_plugin': (listener, ours, its) => ['allow_anonymous false', listener, ...its.map((line) => line.replace(/^plugin_opt/, 'auth_opt').replace(/^plugin /, 'auth_plugin ')), ...ours],
		...OF_2_1 ? {} : {
			'as global_plugin': (listener, ours, its) => ['allow_anonymous false', listener, ...its.map((line) => line.replace(/^plugin /, 'global_plugin ')), ...ours],
		},
	};
	for (const [where, lines] of Object.entries(before)) {
		test(`before ours (${where}) keeps chat users out, says which line to move, and goes on working`, async (t) => {
			const { broker, log } = await brokerOf(t, stage, (listener, plugin, dir) => lines(listener, ourLines(plugin), itsLines(dir), dir));
			const [first] = newIds(1);
			assert.equal(await refusalOf({ broker, id: first, transport: 'tcp' }), 5);
			assert.match(log(), /chat: mosquitto_dynamic_security\.so \(\S+\.conf, line \d+\) is loaded before this plugin.*chat logins are refused\. Move the line that loads mosquitto_chat\.so \(\S+\.conf, line \d+\)/);
			const admin = await connect({ broker, ...ADMIN, transport: 'tcp' });
			assert.equal(await admin.subscribe('#'), 1);
			await admin.publish('other/topic', { for: 'all' });
			await admin.next('other/topic', (/** @type {any} */ event) => event.for === 'all');
		});
	}
});

describe('where chat users are kept out', { skip: SANITIZED }, () => {
	const stage = useStage();

	test('ordinary clients go on, also after a reload', async (t) => {
		const { broker, log } = await brokerOf(t, stage, (listener, plugin) =>
			['per_listener_settings true', listener, 'allow_anonymous true', `plugin ${plugin[0]}`, ...plugin.slice(1), 'plugin_opt_other_topics allow']);
		const [first] = newIds(1);
		for (let round = 0; round < 2; round++) {
			assert.equal(await refusalOf({ broker, id: first, transport: 'tcp' }), 5);
			assert.match(log(), /chat: \S+ from 127\.0\.0\.1 \(\S+\): login refused: no chat user may log in/);
			// Nobody takes the name of a chat user on the way.
			assert.equal(await refusalOf({ broker, username: `chat:${first}`, password: 'x', transport: 'tcp' }), 5);
			const machine = await connect({ broker, transport: 'tcp' });
			await machine.subscribe('machines/#');
			await machine.publish('machines/1', { heat: 21 });
			await machine.next('machines/1', (/** @type {any} */ event) => event.heat === 21);
			process.kill(broker.pid, 'SIGHUP');
			await machine.fence();
		}
	});
});

describe('a client that the broker knows by a certificate or not at all', () => {
	const stage = useStage({ conf: 'allow_anonymous true' });

	test('has nothing of the chats, subscribed or not', async () => {
		const { ann, chat } = await stage.couple();
		for (const version of /** @type {(4 | 5)[]} */ ([4, 5])) {
			const raw = await connectRaw({ broker: stage.broker, id: 'x', version, connect: { username: undefined, password: undefined } });
			assert.equal(raw.connack, 0);
			assert.ok(await raw.subscribe(chat) >= 0x80);
			raw.send({ cmd: 'publish', topic: chat, messageId: 5, qos: 1, payload: '{"event":"message","text":"x"}' });
			await raw.packet('puback');
			await ann.say(chat, 'between us');
			raw.send({ cmd: 'pingreq' });
			await raw.packet('pingresp');
			assert.ok(raw.packets.every((packet) => packet.cmd !== 'publish'));
			raw.destroy();
		}
		assert.equal((await stage.stored(chat.slice(5))).length, 2);
	});
});

describe('a machine that comes in by its certificate', { skip: SANITIZED }, () => {
	const stage = useStage();

	/** @param {string} dir @param {string[][]} commands of openssl */
	function openssl(dir, ...commands) {
		for (const args of commands) {
			const { status, stderr } = spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' });
			assert.equal(status, 0, stderr);
		}
	}

	/** An authority, and certificates for the server and a machine. @param {string} dir */
	function certificates(dir) {
		const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
		openssl(dir, ['req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=a test', '-days', '2']);
		for (const name of ['localhost', 'machine']) {
			openssl(dir,
				['req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`],
				['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', `${name}.crt`, '-days', '2']);
		}
		for (const file of readdirSync(dir)) {
			give(serviceUser('mosquitto'), join(dir, file));
		}
		return (/** @type {string} */ name) => readFileSync(join(dir, name));
	}

	test('keeps its client id from chat users, and hears nothing of the chats', async (t) => {
		const port = await freePort();
		/** @type {(name: string) => Buffer} */
		let file = () => Buffer.alloc(0);
		const { broker } = await brokerOf(t, stage, (listener, plugin, dir) => {
			file = certificates(dir);
			return ['allow_anonymous false', `plugin ${plugin[0]}`, ...plugin.slice(1), 'plugin_opt_other_topics allow', listener, `listener ${port} 127.0.0.1`,
				'cafile ca.crt', 'certfile localhost.crt', 'keyfile localhost.key', 'require_certificate true', 'use_identity_as_username true'];
		});
		const [first, second] = newIds(2);
		const chat = `chat/${first}/${second}`;
		const tls = { ca: file('ca.crt'), cert: file('machine.crt'), key: file('machine.key') };
		/** What makes the plugin know it: on 2.0 the first thing that it does, on 2.1 that it is there. @type {Record<string, (machine: import('../e2e/client.js').Client) => Promise<unknown>>} */
		const deeds = {
			subscribes: (machine) => machine.subscribe('machines/#'),
			publishes: (machine) => machine.publish('machines/1', { heat: 21 }),
			...OF_2_1 ? {} : { 'is there': async () => {} },
		};
		const ann = await connect({ broker, id: first, transport: 'tcp' });
		await ann.join(chat);
		for (const [what, deed] of Object.entries(deeds)) {
			const clientId = `machine that ${what}`;
			const machine = await connect({ broker: { ...broker, tcpPort: port }, transport: 'tcp', clientId, tls });
			await deed(machine);
			assert.equal(await refusalOf({ broker, id: second, transport: 'tcp', clientId }), 5, what);
			await machine.subscribe('#');
			await ann.say(chat, 'between us');
			await machine.none(chat);
			await machine.end();
			// Afterwards it is free again.
			await until(`a user to come in as ${clientId}`, () => connect({ broker, id: second, transport: 'tcp', clientId }).then((user) => user.end().then(() => true), () => false));
		}
	});
});
