// Promise 7: changes are like messages; and what else there is to know of a chat.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { within } from '../../../tests/stack/wait.js';
import { startProxy } from '../../../tests/stack/proxy.js';
import { handledLinks } from '../links.js';
import { eventually, newIds, useStage } from '../stage.js';

describe('a change', () => {
	const stage = useStage({ options: { rate_limit: 0 } });
	/** @type {Awaited<ReturnType<typeof startProxy>>[]} */
	const proxies = [];
	afterEach(() => proxies.splice(0).forEach((proxy) => proxy.close()));

	/** @param {any} room @param {number} seq */
	const at = (room, seq) => room.messages.find((/** @type {any} */ it) => it.seq === seq);

	test('is seen by both, whoever has made it', async () => {
		const { ann, bob } = await stage.couple();
		const data = { attachments: [{ url: '/a.png', size: 1.5 }] };
		const message = ann.room.send({ text: 'hi', data });
		await within('the echo', message.settled);
		const answer = bob.room.send({ text: 'yes?', replyTo: 1 });
		await within('the answer', answer.settled);
		await eventually('Bob to have it', () => at(bob.room, 1)?.data);
		assert.deepEqual([at(bob.room, 1).data, at(bob.room, 2).reply_to], [data, 1]);

		const edited = ann.room.edit(1, { text: 'hello' });
		assert.deepEqual([message.text, message.changing], ['hello', true]);
		await within('the edit', edited);
		await within('a reaction', bob.room.react(1, '👍'));
		await within('another one', ann.room.react(1, '👍'));
		await eventually('Bob to see all', () => at(bob.room, 1).reactions[0]?.by.length === 2);
		const seen = at(bob.room, 1);
		assert.deepEqual([seen.text, seen.data, seen.reactions], ['hello', data, [{ reaction: '👍', by: [bob.id, ann.id] }]]);
		assert.ok(seen.edited_at instanceof Date);
		assert.equal(message.changing, false);

		await within('the reaction to go', bob.room.react(1, '👍', false));
		await within('the deletion', ann.room.remove(1));
		await eventually('Bob to see it', () => seen.deleted);
		assert.deepEqual([seen.text, seen.data, seen.reactions], ['', null, []]);
		const fresh = await stage.inRoom(bob.id, ann.id);
		assert.deepEqual([at(fresh.room, 1).deleted, at(fresh.room, 1).change], [true, seen.change]);
	});

	test('that is not this user\'s to make is taken back', async () => {
		const { ann, bob } = await stage.couple();
		await within('the echo', ann.room.send('hi').settled);
		await eventually('Bob to have it', () => at(bob.room, 1));
		const edited = bob.room.edit(1, { text: 'not me' });
		assert.equal(at(bob.room, 1).text, 'not me');
		await assert.rejects(within('the refusal', edited), { code: 'forbidden' });
		assert.deepEqual([at(bob.room, 1).text, at(bob.room, 1).changing], ['hi', false]);
		await assert.rejects(within('another refusal', bob.room.react(9, '👍')), { code: 'bad_field' });
	});

	test('that the answer was lost of is made once, and those that were missed are asked for', async () => {
		const proxy = await startProxy(() => stage.broker.wsPort);
		proxies.push(proxy);
		const [a, b] = newIds(2);
		const hand = handledLinks();
		const ann = await stage.inRoom(a, b, { url: proxy.url }, { ...hand, random: () => 0.1 });
		const bob = await stage.inRoom(b, a);
		await within('all echoes', Promise.all(['one', 'two', 'three'].map((text) => ann.room.send(text).settled)));
		await eventually('Bob to have them', () => bob.room.messages.length === 3);
		proxy.holdAnswers();
		const done = [ann.room.edit(1, { text: 'once' }), ann.room.react(2, '👍'), ann.room.react(2, '👍', false)];
		await eventually('Bob to see what got through', () => at(bob.room, 1).text === 'once' && at(bob.room, 2).reactions.length === 1);
		await within('a change meanwhile', bob.room.react(3, '🎉'));
		proxy.cut();
		await within('all changes', Promise.all(done));
		await eventually('Ann to see Bob\'s', () => at(ann.room, 3).reactions.length === 1);
		await eventually('Bob to see Ann\'s', () => at(bob.room, 2).reactions.length === 0);
		assert.deepEqual(ann.room.messages.map(({ text, reactions }) => [text, reactions.length]), bob.room.messages.map(({ text, reactions }) => [text, reactions.length]));
		assert.equal(at(ann.room, 1).change, at(bob.room, 1).change);
		assert.ok(hand.published.some(({ event }) => event.since !== undefined));
	});

	test('is heard of outside of the chat, in what is unread and in all chats', async () => {
		const [a, b] = newIds(2);
		const ann = await stage.online(a);
		await ann.moreChats();
		const bob = await stage.inRoom(b, a);
		await within('the echo', bob.room.send('hi').settled);
		await eventually('Ann to hear of it', () => ann.unread.total === 1 && ann.chats.length === 1);
		await within('the edit', bob.room.edit(1, { text: 'hello' }));
		await eventually('both to say so', () => ann.unread.chats[0].last.text === 'hello' && ann.chats[0].last?.text === 'hello');
		assert.equal(ann.chats[0].name, `Name of ${b}`);
	});
});

