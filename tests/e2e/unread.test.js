// Unread: what a lobby is told when its user comes.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WAYS, wayName } from './client.js';
import { chatOf, newIds, useStage } from './stage.js';

const KIB = 1024;

describe('unread', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	/**
	 * A message from one to another, by a connection of its own; resolves to the stored message.
	 * @param {string} from
	 * @param {string} to
	 * @param {string} text
	 */
	async function send(from, to, text) {
		const chat = chatOf(from, to);
		const client = await stage.connect({ id: from, transport: 'tcp' });
		await client.subscribe(chat);
		const { event, ...message } = await client.say(chat, text);
		assert.equal(event, 'message');
		await client.end();
		return message;
	}

	for (const way of WAYS) {
		test(`comes after the SUBACK, also when nothing is unread, by ${wayName(way)}`, async () => {
			const [id] = newIds(1);
			const ann = await stage.connect({ id, ...way });
			assert.deepEqual(await ann.enterLobby(), { event: 'unread', chats: [], total: 0, more: false });
			assert.equal(ann.packets.find((packet) => packet.cmd === 'suback' || packet.topic === `user/${id}`)?.cmd, 'suback');
		});
	}

	test('counts what the peers have sent, newest chat first', async () => {
		const [first, self, third] = newIds(3);
		await send(first, self, 'a');
		await send(third, self, 'b');
		const c = await send(first, self, 'c');
		const d = await send(third, self, 'd');
		const e = await send(third, self, 'e');
		const user = await stage.connect({ id: self });
		const { event, ...unread } = await user.enterLobby();
		assert.equal(event, 'unread');
		assert.deepEqual(unread, {
			chats: [
				{ chat: chatOf(self, third), user_id: third, name: third, count: 3, last: e },
				{ chat: chatOf(self, first), user_id: first, name: first, count: 2, last: c },
			],
			total: 5,
			more: false,
		});
		assert.deepEqual([c.seq, d.seq, e.seq], [2, 2, 3]);
	});

	test('does not count the own messages, and its last is of the peer', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.say(chat, '1');
		const { event, ...last } = await bob.say(chat, '2');
		assert.equal(event, 'message');
		await ann.say(chat, '3');
		await ann.say(chat, '4');
		assert.deepEqual((await ann.enterLobby()).chats, [{ chat, user_id: bob.id, name: 'Bob', count: 2, last }]);
		const theirs = await bob.enterLobby();
		assert.deepEqual([theirs.total, theirs.chats[0].count, theirs.chats[0].last.seq], [2, 2, 4]);
	});

	test('counts until it is read, wherever the user was', async () => {
		const { ann, bob, chat } = await stage.couple();
		for (const text of ['1', '2', '3']) {
			await ann.say(chat, text);
			await bob.next(chat, 'message');
		}
		assert.equal((await bob.enterLobby()).total, 3);
		await bob.publish(chat, { event: 'read', seq: 2 });
		await bob.next(`user/${bob.id}`, 'read');
		const some = await bob.enterLobby();
		assert.deepEqual([some.total, some.chats[0].count, some.chats[0].last.text], [1, 1, '3']);
		await bob.publish(chat, { event: 'read', seq: 3 });
		await bob.next(`user/${bob.id}`, 'read');
		assert.deepEqual(await bob.enterLobby(), { event: 'unread', chats: [], total: 0, more: false });
	});

	test('comes with each SUBSCRIBE, to the subscribing client alone', async () => {
		const [first, second] = newIds(2);
		await send(first, second, 'x');
		const phone = await stage.connect({ id: second });
		const laptop = await stage.connect({ id: second, version: 5 });
		for (let round = 0; round < 3; round++) {
			assert.equal((await phone.enterLobby()).total, 1);
		}
		assert.equal((await laptop.enterLobby()).total, 1);
		await phone.none(`user/${second}`);
		await laptop.none(`user/${second}`);
	});

	test('holds a hundred chats, and says that there are more', async () => {
		const [self, ...others] = newIds(103);
		for (const other of others) {
			const client = await stage.connect({ id: other, transport: 'tcp' });
			await client.subscribe(chatOf(self, other));
			await client.say(chatOf(self, other), `from ${other}`);
			await client.end();
		}
		const user = await stage.connect({ id: self });
		const unread = await user.enterLobby();
		assert.deepEqual(unread.chats.map((/** @type {any} */ it) => it.user_id), others.slice(2).reverse());
		assert.deepEqual([unread.total, unread.more], [102, true]);
		for (const other of others.slice(0, 2)) {
			await user.publish(chatOf(self, other), { event: 'read', seq: 1 });
			await user.next(`user/${self}`, 'read');
		}
		const rest = await user.enterLobby();
		assert.deepEqual([rest.chats.length, rest.total, rest.more], [100, 100, false]);
	});

	for (const [what, text] of [['letters', 'x'.repeat(16 * KIB)], ['characters that are longer in JSON', '\u0001'.repeat(16 * KIB)]]) {
		test(`holds fewer chats when their messages are long, made of ${what}`, async () => {
			const [self, ...others] = newIds(21);
			for (const other of others) {
				await send(other, self, text);
			}
			const user = await stage.connect({ id: self });
			await user.subscribe(`user/${self}`);
			const { event, payload } = await user.nextItem(`user/${self}`, 'unread');
			assert.ok(payload.length <= 256 * KIB, `${payload.length} bytes`);
			assert.ok(event.chats.length >= 1 && event.chats.length < 20);
			assert.deepEqual(event.chats.map((/** @type {any} */ it) => it.user_id), others.reverse().slice(0, event.chats.length));
			assert.deepEqual([event.total, event.more], [20, true]);
		});
	}

	test('and a notification may overlap: the seq tells', async () => {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await stage.connect({ id: first });
		await ann.join(chat);
		const bob = await stage.connect({ id: second });
		const sending = Promise.all(Array.from({ length: 20 }, (_, n) => ann.publish(chat, { event: 'message', text: String(n) })));
		const unread = await bob.enterLobby();
		await sending;
		for (let n = 0; n < 20; n++) {
			await ann.next(chat, 'message');
		}
		await bob.fence();
		const { count = 0, last = { seq: 0 } } = unread.chats[0] ?? {};
		const later = bob.take(`user/${second}`, 'notification').filter((it) => it.message.seq > last.seq);
		assert.equal(count, last.seq);
		assert.deepEqual(later.map((it) => it.message.seq), Array.from({ length: 20 - count }, (_, n) => count + n + 1));
	});
});
