// Read: how far each of the two has read, and who hears of it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../stack/wait.js';
import { WAYS, wayName } from './client.js';
import { is } from './inbox.js';
import { chatOf, newIds, useStage } from './stage.js';

describe('a read', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	/**
	 * @param {any} client
	 * @param {string} chat
	 */
	async function markers(client, chat) {
		await client.publish(chat, { event: 'history', limit: 1, ref: 'markers' });
		return (await client.next(chat, is('history', { ref: 'markers' }))).read;
	}

	for (const way of WAYS) {
		test(`is heard in the chat and in the own lobby, by ${wayName(way)}`, async () => {
			const { ann, bob, chat } = await stage.couple(way);
			await ann.enterLobby();
			await bob.enterLobby();
			await ann.say(chat, '1');
			await ann.say(chat, '2');
			await bob.publish(chat, { event: 'read', seq: 1 });
			for (const client of [ann, bob]) {
				assert.deepEqual(await client.next(chat, 'read'), { event: 'read', user_id: bob.id, seq: 1 });
			}
			assert.deepEqual(await bob.next(`user/${bob.id}`, 'read'), { event: 'read', chat, seq: 1, count: 1, total: 1 });
			await ann.none(`user/${ann.id}`);
			await ann.none(chat, 'read');
			await bob.none(null, 'read');
		});
	}

	for (const qos of /** @type {(0 | 2)[]} */ ([0, 2])) {
		test(`counts with QoS ${qos} as well`, async () => {
			const { ann, bob, chat } = await stage.couple();
			await ann.say(chat, '1');
			await bob.publish(chat, { event: 'read', seq: 1 }, { qos });
			assert.equal((await ann.next(chat, 'read')).seq, 1);
		});
	}

	test('is heard in the lobby on each device, in the chat or not', async () => {
		const { ann, bob, chat } = await stage.couple();
		const inLobby = await stage.connect({ id: bob.id });
		await inLobby.enterLobby();
		const inBoth = await stage.connect({ id: bob.id });
		await inBoth.join(chat);
		await inBoth.enterLobby();
		await ann.say(chat, '1');
		await inBoth.publish(chat, { event: 'read', seq: 1 });
		for (const device of [inLobby, inBoth]) {
			assert.equal((await device.next(`user/${bob.id}`, 'read')).seq, 1);
			await device.none(`user/${bob.id}`, 'read');
		}
		assert.equal((await inBoth.next(chat, 'read')).seq, 1);
		await inLobby.none(chat);
	});

	test('may come from outside the chat', async () => {
		const { ann, bob, chat } = await stage.couple();
		const outside = await stage.connect({ id: bob.id });
		await outside.enterLobby();
		await ann.say(chat, '1');
		await outside.publish(chat, { event: 'read', seq: 1 });
		assert.equal((await ann.next(chat, 'read')).user_id, bob.id);
		assert.equal((await outside.next(`user/${bob.id}`, 'read')).count, 0);
	});

	test('is in the database when anyone hears of it, for the messages of the peer up to there', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		for (const [client, text] of /** @type {const} */ ([[ann, '1'], [bob, '2'], [ann, '3'], [ann, '4']])) {
			await client.say(chat, text);
		}
		const delivered = async () => (await stage.stored(room)).map((it) => it.is_delivered);
		assert.deepEqual(await delivered(), [false, false, false, false]);
		await bob.publish(chat, { event: 'read', seq: 3 });
		await ann.next(chat, 'read');
		assert.deepEqual(await delivered(), [true, false, true, false]);
		await ann.publish(chat, { event: 'read', seq: 4 });
		await bob.next(chat, is('read', { user_id: ann.id }));
		assert.deepEqual(await delivered(), [true, true, true, false]);
	});

	test('moves the marker forward only, and is heard only when it moved', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.enterLobby();
		for (const text of ['1', '2', '3']) {
			await ann.say(chat, text);
		}
		await bob.publish(chat, { event: 'read', seq: 2 });
		assert.equal((await ann.next(chat, 'read')).seq, 2);
		await bob.next(`user/${bob.id}`, 'read');
		await bob.publish(chat, { event: 'read', seq: 2 });
		await bob.publish(chat, { event: 'read', seq: 1 });
		await bob.publish(chat, { event: 'read', seq: 3 });
		assert.equal((await ann.next(chat, 'read')).seq, 3);
		assert.equal((await bob.next(`user/${bob.id}`, 'read')).seq, 3);
		await bob.publish(chat, { event: 'read', seq: 1 });
		assert.deepEqual(await markers(bob, chat), { [ann.id]: 0, [bob.id]: 3 });
		await ann.say(chat, '4');
		await bob.publish(chat, { event: 'read', seq: 4 });
		assert.equal((await ann.next(chat, 'read')).seq, 4);
		await ann.none(chat, 'read');
	});

	test('beyond the last message counts as the last', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.enterLobby();
		await ann.say(chat, '1');
		await ann.say(chat, '2');
		await bob.publish(chat, { event: 'read', seq: Number.MAX_SAFE_INTEGER });
		assert.equal((await ann.next(chat, 'read')).seq, 2);
		assert.deepEqual(await bob.next(`user/${bob.id}`, 'read'), { event: 'read', chat, seq: 2, count: 0, total: 0 });
		assert.deepEqual(await markers(ann, chat), { [ann.id]: 0, [bob.id]: 2 });
		await ann.say(chat, '3');
		assert.equal((await bob.enterLobby()).total, 1);
		await bob.publish(chat, { event: 'read', seq: 3 });
		assert.equal((await ann.next(chat, 'read')).seq, 3);
	});

	test('in a chat with nothing in it moves nothing', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.publish(chat, { event: 'read', seq: 5 });
		assert.deepEqual(await markers(bob, chat), { [ann.id]: 0, [bob.id]: 0 });
		await ann.say(chat, '1');
		assert.equal((await bob.enterLobby()).total, 1);
		await bob.publish(chat, { event: 'read', seq: 1 });
		assert.equal((await ann.next(chat, 'read')).seq, 1);
		await ann.none(chat, 'read');
	});

	test('is each user\'s own', async () => {
		const { ann, bob, chat } = await stage.couple();
		for (const client of [ann, bob, ann, bob]) {
			await client.say(chat, 'x');
		}
		await ann.publish(chat, { event: 'read', seq: 2 });
		assert.deepEqual(await bob.next(chat, 'read'), { event: 'read', user_id: ann.id, seq: 2 });
		await bob.publish(chat, { event: 'read', seq: 3 });
		assert.deepEqual(await ann.next(chat, is('read', { user_id: bob.id })), { event: 'read', user_id: bob.id, seq: 3 });
		assert.deepEqual(await markers(ann, chat), { [ann.id]: 2, [bob.id]: 3 });
		assert.equal((await ann.enterLobby()).total, 1);
		assert.equal((await bob.enterLobby()).total, 0);
	});

	test('is not what sending does', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, '1');
		await bob.say(chat, '2');
		assert.deepEqual(await markers(bob, chat), { [ann.id]: 0, [bob.id]: 0 });
		assert.equal((await bob.enterLobby()).total, 1);
		await bob.none(chat, 'read');
	});

	test('says what is left in that chat, and in all of them', async () => {
		const [self, second, third] = newIds(3);
		const user = await stage.connect({ id: self });
		for (const peer of [second, third]) {
			const client = await stage.connect({ id: peer });
			await client.join(chatOf(self, peer));
			for (const text of ['1', '2', '3']) {
				await client.say(chatOf(self, peer), text);
			}
		}
		assert.equal((await user.enterLobby()).total, 6);
		for (const [peer, seq, count, total] of /** @type {[string, number, number, number][]} */ ([
			[second, 1, 2, 5], [third, 3, 0, 2], [second, 2, 1, 1], [second, 3, 0, 0],
		])) {
			const chat = chatOf(self, peer);
			await user.publish(chat, { event: 'read', seq });
			assert.deepEqual(await user.next(`user/${self}`, 'read'), { event: 'read', chat, seq, count, total });
		}
	});

	test('of many at once ends at the highest', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		for (let n = 1; n <= 30; n++) {
			await ann.publish(chat, { event: 'message', text: String(n) });
		}
		await ann.next(chat, is('message', { seq: 30 }));
		const order = [3, 1, 17, 30, 2, 29, 5, 30, 11];
		await Promise.all(order.map((seq) => bob.publish(chat, { event: 'read', seq })));
		const heard = [];
		for (let seq = 0; seq < 30;) {
			({ seq } = await ann.next(chat, 'read'));
			heard.push(seq);
		}
		assert.deepEqual(heard, [...new Set(heard)].sort((a, b) => a - b));
		assert.deepEqual(await markers(bob, chat), { [ann.id]: 0, [bob.id]: 30 });
		await ann.none(chat, 'read');
		assert.ok((await stage.stored(room)).every((it) => it.is_delivered));
	});

	test('of more messages than one transaction takes reaches them all', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		const seq = 2500;
		for (let sent = 0; sent < seq; sent += 250) {
			await Promise.all(Array.from({ length: 250 }, (_, n) => ann.publish(chat, { event: 'message', text: String(sent + n) })));
			await ann.next(chat, is('message', { seq: sent + 250 }));
		}
		await bob.publish(chat, { event: 'read', seq });
		assert.equal((await ann.next(chat, 'read')).seq, seq);
		assert.equal((await bob.enterLobby()).total, 0);
		await until('all messages to be marked', async () => (await stage.stored(room)).every((it) => it.is_delivered));
	});

	test('is heard by nobody else', async () => {
		const { ann, bob, chat } = await stage.couple();
		const [third] = newIds(1);
		const eve = await stage.connect({ id: third });
		await eve.enterLobby();
		await eve.join(chatOf(bob.id, third));
		eve.take(null);
		await ann.say(chat, '1');
		await bob.publish(chat, { event: 'read', seq: 1 });
		await ann.next(chat, 'read');
		await eve.none(null, (event) => event.event !== 'presence_diff');
	});
});
