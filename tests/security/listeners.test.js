// Other ways into the same broker.

import assert from 'node:assert/strict';
import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, refusalOf } from '../e2e/client.js';
import { connectRaw } from '../e2e/raw.js';
import { newIds, useStage } from '../e2e/stage.js';
import { ended, start } from '../stack/children.js';
import { freePort } from '../stack/ports.js';
import { isSanitized } from '../stack/sanitizer.js';
import { give, makeFolder, serviceUser } from '../stack/users.js';
import { until } from '../stack/wait.js';

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

	test('without the plugin (per_listener_settings true) hears nothing: on 2.0.11 no user gets in', async (t) => {
		const plugin = process.env.CHAT_PLUGIN ?? fileURLToPath(new URL('../../build/mosquitto_chat.so', import.meta.url));
		if (isSanitized(plugin) || !/version 2\.0\.11 /.test(stage.broker.log())) {
			t.skip('a plain build and Mosquitto 2.0.11 are needed: for later ones SECURITY.md says what happens');
			return;
		}
		const user = serviceUser('mosquitto');
		const dir = join(stage.dir, 'per-listener');
		makeFolder(user, dir);
		const copy = join(dir, 'mosquitto_chat.so');
		copyFileSync(plugin, copy);
		const [tcpPort, open] = [await freePort(), await freePort()];
		const conf = join(dir, 'mosquitto.conf');
		writeFileSync(conf, [
			'per_listener_settings true', 'log_dest stderr', 'log_type all',
			`listener ${tcpPort} 127.0.0.1`, 'allow_anonymous false', `plugin ${copy}`, `plugin_opt_database ${stage.cluster.conninfo}`, `plugin_opt_secret_file ${stage.broker.secretFile}`,
			`listener ${open} 127.0.0.1`, 'allow_anonymous true', '',
		].join('\n'), { mode: 0o600 });
		give(user, conf);
		const logFile = join(dir, 'log');
		const output = openSync(logFile, 'w', 0o600);
		const child = await start(process.env.CHAT_MOSQUITTO || '/usr/sbin/mosquitto', ['-c', conf], { output, cwd: dir });
		closeSync(output);
		try {
			const broker = { ...stage.broker, tcpPort };
			const [first, second] = newIds(2);
			const eve = await until('the second listener', () => connect({ broker: { ...broker, tcpPort: open }, transport: 'tcp' }).catch(() => null));
			await eve.subscribe(`chat/${first}/${second}`);
			await until('a user to be refused', async () => {
				const user_ = await connect({ broker, id: first, transport: 'tcp' }).catch(() => null);
				await user_?.publish(`chat/${first}/${second}`, { event: 'message', text: 'between us' });
				await user_?.end();
				return !user_;
			}, { every: 200 });
			assert.match(readFileSync(logFile, 'utf8'), /chat: the broker does not tick: logins are refused/);
			await eve.none(null);
			await eve.destroy();
		} finally {
			child.signal('SIGKILL');
			await ended('mosquitto', child);
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
