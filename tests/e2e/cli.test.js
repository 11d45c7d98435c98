// mosquitto_pub and mosquitto_sub, as anybody has them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from '../stack/children.js';
import { signJwt, signName } from '../stack/tokens.js';
import { newIds, useStage } from './stage.js';

describe('from the command line', () => {
	const stage = useStage();

	/** @param {string} id @param {string} [name] */
	function login(id, name = id) {
		const { username, password } = signName(stage.broker.secrets[0], id, name);
		return ['-h', '127.0.0.1', '-p', String(stage.broker.tcpPort), '-u', username, '-P', password];
	}

	for (const version of ['mqttv311', 'mqttv5']) {
		for (const qos of ['0', '1', '2']) {
			test(`mosquitto_pub sends a message with ${version} and QoS ${qos}`, async () => {
				const { ann, bob, chat } = await stage.couple();
				const payload = JSON.stringify({ event: 'message', text: 'from the shell', ref: 'sh' });
				const { code, stderr } = await run('mosquitto_pub', [...login(ann.id), '-V', version, '-q', qos, '-t', chat, '-m', payload]);
				assert.equal(code, 0, stderr);
				const message = await bob.next(chat, 'message');
				assert.deepEqual([message.text, message.ref, message.user_id], ['from the shell', 'sh', ann.id]);
			});
		}

		test(`mosquitto_sub hears a chat with ${version}`, async () => {
			const [first, second] = newIds(2);
			const chat = `chat/${first}/${second}`;
			const ann = await stage.connect({ id: first });
			await ann.join(chat);
			const listening = run('mosquitto_sub', [...login(second, 'Shell'), '-V', version, '-q', '1', '-t', chat, '-C', '5', '-v']);
			await ann.next(chat, (event) => second in (event.joins ?? {}));
			await ann.say(chat, 'hello, shell');
			const { stdout } = await listening;
			const lines = stdout.trim().split('\n');
			assert.ok(lines.every((line) => line.startsWith(`${chat} {`)), stdout);
			const events = lines.map((line) => JSON.parse(line.slice(chat.length + 1)).event);
			for (const event of ['history', 'presence_state', 'presence_diff', 'message', 'peer']) {
				assert.ok(events.includes(event), stdout);
			}
		});

		test(`mosquitto_sub hears its lobby with ${version}`, async () => {
			const [first, second] = newIds(2);
			const ann = await stage.connect({ id: first });
			await ann.join(`chat/${first}/${second}`);
			await ann.say(`chat/${first}/${second}`, 'are you there');
			const { stdout } = await run('mosquitto_sub', [...login(second), '-V', version, '-t', `user/${second}`, '-C', '1']);
			const unread = JSON.parse(stdout);
			assert.deepEqual([unread.event, unread.total, unread.chats[0].last.text], ['unread', 1, 'are you there']);
		});
	}

	test('a JWT is a password with the id as its username', async () => {
		const [id] = newIds(1);
		const token = signJwt(stage.broker.secrets[0], { sub: id, exp: Math.floor(Date.now() / 1000) + 60 });
		const { stdout } = await run('mosquitto_sub', ['-h', '127.0.0.1', '-p', String(stage.broker.tcpPort), '-u', id, '-P', token, '-t', `user/${id}`, '-C', '1']);
		assert.equal(JSON.parse(stdout).event, 'unread');
	});

	test('a wrong password is refused', async () => {
		const [id] = newIds(1);
		const args = login(id);
		args[args.indexOf('-P') + 1] = Buffer.alloc(32).toString('base64');
		const { code, stderr } = await run('mosquitto_pub', [...args, '-t', 'chat/1/2', '-m', '{}']);
		assert.notEqual(code, 0);
		assert.match(stderr, /not authori[sz]ed/i);
	});

	test('the chat of others is refused to mosquitto_sub', async () => {
		const { chat } = await stage.couple();
		const [id] = newIds(1);
		const { stdout, stderr } = await run('mosquitto_sub', [...login(id), '-t', chat, '-W', '20']);
		assert.equal(stdout, '');
		assert.match(stderr, /denied/);
	});

	test('a line from a pipe each is a message each', async () => {
		const { ann, bob, chat } = await stage.couple();
		const input = ['one', 'two', 'three'].map((text) => `${JSON.stringify({ event: 'message', text })}\n`).join('');
		assert.equal((await run('mosquitto_pub', [...login(ann.id), '-q', '1', '-t', chat, '-l'], { input })).code, 0);
		for (const text of ['one', 'two', 'three']) {
			assert.equal((await bob.next(chat, 'message')).text, text);
		}
	});
});
