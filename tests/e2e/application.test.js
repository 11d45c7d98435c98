// The application's hand in the chat: from its own connection, in its own transactions.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signJwt } from '../stack/tokens.js';
import { until } from '../stack/wait.js';
import { is } from './inbox.js';
import { chatOf, newIds, roomOf, useStage } from './stage.js';

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

/** @param {(string | number | null)[]} args */
const listed = (args) => args.map((it) => (it === null ? 'null' : typeof it === 'number' ? String(it) : quoted(it))).join(', ');

describe('the application', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	/** @param {string} name @param {(string | number | null)[]} args */
	const call = (name, ...args) => stage.cluster.query(`select chat.${name}(${listed(args)})`);

	/** The rows of a function that returns a table. @param {string} name @param {(string | number | null)[]} args */
	const rows = (name, ...args) => stage.cluster.query(`select * from chat.${name}(${listed(args)})`);

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
		const old = await stage.connect({ id, username: id, password: jwt(now - 10), version: 5 });
		const fresh = await stage.connect({ id, username: id, password: jwt(now) });
		await stage.cluster.query(`select chat.revoke(${quoted(id)}, to_timestamp(${now}))`);
		assert.equal(await old.ended(), 0x98);
		assert.ok(fresh.connected());
		await assert.rejects(stage.connect({ id, username: id, password: jwt(now - 1) }));
		await assert.rejects(stage.connect({ id }), 'a signed name does not say when');
		await stage.connect({ id, username: id, password: jwt(now) });
		await call('revoke', id, null);
		await until('old tokens to be good again', () => stage.connect({ id, username: id, password: jwt(now - 1) }).then(() => true, () => false));
		await stage.connect({ id });
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

	test('posts once what has a ref', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'mine', { ref: 'order-1' });
		await call('post', ann.id, bob.id, 'again', 'order-1');
		await call('post', ann.id, bob.id, 'once', 'order-2');
		await call('post', ann.id, bob.id, 'twice', 'order-2');
		await call('post', ann.id, bob.id, 'the last');
		await bob.next(chat, is('message', { text: 'the last' }));
		assert.deepEqual((await stage.stored(roomOf(chat))).map((it) => it.text), ['mine', 'once', 'the last']);
	});

	test('posts for somebody who is barred, in a chat that is closed, and once where there are two brokers', async () => {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		// Two that do not tell each other, but take from one table.
		const other = await stage.another();
		await stage.cluster.query(`select chat.set_user(${quoted(first)}, bar => true); select chat.close(${quoted(first)}, ${quoted(second)})`);
		const bob = await stage.connect({ id: second });
		await bob.enterLobby();
		const texts = Array.from({ length: 50 }, (_, i) => `post ${i + 1}`);
		for (const text of texts) {
			await call('post', first, second, text);
		}
		await until('all to be stored', async () => (await stage.stored(roomOf(chat))).length >= texts.length);
		assert.deepEqual(await stage.cluster.query('select count(*) from chat.requests'), [['0']]);
		assert.deepEqual((await stage.stored(roomOf(chat))).map((it) => it.text), texts);
		await other.stop();
	});

	test('names a user whose token gives no name', async () => {
		const { ann, bob, chat } = await stage.couple({ name: '' });
		await ann.say(chat, 'hi');
		await bob.next(chat, is('peer', { user_id: ann.id }));
		await stage.cluster.query(`select chat.set_user(${quoted(ann.id)}, 'Ann of the shop')`);
		const peer = await bob.next(chat, is('peer', { user_id: ann.id, name: 'Ann of the shop' }));
		assert.equal(peer.online, true);
	});

	/** @param {string} id @param {string} name */
	const named = (id, name) => ({
		id, username: id, password: signJwt(stage.broker.secrets[0], { sub: id, name, exp: Math.floor(Date.now() / 1000) + 3600 }),
	});

	/** Those of these people. @param {string[][]} all @param {string[]} ids */
	const of = (all, ids) => all.filter(([id]) => ids.includes(id));

	test('is told of unread messages to people who are away, once, and by a NOTIFY when they are due', async () => {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await stage.connect(named(first, 'Ann of the token'));
		await ann.join(chat);
		const session = stage.cluster.session();
		try {
			await session.run('listen chat_away');
			await ann.say(chat, 'one');
			await ann.say(chat, 'two', { data: { order: 7 } });
			assert.deepEqual(of(await rows('take_away'), [second]), [], 'it is not due yet');
			// Others may be due as well.
			const [user, topic, peer, name, count, seq, , text, data] = await until('a NOTIFY that is about it', async () =>
				(await session.run('select 1')).includes('notification "chat_away"') && of(await rows('take_away'), [second])[0], { every: 100 });
			assert.deepEqual([user, topic, peer, name, count, seq, text, data],
				[second, chat, first, 'Ann of the token', '2', '2', 'two', '{"order":7}']);
			assert.deepEqual(of(await rows('take_away', '0 s'), [second]), []);
			await ann.say(chat, 'three');
			assert.deepEqual(of(await rows('take_away', '0 s'), [second]).map((it) => it[4]), ['3']);
		} finally {
			await session.end();
		}
	});

	test('is told nothing of what was read, muted, closed or deleted', async () => {
		const [first, ...others] = newIds(5);
		const ann = await stage.connect({ id: first });
		const [reader, muter] = await Promise.all(others.slice(0, 2).map((id) => stage.connect({ id })));
		for (const id of others) {
			await ann.join(chatOf(first, id));
			await ann.say(chatOf(first, id), 'hi');
		}
		await reader.enterLobby();
		await reader.publish(chatOf(first, reader.id), { event: 'read', seq: 1 });
		await reader.next(`user/${reader.id}`, 'read');
		await muter.enterLobby();
		await muter.publish(`user/${muter.id}`, { event: 'mute', chat: chatOf(first, muter.id) });
		await muter.next(`user/${muter.id}`, 'muted');
		await call('close', first, others[2]);
		await call('remove', first, others[3], 1);
		await ann.next(chatOf(first, others[3]), 'changed');
		assert.deepEqual(of(await rows('take_away', '0 s'), others), []);
	});

	test('tells two workers of different people, and again of what one gives back', async () => {
		const [first, ...others] = newIds(9);
		const ann = await stage.connect({ id: first });
		for (const id of others) {
			await ann.subscribe(chatOf(first, id));
			await ann.say(chatOf(first, id), 'hi');
		}
		const workers = [stage.cluster.session(), stage.cluster.session()];
		/** @param {import('../stack/session.js').Session} worker */
		const take = async (worker) => (await worker.run(
			`select 'took ' || user_id from chat.take_away('0 s', 1000) where user_id in (${others.map(quoted)})`))
			.split('\n').flatMap((row) => row.match(/took (\d+)/)?.[1] ?? []);
		try {
			await Promise.all(workers.map((it) => it.run('begin')));
			const taken = await Promise.all(workers.map(take));
			assert.deepEqual(taken.flat().sort(), [...others].sort(), 'each once');
			// A chat goes on, however long they take.
			await ann.say(chatOf(first, others[0]), 'and on');
			await workers[0].run('rollback');
			await workers[1].run('commit');
			assert.deepEqual((await take(workers[1])).filter((id) => id !== others[0]).sort(), taken[0].filter((id) => id !== others[0]).sort());
		} finally {
			await Promise.all(workers.map((it) => it.end()));
		}
	});

	test('sees the same lists and totals as the user', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'one');
		await ann.say(chat, 'two');
		await call('post', bob.id, ann.id, 'three');
		await ann.next(chat, is('message', { text: 'three' }));
		const { total } = await bob.enterLobby();
		assert.deepEqual(await call('unread_total', bob.id), [[String(total)]]);
		await bob.publish(`user/${bob.id}`, { event: 'chats' });
		const { chats } = await bob.next(`user/${bob.id}`, 'chats');
		const [[topic, peer, name, count, seq, , text]] = await rows('inbox', bob.id);
		assert.deepEqual([topic, peer, name, Number(count), Number(seq), text],
			[chats[0].chat, chats[0].user_id, chats[0].name, chats[0].count, chats[0].last.seq, chats[0].last.text]);
	});

	test('deletes what is old, and counts and seqs stay true for who is connected', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.enterLobby();
		for (const text of ['old', 'older than it looks', 'new']) {
			await ann.say(chat, text);
		}
		await stage.cluster.query(`update chat.messages set sent_at = now() - interval '2 days' where room = '${roomOf(chat)}' and seq < 3`);
		let place = '';
		do {
			[[place]] = await stage.cluster.query(`select chat.delete_before(now() - interval '1 day', after => ${quoted(place)})`);
		} while (place);
		await ann.say(chat, 'next');
		await bob.next(chat, is('message', { seq: 4 }));
		await bob.publish(chat, { event: 'read', seq: 3 });
		assert.equal((await bob.next(`user/${bob.id}`, 'read')).count, 1);
		const phone = await stage.connect({ id: bob.id });
		const unread = await phone.enterLobby();
		assert.deepEqual([unread.total, unread.chats[0].count], [1, 1]);
		const { history } = await phone.join(chat);
		assert.deepEqual([history.messages.map((/** @type {any} */ it) => it.seq), history.more], [[3, 4], false]);
	});

	test('exports and erases a user, and the chat hears of it', async () => {
		const { ann, bob, chat } = await stage.couple({ name: 'Nobody' });
		await ann.say(chat, 'my secret', { ref: 'a-secret' });
		await bob.say(chat, 'hello');
		await ann.say(chat, 'another secret');
		await ann.publish(chat, { event: 'react', seq: 2, reaction: '+' });
		await bob.next(chat, is('changed', { change: 1 }));
		const exported = (await rows('export', ann.id)).map(([row]) => JSON.parse(row));
		assert.deepEqual(exported.filter((it) => it.what === 'message').map((it) => [it.chat, it.text]), [[chat, 'my secret'], [chat, 'another secret']]);
		await stage.cluster.query(`select chat.set_user(${quoted(ann.id)}, bar => true)`);
		await ann.ended();
		while (Number((await call('erase', ann.id))[0][0]) > 0) {
			// The next piece.
		}
		// Only the last change of a piece is told; who sees the jump asks.
		const told = await bob.next(chat, 'changed');
		await bob.publish(chat, { event: 'history', since: 1 });
		const { messages } = await bob.next(chat, 'changes');
		assert.equal(messages.at(-1).change, told.change);
		assert.deepEqual(messages.map((/** @type {any} */ it) => [it.seq, it.text, it.deleted ?? false, it.reactions]),
			[[1, '', true, undefined], [2, 'hello', false, undefined], [3, '', true, undefined]]);
		assert.ok(messages.every((/** @type {any} */ it) => it.seq === 2 || !('ref' in it)));
		await until('no table to hold a word of theirs', async () => {
			const [[dump]] = await stage.cluster.query(`select string_agg(t, ' ') from (select m::text as t from chat.messages m
				union all select u::text from chat.users u where id = ${quoted(ann.id)} union all select r::text from chat.requests r) a`);
			return !dump.includes('secret') && !/Nobody/.test((await stage.cluster.query(`select name, app_name from chat.users where id = ${quoted(ann.id)}`)).flat().join());
		});
	});

	test('keeps out whom it has barred, and tokens that it has revoked, while the database is away', async () => {
		const [barred, revoked, free] = newIds(3);
		const ann = await stage.connect({ id: barred });
		const bob = await stage.connect({ id: revoked });
		await stage.cluster.query(`select chat.set_user(${quoted(barred)}, bar => true)`);
		await call('revoke', revoked);
		await Promise.all([ann.ended(), bob.ended()]);
		await stage.cluster.stop('immediate');
		try {
			await assert.rejects(stage.connect({ id: barred }));
			await assert.rejects(stage.connect({ id: revoked }));
			await stage.connect({ id: free });
			// A broker that starts now cannot know, and ends these connections once it does.
			const other = await stage.another({ meets: false });
			const early = await Promise.all([barred, revoked].map((id) => stage.connect({ broker: other, id })));
			const welcome = await stage.connect({ broker: other, id: free });
			await stage.cluster.start();
			await Promise.all(early.map((it) => it.ended()));
			assert.ok(welcome.connected());
			await welcome.end();
			await other.stop();
		} finally {
			if (!stage.cluster.alive()) {
				await stage.cluster.start();
			}
		}
		await until('the broker to have its database again', async () => (await stage.connect({ id: free })).enterLobby().then(() => true, () => false));
	});

	test('posts while no broker runs, and the next one delivers', async () => {
		const [first, second] = newIds(2);
		await stage.broker.stop();
		await call('post', first, second, 'while nobody was there');
		await stage.restart();
		const bob = await stage.connect({ id: second });
		await bob.enterLobby();
		await until('it to be stored', async () => (await stage.stored(roomOf(chatOf(first, second)))).length === 1);
		const { history } = await bob.join(chatOf(first, second));
		assert.equal(history.messages[0].text, 'while nobody was there');
	});

	test('asks who is online, also after a crash of the database', async () => {
		const [here, gone, never] = newIds(3);
		await stage.connect({ id: here });
		const left = await stage.connect({ id: gone });
		const online = async () => Object.fromEntries((await stage.cluster.query(
			`select user_id, online from chat.online(array[${[here, gone, never].map(quoted)}])`)));
		await until('both to be online', async () => (await online())[here] === 't' && (await online())[gone] === 't');
		await left.end();
		await until('the one who left to be offline', async () => (await online())[gone] === 'f');
		await stage.cluster.kill();
		await stage.cluster.start();
		await until('the other to be online again', async () => (await online())[here] === 't');
		assert.deepEqual(await online(), { [here]: 't', [gone]: 'f', [never]: 'f' });
	});
});
