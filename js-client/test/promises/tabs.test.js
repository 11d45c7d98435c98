// Two tabs of one user, and two users in one process: nobody is in another's way.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { within } from '../../../tests/stack/wait.js';
import { memoryStore } from '../../src/store.js';
import { eventually, newIds, useStage } from '../stage.js';

describe('two tabs of one user', () => {
	const stage = useStage();

	test('show the same, whoever of them sends', async () => {
		const [a, b] = newIds(2);
		const one = await stage.inRoom(a, b);
		const two = await stage.inRoom(a, b);
		const sent = one.room.send('from one');
		await within('the echo', sent.settled);
		await eventually('the other tab to have it', () => two.room.messages.length === 1);
		assert.deepEqual([two.room.messages[0].mine, two.room.messages[0].status], [true, 'sent']);
		const bob = await stage.inRoom(b, a);
		bob.room.markRead();
		await eventually('both to have the second tick', () => [one, two].every(({ room }) => room.messages[0].status === 'read'));
	});

	test('count alike, and one bell rings quietly when the other is in the chat', async () => {
		const [a, b] = newIds(2);
		const inside = await stage.inRoom(a, b);
		const outside = await stage.online(a);
		/** @type {any[]} */
		const bells = [];
		outside.on('notification', (event) => bells.push(event));
		const bob = await stage.inRoom(b, a);
		await within('the echo', bob.room.send('hi').settled);
		await eventually('both to count it', () => inside.chat.unread.total === 1 && outside.unread.total === 1);
		assert.deepEqual([bells.length, bells[0].quiet], [1, true]);
		inside.room.markRead();
		await eventually('both to count nothing', () => inside.chat.unread.total === 0 && outside.unread.total === 0);
		await within('the echo', inside.room.send('hello').settled);
		await eventually('the other tab to hear of it', () => bells.length === 2);
		assert.deepEqual([bells[1].message.text, bells[1].quiet, outside.unread.total], ['hello', true, 0]);
	});

	test('that share a store send what one has left once', async () => {
		const [a, b] = newIds(2);
		const store = memoryStore();
		await store.put(a, { ref: 'left', peer: b, text: 'left behind', sent_at: Date.now(), order: 1, error: null });
		const [one, two] = await Promise.all([stage.inRoom(a, b, { store }), stage.inRoom(a, b, { store })]);
		await eventually('both to have it', () => [one, two].every(({ room }) => room.messages[0]?.seq === 1));
		assert.deepEqual([one.room.messages.length, two.room.messages.length], [1, 1]);
		assert.equal((await stage.stored(`${a}/${b}`)).length, 1);
	});

	test('that are all closed but one leave the user present', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		const one = await stage.inRoom(a, b);
		const two = await stage.inRoom(a, b);
		await eventually('Bob to see Ann', () => bob.room.peer.present);
		await one.chat.close();
		await within('a round trip', bob.room.send('still there?').settled);
		await eventually('the other tab to have it', () => two.room.messages.length === 1);
		assert.equal(bob.room.peer.present, true);
	});
});

describe('an unread count', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('is right in every order of opening, reading and leaving', async () => {
		const [me, a, b] = newIds(3);
		const chat = await stage.online(me);
		const [ann, bob] = [await stage.inRoom(a, me), await stage.inRoom(b, me)];
		await within('Ann\'s', ann.room.send('1').settled);
		await within('Bob\'s', bob.room.send('2').settled);
		await eventually('both to be counted', () => chat.unread.total === 2);
		assert.deepEqual(chat.unread.chats.map((it) => it.peer), [b, a]);
		const room = chat.with(a);
		await room.open();
		assert.equal(chat.unread.total, 2, 'opening is not reading');
		await within('Ann\'s next', ann.room.send('3').settled);
		await eventually('one more in the open room', () => chat.unread.total === 3);
		assert.deepEqual(chat.unread.chats.map((it) => [it.peer, it.count, it.last.text]), [[a, 2, '3'], [b, 1, '2']]);
		room.markRead();
		await eventually('Ann\'s to be gone', () => chat.unread.total === 1);
		assert.deepEqual(chat.unread.chats.map((it) => it.peer), [b]);
		await room.close();
		await within('Ann\'s last', ann.room.send('4').settled);
		await eventually('that one too', () => chat.unread.total === 2);
		const fresh = await stage.online(me);
		assert.deepEqual(fresh.unread.chats.map(({ peer, count }) => [peer, count]), chat.unread.chats.map(({ peer, count }) => [peer, count]));
	});
});

describe('while the store is away', () => {
	const stage = useStage();

	test('rooms open as soon as it is back', async () => {
		const [a, b] = newIds(2);
		const ann = await stage.online(a);
		await stage.cluster.stop('fast');
		/** @type {any[]} */
		const errors = [];
		ann.on('error', (error) => errors.push(error.code));
		const opened = ann.with(b).open();
		const message = ann.with(b).send('for later');
		await eventually('the application to hear why', () => errors.includes('unavailable'));
		await stage.cluster.start();
		await within('the room to open', opened, 60000);
		await within('the echo', message.settled, 60000);
		assert.equal(message.seq, 1);
	});
});
