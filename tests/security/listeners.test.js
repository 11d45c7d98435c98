// Other ways into the same broker.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync } from 'node:fs';
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

const SANITIZED = isSanitized(PLUGIN) && 'a plain build is needed';
const VERSION = spawnSync(MOSQUITTO, ['-h'], { encoding: 'utf8' }).stdout.match(/mosquitto version (\S+)/)?.[1] ?? '';
const OF_2_1 = !/^2\.[1-9]/.test(VERSION) && 'Mosquitto 2.1 is needed';

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
		const user = serviceUser('mosquitto');
		const dir = join(stage.dir, `per-listener-${t.name.length}`);
		makeFolder(user, dir);
		const plugin = join(dir, 'mosquitto_chat.so');
		copyFileSync(PLUGIN, plugin);
		const [tcpPort, open] = [await freePort(), await freePort()];
		const conf = join(dir, 'mosquitto.conf');
		writeFileSync(conf, [
			'log_dest stderr', 'log_type all', ...lines(`listener ${tcpPort} 127.0.0.1`, [
				plugin, `plugin_opt_database ${stage.cluster.conninfo}`, `plugin_opt_secret_file ${stage.broker.secretFile}`,
			]), `listener ${open} 127.0.0.1`, 'allow_anonymous true', '',
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
		const broker = { ...stage.broker, tcpPort };
		const eve = await until('the second listener', () => connect({ broker: { ...broker, tcpPort: open }, transport: 'tcp' }).catch(() => null));
		return { broker, eve, log: () => readFileSync(logFile, 'utf8') };
	}

	test('without the plugin (per_listener_settings true) hears nothing: no user gets in', { skip: SANITIZED }, async (t) => {
		const { broker, eve, log } = await perListener(t, (listener, plugin) =>
			['per_listener_settings true', listener, 'allow_anonymous false', `plugin ${plugin[0]}`, ...plugin.slice(1)]);
		const [first, second] = newIds(2);
		await eve.subscribe(`chat/${first}/${second}`);
		assert.equal(await refusalOf({ broker, id: first, transport: 'tcp' }), 5);
		assert.match(log(), /chat: \S+mosquitto\.conf sets per_listener_settings true: .*logins are refused/);
		await eve.none(null);
		if (VERSION === '2.0.11') {
			// It does not tick either, which alone would be enough.
			await until('the line about it', async () => {
				await refusalOf({ broker, id: first, transport: 'tcp' });
				return /chat: the broker does not tick: logins are refused/.test(log());
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
