// What users may choose freely - names, client identifiers, refs, texts, ids - means nothing to
// PostgreSQL, to printf, to the log or to a terminal.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refusalOf } from '../e2e/client.js';
import { connectRaw } from '../e2e/raw.js';
import { chatOf, newIds, useStage } from '../e2e/stage.js';
import { signJwt } from '../stack/tokens.js';
import { until } from '../stack/wait.js';

const SQL = ["'; drop table chat.messages; --", "\\'; select 1", '$$; drop schema chat cascade; $$', '{"a","b"}', '{NULL}', 'NULL', '\\\\x00', '(1,2)', '"', "E'\\000'", ',,', '\\N'];
const FORMATS = ['%s%s%s%s%n', '%1$n', '%99999999d', '%%'];
const TERMINAL = ['\u001b[2J\u001b]0;owned\u0007', '\u009b31m', '\r\n1795334400: chat: all is well', '\u202Etxt.exe', '\u0008\u0008\u0008', '\u007f'];

describe('texts of users', () => {
	const stage = useStage({ options: { rate_limit: 0 }, conf: 'log_type all' });

	test('are texts to PostgreSQL, whatever they look like', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		await bob.unsubscribe(chat);
		await bob.enterLobby();
		const texts = [...SQL, ...FORMATS, ...TERMINAL];
		for (const text of texts) {
			const ref = [...text].slice(0, 64).join('');
			await ann.publish(chat, { event: 'message', text, ref });
			const echo = await ann.next(chat, 'message');
			assert.deepEqual([echo.text, echo.ref], [text, ref]);
			assert.equal((await bob.next(`user/${bob.id}`, 'notification')).message.text, text);
		}
		const { history } = await bob.join(chat);
		assert.deepEqual(history.messages.map((/** @type {any} */ it) => it.text), texts);
		assert.equal((await stage.stored(room)).length, texts.length);
	});

	test('are texts as names, too', async () => {
		for (const name of [...SQL, ...FORMATS, '\u202Eeve', '<script>alert(1)</script>']) {
			const [first, second] = newIds(2);
			const chat = chatOf(first, second);
			const ann = await stage.connect({ id: first, name });
			const bob = await stage.connect({ id: second });
			await bob.enterLobby();
			assert.equal((await ann.join(chat)).presence.users[first].name, name);
			await ann.say(chat, 'x');
			assert.equal((await bob.next(`user/${second}`, 'notification')).name, name);
			await ann.end();
			await bob.end();
		}
	});

	test('are ids, with the letters that an id may have', async () => {
		for (const [first, second] of [['a', "b'"], ['a', 'b"'], ['a', '$1'], ['a', 'b\\'], ['a', 'b;'], ['a', 'b%s']]) {
			assert.notEqual(await refusalOf({ broker: stage.broker, id: second }), 0);
			const ann = await stage.connect({ id: first });
			assert.ok(await ann.subscribe(`chat/${first}/${second}`) >= 0x80);
			await ann.end();
		}
		const ann = await stage.connect({ id: '--', name: 'a comment to SQL' });
		const { history } = await ann.join('chat/--/==.@~_-');
		assert.deepEqual(history.messages, []);
		await ann.say('chat/--/==.@~_-', 'x');
	});

	test('write no line of their own into the log, and nothing that a terminal obeys', async () => {
		const [id] = newIds(1);
		const { broker } = stage;
		const before = broker.log().length;
		for (const nasty of [...TERMINAL, ...FORMATS]) {
			// Of the client identifiers, 3.1.1 and 5 allow what UTF-8 can say; the broker writes them as they are.
			const login = { username: '', password: signJwt('a secret that is not the right one', { sub: id, exp: Date.now() / 1000 + 60, name: nasty }) };
			await refusalOf({ broker, ...login, clientId: `c-${nasty}` }).catch(() => {});
			await refusalOf({ broker, username: `${id}:${nasty}`, password: 'A'.repeat(43) }).catch(() => {});
			const client = await stage.connect({ id, clientId: `d-${nasty}` }).catch(() => null);
			await client?.publish(chatOf('1', id), { event: nasty, ref: nasty.slice(0, 8) });
			await client?.subscribe(`chat/${nasty}`).catch(() => {});
			await client?.destroy();
		}
		await until('a line about a refused login', () => /chat: .*login refused/.test(broker.log().slice(before)));
		const ours = broker.log().slice(before).split(/\n/).filter((line) => line.includes('chat: '));
		assert.ok(ours.length > 0);
		for (const line of ours.filter((it) => /^\d+: chat: /.test(it))) {
			assert.ok(!/[\u0000-\u001f\u007f-\u009f]/.test(line), JSON.stringify(line));
		}
		assert.ok(!/^1795334400: chat: all is well/m.test(broker.log()));
	});

	test('may be split over packets in any way', async () => {
		const { bob, chat } = await stage.couple();
		const raw = await connectRaw({ broker: stage.broker, id: bob.id });
		for (const text of ['\u{1F600}', 'é']) {
			const bytes = Buffer.from(JSON.stringify({ event: 'message', text }));
			raw.send({ cmd: 'publish', topic: chat, messageId: 1, qos: 1, payload: bytes });
			await raw.packet('puback');
			// Half a character is none.
			raw.send({ cmd: 'publish', topic: chat, messageId: 2, qos: 1, payload: bytes.subarray(0, bytes.length - 3) });
			await raw.packet('puback');
			assert.equal((await bob.next(chat, 'message')).text, text);
		}
		await bob.none(chat);
	});
});
