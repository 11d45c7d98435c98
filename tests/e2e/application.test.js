// The application's hand in the chat: from its own connection, in its own transactions.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signJwt } from '../stack/tokens.js';
import { until } from '../stack/wait.js';
import { is } from './inbox.js';
import { chatOf, newIds, roomOf, useStage } from './stage.js';

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

describe('the application', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	/** @param {string} name @param {(string | number | null)[]} args */
	const call = (name, ...args) => stage.cluster.query(`select chat.${name}(${args
		.map((it) => (it === null ? 'null' : typeof it === 'number' ? String(it) : quoted(it))).join(', ')})`);

	test('posts a message that reaches the chat and the lobby like any other', async () => {
		const { ann, bob, chat } = await stage.couple();
		const elsewhere = await stage.connect({ id: bob.id });
		await elsewhere.enterLobby();
		await call('post', ann.id, bob.id, 'Your order is on its way', 'order-7', '{"order": 7}');
		const message = await bob.next(chat, 'message');
		assert.deepEqual({ ...message, sent_at: '' }, {
			event: 'message', seq: 1, user_id: ann.id, text: 'Your order is on its way', sent_at: '', ref: 'order-7', data: { order: 7 },
		});
		assert.deepEqual(await ann.next(chat, 'message'), message);
		const { event, ...members } = message;
		const notification = await elsewhere.next(`user/${bob.id}`, 'notification');
		assert.deepEqual(notification.message, members);
		assert.equal(event, 'message');
	});

	test('posts to somebody who is away, who finds it unread', async () => {
		const [first, second] = newIds(2);
		await call('set_user', first, 'The shop');
		await call('post', first, second, 'Hello');
		const bob = await stage.connect({ id: second });
		await until('the post to be stored', async () => (await stage.stored(roomOf(chatOf(first, second)))).length === 1);
		const unread = await bob.enterLobby();
		assert.equal(unread.total, 1);
		assert.equal(unread.chats[0].last.text, 'Hello');
	});

	test('leaves no trace of a transaction that rolls back', async () => {
		const { ann, bob, chat } = await stage.couple();
		await stage.cluster.query(`begin; select chat.post(${quoted(ann.id)}, ${quoted(bob.id)}, 'never'); rollback`);
		await call('post', ann.id, bob.id, 'but this');
		assert.equal((await bob.next(chat, 'message')).text, 'but this');
	});

	test('edits and removes messages, and the chat hears it', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'a rude word');
		await call('edit', ann.id, bob.id, 1, 'a kind word');
		const edited = await bob.next(chat, 'changed');
		assert.equal(edited.change, 1);
		assert.ok(!('by' in edited));
		assert.equal(edited.message.text, 'a kind word');
		assert.ok(edited.message.edited_at);
		assert.deepEqual(await ann.next(chat, 'changed'), edited);
		await call('remove', ann.id, bob.id, 1);
		const removed = await bob.next(chat, is('changed', { change: 2 }));
		assert.equal(removed.message.deleted, true);
		assert.equal(removed.message.text, '');
	});

	test('closes a chat for those who are in it, and opens it again', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'hi');
		await bob.next(chat, 'message');
		await call('close', bob.id, ann.id);
		await ann.next(chat, is('error', { code: 'forbidden' }));
		await bob.next(chat, is('error', { code: 'forbidden' }));
		await ann.publish(chat, { event: 'message', text: 'are you there?', ref: 'r1' });
		await ann.next(chat, is('error', { code: 'forbidden', ref: 'r1' }));
		await call('post', ann.id, bob.id, 'from the application');
		assert.equal((await bob.next(chat, 'message')).text, 'from the application');
		await call('open', ann.id, bob.id);
		await ann.next(chat, 'history');
		await ann.say(chat, 'again');
		assert.equal((await bob.next(chat, is('message', { text: 'again' }))).seq, 3);
	});

	test('blocks for a user, who hears it and the other one does not', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.enterLobby();
		await bob.enterLobby();
		await call('block', bob.id, ann.id);
		assert.deepEqual(await bob.next(`user/${bob.id}`, 'blocked'), { event: 'blocked', user_id: ann.id, on: true });
		await ann.next(chat, is('error', { code: 'forbidden' }));
		await call('unblock', bob.id, ann.id);
		assert.equal((await bob.next(`user/${bob.id}`, 'blocked')).on, false);
		await ann.next(chat, 'history');
		await ann.none(`user/${ann.id}`, 'blocked');
	});

	test('throws out whom it bars, and lets nobody of that name in', async () => {
		const [id] = newIds(1);
		const ann = await stage.connect({ id });
		await stage.cluster.query(`select chat.set_user(${quoted(id)}, bar => true)`);
		await ann.ended();
		await assert.rejects(stage.connect({ id }));
		await stage.cluster.query(`select chat.set_user(${quoted(id)}, bar => false)`);
		await until('the bar to be lifted', () => stage.connect({ id }).then(() => true, () => false));
	});

	test('revokes tokens that were issued before', async () => {
		const [id] = newIds(1);
		const now = Math.floor(Date.now() / 1000);
		const jwt = (/** @type {number} */ iat) => signJwt(stage.broker.secrets[0], { sub: id, iat, exp: now + 3600 });
		const old = await stage.connect({ id, username: id, password: jwt(now - 10) });
		const fresh = await stage.connect({ id, username: id, password: jwt(now) });
		await stage.cluster.query(`select chat.revoke(${quoted(id)}, to_timestamp(${now}))`);
		await old.ended();
		assert.ok(fresh.connected());
		await assert.rejects(stage.connect({ id, username: id, password: jwt(now - 1) }));
		await assert.rejects(stage.connect({ id }), 'a signed name does not say when');
		await stage.connect({ id, username: id, password: jwt(now) });
	});

	test('holds up no chat with a transaction that stays open', async () => {
		const { ann, bob, chat } = await stage.couple();
		const session = stage.cluster.session();
		try {
			await session.run('begin');
			await session.run(`select chat.post(${quoted(ann.id)}, ${quoted(bob.id)}, 'late')`);
			await ann.say(chat, 'early');
			assert.equal((await bob.next(chat, 'message')).text, 'early');
			await session.run('commit');
			assert.equal((await bob.next(chat, 'message')).text, 'late');
		} finally {
			await session.end();
		}
	});

	test('asks who is online, also after a crash of the database', async () => {
		const [here, gone, never] = newIds(3);
		await stage.connect({ id: here });
		const left = await stage.connect({ id: gone });
		const online = async () => Object.fromEntries((await stage.cluster.query(
			`select user_id, online from chat.online(array[${[here, gone, never].map(quoted)}])`)));
		await until('both to be online', async () => (await online())[here] === 't' && (await online())[gone] === 't');
		await left.end();
		await until('the one who left to be offline', async () => (await online())[gone] === 'f', { timeout: 30000 });
		await stage.cluster.kill();
		await stage.cluster.start();
		await until('the other to be online again', async () => (await online())[here] === 't', { timeout: 30000 });
		assert.deepEqual(await online(), { [here]: 't', [gone]: 'f', [never]: 'f' });
	});
});