describe('a chat', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('is muted, on all devices', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		await within('the echo', bob.room.send('hi').settled);
		const ann = await stage.online(a);
		const other = await stage.online(a);
		await other.moreChats();
		/** @type {any[]} */
		const bells = [];
		ann.on('notification', ({ quiet }) => bells.push(quiet));
		await within('it to be kept', ann.mute(b));
		await eventually('the other device to know', () => other.chats[0].muted);
		await within('the echo', bob.room.send('still there?').settled);
		await eventually('a notification', () => bells.length === 1);
		assert.deepEqual(bells, [true]);
		await within('the end of it', ann.mute(b, false));
		await eventually('the other device to know that', () => !other.chats[0].muted);
	});

	test('tells who is online, and when they last were', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		await within('the echo', bob.room.send('hi').settled);
		const ann = await stage.inRoom(a, b);
		assert.deepEqual([ann.room.peer.online, ann.room.peer.seenAt, ann.room.peer.name], [true, null, `Name of ${b}`]);
		await bob.room.close();
		await eventually('Bob to leave the chat', () => !ann.room.peer.present);
		assert.equal(ann.room.peer.online, true);
		await bob.chat.close();
		await eventually('Bob to be offline', () => !ann.room.peer.online);
		assert.ok(ann.room.peer.seenAt instanceof Date);
	});

	test('is listed with all others, the newest first, page by page', async () => {
		const [me, ...peers] = newIds(4);
		for (const peer of peers) {
			const one = await stage.inRoom(peer, me);
			await within('the echo', one.room.send(`from ${peer}`).settled);
			await one.chat.close();
		}
		const chat = await stage.online(me);
		assert.deepEqual(chat.chats, []);
		const { more } = await within('the first page', chat.moreChats());
		assert.equal(more, false);
		assert.deepEqual(chat.chats.map(({ peer, name, count, last }) => [peer, name, count, last?.text]),
			[...peers].reverse().map((peer) => [peer, `Name of ${peer}`, 1, `from ${peer}`]));
	});

	test('is closed for both while one of them blocks the other', async () => {
		const { ann, bob } = await stage.couple();
		await within('the echo', bob.room.send('hi').settled);
		await within('the block', ann.chat.block(bob.id));
		await eventually('both to know', () => ann.room.forbidden && bob.room.forbidden);
		const message = bob.room.send('hello?');
		await assert.rejects(within('the refusal', message.settled), { code: 'forbidden' });
		assert.deepEqual([ann.room.peer.present, ann.room.peer.online], [false, false]);
		const again = await stage.inRoom(bob.id, ann.id);
		await eventually('the next one to know as well', () => again.room.forbidden);
		assert.equal(again.room.messages.length, 1);
		await within('the end of it', ann.chat.block(bob.id, false));
		await eventually('all to know', () => [ann, bob, again].every(({ room }) => !room.forbidden));
		bob.room.retry(message.ref);
		await within('the message', message.settled);
		await eventually('them to see each other', () => bob.room.peer.present && ann.room.peer.present && ann.room.peer.online);
	});
});
