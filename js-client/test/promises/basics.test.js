// What a page does all day: connect, send, read, see who is there.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { within } from '../../../tests/stack/wait.js';
import { eventually, newIds, useStage } from '../stage.js';

describe('two people', () => {
	const stage = useStage();

	test('talk', async () => {
		const { ann, bob } = await stage.couple();
		/** @type {any[]} */
		const heard = [];
		bob.room.on('message', (message) => heard.push(message));
		const message = ann.room.send('hi');
		assert.deepEqual([message.seq, message.status, message.text, message.mine], [null, 'sending', 'hi', true]);
		assert.equal(ann.room.messages.at(-1), message);
		assert.equal(await within('the echo', message.settled), message);
		assert.deepEqual([message.seq, message.status, message.error], [1, 'sent', null]);
		await eventually('Bob to hear it', () => heard.length === 1);
		assert.deepEqual([heard[0].seq, heard[0].text, heard[0].mine, heard[0].user_id], [1, 'hi', false, ann.id]);
		assert.ok(heard[0].sent_at instanceof Date);
		bob.room.markRead();
		await eventually('the second tick', () => message.status === 'read');
		assert.equal(ann.room.peer.readSeq, 1);
		assert.equal(bob.room.readSeq, 1);
	});

	test('see each other', async () => {
		const { ann, bob } = await stage.couple();
		await eventually('Ann to see Bob', () => ann.room.peer.present);
		await eventually('Bob to see Ann', () => bob.room.peer.present);
		assert.equal(bob.room.peer.name, `Name of ${ann.id}`);
		await bob.room.close();
		await eventually('Ann to see Bob leave', () => !ann.room.peer.present);
		ann.room.typing();
		await bob.room.open();
		ann.room.typing();
		await eventually('Bob to see Ann type', () => bob.room.peer.typing || (ann.room.typing(), false));
	});

	test('are in the chat until all parts of a page have closed it', async () => {
		const { ann, bob } = await stage.couple();
		const element = ann.room.share();
		await element.open();
		assert.deepEqual(element.messages, ann.room.messages);
		await element.close();
		await within('the echo', bob.room.send('still there?').settled);
		await eventually('Ann to hear it', () => ann.room.messages.length === 1);
		await element.open();
		await ann.room.close();
		await within('the echo', bob.room.send('and now?').settled);
		await eventually('the element to hear it', () => element.messages.length === 2);
		assert.equal(bob.room.peer.present, true);
		await element.close();
		await eventually('Bob to see Ann leave', () => !bob.room.peer.present);
	});

	test('find what was said before', async () => {
		const [a, b] = newIds(2);
		await stage.insert(a, b, 120);
		const bob = await stage.inRoom(b, a);
		assert.deepEqual(bob.room.messages.map((it) => it.seq), Array.from({ length: 50 }, (_, n) => 71 + n));
		assert.equal(bob.chat.unread.total, 120);
		const page = await bob.room.older({ limit: 60 });
		assert.deepEqual([page.messages.length, page.more, bob.room.messages[0].seq], [60, true, 11]);
		const rest = await bob.room.older();
		assert.deepEqual([rest.messages.length, rest.more, bob.room.messages[0].seq], [10, false, 1]);
		assert.deepEqual(await bob.room.older(), { messages: [], more: false });
	});

	test('hear of each other outside of the chat', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.online(b);
		assert.deepEqual(bob.unread, { total: 0, chats: [] });
		/** @type {any[]} */
		const bells = [];
		bob.on('notification', (event) => bells.push(event));
		await stage.insert(a, b, 2);
		await eventually('both notifications', () => bells.length === 2);
		assert.deepEqual(bells.map((it) => [it.message.text, it.name]), [['text 1', `Name of ${a}`], ['text 2', `Name of ${a}`]]);
		assert.equal(bob.unread.total, 2);
		assert.deepEqual(bob.unread.chats.map(({ peer, count, last }) => [peer, count, last.text]), [[a, 2, 'text 2']]);
		const room = bob.with(a);
		await room.open();
		room.markRead();
		await eventually('the count to fall', () => bob.unread.total === 0);
	});
});
