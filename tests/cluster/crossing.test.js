// What happens on one broker is seen on the others: everything that PROTOCOL.md promises, across them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { is } from '../e2e/inbox.js';
import { until } from '../stack/wait.js';
import { chatOf, joins, leaves, newIds, useNodes } from './stage.js';

/** @param {any} event without what names its kind */
function membersOf({ event: _event, ...members }) {
	return members;
}

describe('across brokers', () => {
	const cluster = useNodes(3);

	test('a message reaches both users, on each of their devices, as it was stored', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const laptop = await cluster.at(2, { id: ann.id });
		await laptop.join(chat);
		const echo = await ann.say(chat, 'hello over there', { data: { n: 1 }, reply_to: 7 });
		assert.equal(echo.seq, 1);
		assert.deepEqual(await bob.next(chat, 'message'), echo);
		assert.deepEqual(await laptop.next(chat, 'message'), echo);
		const answer = await bob.say(chat, 'and back');
		assert.equal(answer.seq, 2);
		assert.deepEqual(await ann.next(chat, 'message'), answer);
		assert.deepEqual(await laptop.next(chat, 'message'), answer);
		for (const it of [ann, bob, laptop]) {
			await it.none(chat, 'message');
		}
	});

	test('an own message that follows one of another broker comes after it', async () => {
		const { ann, bob, chat } = await cluster.couple();
		for (let round = 0; round < 20; round++) {
			const [one, two] = await Promise.all([ann.say(chat, `a${round}`), bob.say(chat, `b${round}`)]);
			assert.deepEqual([one.seq, two.seq].sort((a, b) => a - b), [2 * round + 1, 2 * round + 2]);
			await ann.next(chat, is('message', { seq: two.seq }));
			await bob.next(chat, is('message', { seq: one.seq }));
		}
	});

	test('a message to a chat that is open nowhere reaches the lobby of its user', async () => {
		const [a, b] = newIds(2);
		const chat = chatOf(a, b);
		const ann = await cluster.at(0, { id: a, name: 'Ann' });
		const bob = await cluster.at(1, { id: b });
		await ann.join(chat);
		await bob.enterLobby();
		const message = membersOf(await ann.say(chat, 'are you there?'));
		assert.deepEqual(await bob.next(`user/${b}`, 'notification'), { event: 'notification', chat, name: 'Ann', message });
	});

	test('a notification is quiet where its user sees the message elsewhere, has sent it or has muted the chat', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const hers = await cluster.at(2, { id: ann.id });
		const his = await cluster.at(2, { id: bob.id });
		await hers.enterLobby();
		await his.enterLobby();
		await ann.say(chat, 'seen at once');
		assert.equal((await hers.next(`user/${ann.id}`, 'notification')).quiet, true, 'she has sent it');
		assert.equal((await his.next(`user/${bob.id}`, 'notification')).quiet, true, 'he is in the chat');
		await bob.unsubscribe(chat);
		await ann.next(chat, leaves(bob.id));
		await ann.say(chat, 'to nobody there');
		assert.ok(!('quiet' in await his.next(`user/${bob.id}`, 'notification')));
		await his.publish(`user/${bob.id}`, { event: 'mute', chat, ref: 'm' });
		await his.next(`user/${bob.id}`, 'muted');
		await ann.say(chat, 'to somebody who does not want to know');
		assert.equal((await his.next(`user/${bob.id}`, 'notification')).quiet, true, 'he has muted the chat');
	});

	test('a read mark reaches the chat, and its counts the own lobby', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const phone = await cluster.at(2, { id: bob.id });
		await ann.say(chat, 'one');
		await ann.say(chat, 'two');
		assert.equal((await phone.enterLobby()).total, 2);
		await bob.publish(chat, { event: 'read', seq: 1 });
		assert.deepEqual(await ann.next(chat, 'read'), { event: 'read', user_id: bob.id, seq: 1 });
		assert.deepEqual(await phone.next(`user/${bob.id}`, 'read'), { event: 'read', chat, seq: 1, count: 1, total: 1 });
	});

	test('typing is seen', async () => {
		const { ann, bob, chat } = await cluster.couple();
		for (const on of [true, false]) {
			assert.deepEqual(await ann.typesUntilHeard(chat, [bob], on), [{ event: 'typing', user_id: ann.id, on }]);
		}
	});

	test('who is in the chat is told on entering, whichever broker they are on', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const tablet = await cluster.at(2, { id: bob.id, name: 'Bob' });
		const { presence } = await tablet.join(chat);
		assert.deepEqual(presence.users, { [ann.id]: { name: 'Ann' }, [bob.id]: { name: 'Bob' } });
		await tablet.end();
	});

	test('presence is of users: a device on another broker neither joins nor leaves', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const tablet = await cluster.at(2, { id: bob.id, name: 'Bob' });
		await tablet.join(chat);
		// What one broker tells after another is heard after it, but not what both tell at one moment.
		await tablet.say(chat, 'here as well');
		await ann.next(chat, 'message');
		await bob.end();
		// His leaving would have come before this.
		await tablet.say(chat, 'still here');
		await ann.next(chat, 'message');
		await ann.none(chat, 'presence_diff');
		await tablet.end();
		assert.deepEqual(await ann.next(chat, leaves(bob.id)), { event: 'presence_diff', joins: {}, leaves: { [bob.id]: { name: 'Bob' } } });
		const again = await cluster.at(1, { id: bob.id, name: 'Bob' });
		await again.join(chat);
		await ann.next(chat, joins(bob.id));
		await ann.none(chat, 'presence_diff');
	});

	test('an edit, a reaction and a deletion are seen in the chat and in lobbies, in their order', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const phone = await cluster.at(2, { id: bob.id });
		await phone.enterLobby();
		await ann.say(chat, 'helo');
		await bob.next(chat, 'message');
		await ann.publish(chat, { event: 'edit', seq: 1, text: 'hello' });
		await ann.next(chat, is('changed', { change: 1 }));
		await bob.publish(chat, { event: 'react', seq: 1, reaction: '👍' });
		await ann.next(chat, is('changed', { change: 2 }));
		await ann.publish(chat, { event: 'delete', seq: 1 });
		for (const [change, by] of [[1, ann.id], [2, bob.id], [3, ann.id]]) {
			const here = await bob.next(chat, 'changed');
			assert.deepEqual([here.change, here.by], [change, by]);
			const there = await phone.next(`user/${bob.id}`, 'changed');
			assert.deepEqual([there.chat, there.change, there.by], [chat, change, by]);
			// As it is by now, which is later for whoever hears it later.
			for (const { message } of [here, there]) {
				assert.ok(message.seq === 1 && message.change >= change);
			}
		}
		assert.equal((await ann.next(chat, 'changed')).message.deleted, true);
	});

	test('changes of both, made at once, come to everybody in one order and after their message', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const count = 15;
		for (let n = 1; n <= count; n++) {
			await ann.say(chat, `m${n}`);
			await Promise.all([
				ann.publish(chat, { event: 'edit', seq: n, text: `e${n}` }),
				bob.publish(chat, { event: 'react', seq: n, reaction: 'x' }),
			]);
		}
		for (const it of [ann, bob]) {
			let seq = it === ann ? count : 0;
			for (let change = 0; change < 2 * count;) {
				const event = await it.next(chat, (/** @type {any} */ one) => one.event === 'message' || one.event === 'changed');
				if (event.event === 'message') {
					assert.equal(event.seq, ++seq);
				} else {
					assert.equal(event.change, ++change);
					assert.ok(event.message.seq <= seq, `change ${change} came before its message`);
				}
			}
		}
	});

	test('mutes, blocks and read marks are heard by the same user on another broker', async () => {
		const { ann, bob, chat } = await cluster.couple();
		await ann.say(chat, 'hi');
		const [phone, laptop] = [await cluster.at(1, { id: bob.id }), await cluster.at(2, { id: bob.id })];
		const lobby = `user/${bob.id}`;
		await phone.enterLobby();
		await laptop.enterLobby();
		await phone.publish(lobby, { event: 'mute', chat });
		assert.deepEqual(membersOf(await laptop.next(lobby, 'muted')), { chat, on: true });
		await phone.publish(lobby, { event: 'block', user_id: ann.id });
		assert.deepEqual(membersOf(await laptop.next(lobby, 'blocked')), { user_id: ann.id, on: true });
		await ann.next(chat, is('error', { code: 'forbidden' }));
		await ann.publish(chat, { event: 'message', text: 'why?', ref: 'w' });
		await ann.next(chat, is('error', { code: 'forbidden', ref: 'w' }));
		await bob.none(chat, is('message', { text: 'why?' }));
		await laptop.publish(lobby, { event: 'block', user_id: ann.id, on: false });
		await ann.next(chat, 'presence_state');
		await ann.say(chat, 'thanks');
		await bob.next(chat, is('message', { text: 'thanks' }));
	});

	test('what the application posts, changes and closes is heard everywhere', async () => {
		const { ann, bob, chat } = await cluster.couple();
		await cluster.postgres.query(`select chat.post('${ann.id}', '${bob.id}', 'order 7', 'o7')`);
		const [one, two] = [await ann.next(chat, 'message'), await bob.next(chat, 'message')];
		assert.deepEqual(one, two);
		await cluster.postgres.query(`select chat.edit('${ann.id}', '${bob.id}', 1, 'order 8')`);
		assert.equal((await ann.next(chat, 'changed')).message.text, 'order 8');
		assert.equal((await bob.next(chat, 'changed')).message.text, 'order 8');
		await cluster.postgres.query(`select chat.close('${ann.id}', '${bob.id}')`);
		await ann.next(chat, is('error', { code: 'forbidden' }));
		await bob.next(chat, is('error', { code: 'forbidden' }));
	});

	test('an inbox and its counts are up to date wherever they are asked for', async () => {
		const { ann, bob, chat } = await cluster.couple();
		await ann.say(chat, 'one');
		await bob.next(chat, 'message');
		await ann.say(chat, 'two');
		await bob.publish(chat, { event: 'read', seq: 1 });
		await ann.next(chat, 'read');
		const phone = await cluster.at(2, { id: bob.id });
		const unread = await phone.enterLobby();
		assert.deepEqual([unread.total, unread.chats[0].count, unread.chats[0].name, unread.chats[0].last.text], [1, 1, 'Ann', 'two']);
		await phone.publish(`user/${bob.id}`, { event: 'chats' });
		const [entry] = (await phone.next(`user/${bob.id}`, 'chats')).chats;
		assert.deepEqual([entry.chat, entry.count, entry.last.seq, entry.read], [chat, 1, 2, { [ann.id]: 0, [bob.id]: 1 }]);
	});

	test('a user is online while any broker has them, and their name is that of the latest login', async () => {
		const { ann, bob, chat } = await cluster.couple();
		await bob.say(chat, 'I have written here');
		await ann.next(chat, is('peer', { user_id: bob.id, online: true, name: 'Bob' }));
		const tablet = await cluster.at(2, { id: bob.id, name: 'Robert' });
		await ann.next(chat, is('peer', { user_id: bob.id, online: true, name: 'Robert' }));
		await bob.end();
		const asked = await cluster.postgres.query(`select online from chat.online(array['${bob.id}'])`);
		assert.deepEqual(asked, [['t']]);
		await tablet.end();
		const gone = await ann.next(chat, is('peer', { user_id: bob.id, online: false }), { timeout: 40000 });
		assert.match(gone.seen_at, /Z$/);
		assert.deepEqual(ann.take(chat, is('peer', { user_id: bob.id, online: false })), [], 'told once');
	});

	test('a client identifier that a phone left half-open is given up for the same user, and for nobody else', async () => {
		const [a, b] = newIds(2);
		const clientId = `phone-${a}`;
		const before = await cluster.at(0, { id: a, clientId });
		const other = await cluster.at(1, { id: b, clientId });
		// Long before, that is: the others have heard of that login.
		const chat = chatOf(a, b);
		const third = await cluster.at(2, { id: b });
		await Promise.all([before, other, third].map((it) => it.join(chat)));
		await before.typesUntilHeard(chat, [other, third]);
		const now = await cluster.at(2, { id: a, clientId });
		await before.ended();
		await now.enterLobby();
		await other.enterLobby();
		assert.ok(now.connected() && other.connected());
	});

	test('nobody reads, counts or infers a chat of others', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const [c] = newIds(1);
		const eve = await cluster.at(2, { id: c });
		await eve.enterLobby();
		assert.ok(await eve.subscribe(chat) > 2);
		await ann.say(chat, 'between us');
		await bob.next(chat, 'message');
		// What was on its way to her broker is there before this is.
		const own = chatOf(ann.id, c);
		await ann.join(own);
		await ann.say(own, 'to you');
		await eve.next(`user/${c}`, is('notification', { chat: own }));
		await eve.none(null, (/** @type {any} */ event) => event.event !== 'error');
	});

	test('who is in and how each fares stands in chat.nodes and in the metrics', async () => {
		const rows = await cluster.postgres.query('select name, seen_at > now() - interval \'1 minute\' from chat.nodes where in_cluster order by name');
		assert.deepEqual(rows, [['node-1', 't'], ['node-2', 't'], ['node-3', 't']]);
		for (const node of cluster.nodes) {
			await until('the log to say which node this is', () => /chat: .*cluster.*node/i.test(node.log()));
		}
	});
});
