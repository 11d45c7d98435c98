// Several brokers on one database: a client sees no difference.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { until } from '../stack/wait.js';
import { chatOf, newIds, useStage } from './stage.js';

const options = { cluster: true };

describe('two brokers', () => {
	const stage = useStage({ options });
	/** @type {import('../stack/broker.js').Broker} */
	let other;

	before(async () => {
		other = await stage.another({ options });
	});

	/** Two people on two brokers, both in their chat. */
	async function couple() {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await stage.connect({ id: first, name: 'Ann' });
		const bob = await stage.connect({ id: second, name: 'Bob', broker: other });
		const { presence: alone } = await ann.join(chat);
		const { presence } = await bob.join(chat);
		const diff = await ann.next(chat, (event) => event.event === 'presence_diff' && second in event.joins);
		await bob.next(chat, 'presence_diff');
		ann.take(null);
		return { ann, bob, chat, alone, presence, diff };
	}

	test('what is said on one is heard on the other, in order, once', async () => {
		const { ann, bob, chat } = await couple();
		const said = [];
		for (let i = 0; i < 20; i++) {
			said.push(await (i % 2 ? ann : bob).say(chat, `${i}`));
		}
		for (const who of [ann, bob]) {
			for (let i = 0; i < 20; i++) {
				if (who !== (i % 2 ? ann : bob)) {
					assert.deepEqual(await who.next(chat, 'message'), said[i]);
				}
			}
			await who.none(chat, 'message');
		}
	});

	test('who comes and goes is told on both', async () => {
		const { ann, bob, chat, alone, presence, diff } = await couple();
		assert.deepEqual(alone.users, { [ann.id]: { name: 'Ann' } });
		assert.deepEqual(presence.users, { [ann.id]: { name: 'Ann' }, [bob.id]: { name: 'Bob' } });
		assert.deepEqual(diff, { event: 'presence_diff', joins: { [bob.id]: { name: 'Bob' } }, leaves: {} });
		const phone = await stage.connect({ id: bob.id, name: 'Bob' });
		assert.deepEqual((await phone.join(chat)).presence.users, presence.users);
		await bob.unsubscribe(chat);
		await phone.unsubscribe(chat);
		assert.deepEqual(await ann.next(chat, 'presence_diff'),
			{ event: 'presence_diff', joins: {}, leaves: { [bob.id]: { name: 'Bob' } } });
		await bob.join(chat);
		assert.deepEqual((await ann.next(chat, 'presence_diff')).joins, { [bob.id]: { name: 'Bob' } });
		await bob.end();
		assert.deepEqual((await ann.next(chat, 'presence_diff')).leaves, { [bob.id]: { name: 'Bob' } });
		await ann.none(chat, 'presence_diff');
	});

	test('who comes and goes all the time is seen as they are in the end', async () => {
		const { ann, bob, chat } = await couple();
		await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 2 ? bob.subscribe(chat) : bob.unsubscribe(chat))));
		const users = { [bob.id]: { name: 'Bob' } };
		let there = true;
		await until('the last of it to be told', async () => {
			for (const diff of ann.take(chat, 'presence_diff')) {
				assert.deepEqual(there ? diff.leaves : diff.joins, users);
				there = !there;
			}
			return there && Number((await stage.cluster.query(`select count(*) from chat.places where room = '${chat.slice(5)}'`))[0][0]) === 2;
		});
		await bob.unsubscribe(chat);
		assert.deepEqual((await ann.next(chat, 'presence_diff')).leaves, users);
	});

	test('who is not in the chat is notified, quietly where a client of theirs is', async () => {
		const { ann, bob, chat } = await couple();
		const phone = await stage.connect({ id: bob.id, name: 'Bob' });
		await phone.enterLobby();
		const echo = await ann.say(chat, 'here');
		assert.deepEqual(await phone.next(`user/${bob.id}`, 'notification'),
			{ event: 'notification', chat, name: 'Ann', message: without(echo), quiet: true });
		await bob.unsubscribe(chat);
		await ann.next(chat, 'presence_diff');
		await ann.say(chat, 'gone');
		assert.equal((await phone.next(`user/${bob.id}`, 'notification')).quiet, undefined);
		const tablet = await stage.connect({ id: ann.id, name: 'Ann', broker: other });
		await tablet.enterLobby();
		await ann.say(chat, 'mine');
		assert.equal((await tablet.next(`user/${ann.id}`, 'notification')).quiet, true);
		await phone.none(`user/${bob.id}`, (event) => event.event === 'notification' && event.message.text === 'here');
	});

	test('typing, read marks and changes are heard', async () => {
		const { ann, bob, chat } = await couple();
		const laptop = await stage.connect({ id: bob.id, name: 'Bob' });
		await laptop.enterLobby();
		assert.deepEqual(await ann.typesUntilHeard(chat, [bob]), [{ event: 'typing', user_id: ann.id, on: true }]);
		const { seq } = await ann.say(chat, 'hi');
		await bob.next(chat, 'message');
		await bob.publish(chat, { event: 'read', seq });
		for (const who of [ann, bob]) {
			assert.deepEqual(await who.next(chat, 'read'), { event: 'read', user_id: bob.id, seq });
		}
		assert.deepEqual(await laptop.next(`user/${bob.id}`, 'read'), { event: 'read', chat, seq, count: 0, total: 0 });
		await ann.publish(chat, { event: 'edit', seq, text: 'ho', ref: 'e1' });
		const changed = await ann.next(chat, 'changed');
		assert.deepEqual([changed.change, changed.by, changed.message.text, changed.ref], [1, ann.id, 'ho', 'e1']);
		assert.deepEqual(await bob.next(chat, 'changed'), changed);
		assert.deepEqual(await laptop.next(`user/${bob.id}`, 'changed'), { ...changed, chat });
		await bob.publish(chat, { event: 'react', seq, reaction: '👍' });
		for (const who of [ann, bob]) {
			assert.equal((await who.next(chat, 'changed')).change, 2);
			await who.none(chat, 'changed');
		}
	});

	test('a mute is heard by the clients of the same user', async () => {
		const { ann, bob, chat } = await couple();
		await ann.say(chat, 'x');
		const phone = await stage.connect({ id: bob.id, name: 'Bob' });
		await phone.enterLobby();
		await bob.enterLobby();
		await bob.publish(`user/${bob.id}`, { event: 'mute', chat, ref: 'm' });
		assert.deepEqual(await phone.next(`user/${bob.id}`, 'muted'), { event: 'muted', chat, on: true });
		await bob.next(`user/${bob.id}`, 'muted');
		await bob.none(`user/${bob.id}`, 'muted');
		await bob.unsubscribe(chat);
		await ann.next(chat, 'presence_diff');
		await ann.say(chat, 'y');
		assert.equal((await phone.next(`user/${bob.id}`, 'notification')).quiet, true);
	});

	test('what the application does reaches both', async () => {
		const { ann, bob, chat } = await couple();
		await stage.cluster.query(`select chat.post('${ann.id}', '${bob.id}', 'posted')`);
		const posted = await ann.next(chat, 'message');
		assert.equal(posted.text, 'posted');
		assert.deepEqual(await bob.next(chat, 'message'), posted);
		await stage.cluster.query(`select chat.remove('${ann.id}', '${bob.id}', ${posted.seq})`);
		for (const who of [ann, bob]) {
			assert.equal((await who.next(chat, 'changed')).message.deleted, true);
			await who.none(chat, 'message');
		}
		await stage.cluster.query(`select chat.close('${ann.id}', '${bob.id}')`);
		for (const who of [ann, bob]) {
			assert.equal((await who.next(chat, 'error')).code, 'forbidden');
		}
	});

	test('who is online on either is', async () => {
		const { ann, bob, chat } = await couple();
		await bob.say(chat, 'hi');
		await ann.next(chat, 'message');
		assert.deepEqual(await ann.next(chat, 'peer'), { event: 'peer', user_id: bob.id, name: 'Bob', online: true });
		const phone = await stage.connect({ id: bob.id, name: 'Bob' });
		await bob.end();
		await ann.next(chat, 'presence_diff');
		await phone.end();
		await ann.none(chat, 'peer');
		const { seen_at: seenAt, ...gone } = await ann.next(chat, 'peer');
		assert.deepEqual(gone, { event: 'peer', user_id: bob.id, name: 'Bob', online: false });
		assert.ok(Date.parse(seenAt) > 0);
		const again = await stage.connect({ id: bob.id, name: 'Bob', broker: other });
		assert.deepEqual(await ann.next(chat, 'peer'), { event: 'peer', user_id: bob.id, name: 'Bob', online: true });
		assert.equal((await ann.join(chat)).history.peer.online, true);
		await again.end();
	});

	test('a broker that was taken for dead is told what it has missed, and its people leave and come', async () => {
		const { ann, bob, chat } = await couple();
		await bob.enterLobby();
		const first = await ann.say(chat, 'first');
		await bob.next(chat, 'message');
		process.kill(other.pid, 'SIGSTOP');
		const said = [];
		try {
			assert.deepEqual((await ann.next(chat, 'presence_diff')).leaves, { [bob.id]: { name: 'Bob' } });
			for (const text of ['one', 'two', 'three']) {
				said.push(await ann.say(chat, text));
			}
			await ann.publish(chat, { event: 'edit', seq: first.seq, text: 'FIRST' });
			await ann.next(chat, 'changed');
			// As if it had been away for longer than what is told is kept.
			await stage.cluster.query(`with gone as (delete from chat.feed returning stream, n)
				update chat.heads h set n = g.n from (select stream, max(n) as n from gone group by stream) g where h.stream = g.stream`);
		} finally {
			process.kill(other.pid, 'SIGCONT');
		}
		assert.equal((await bob.next(`user/${bob.id}`, 'unread')).total, 4);
		for (const message of said) {
			assert.deepEqual(await bob.next(chat, 'message'), message);
		}
		assert.equal((await bob.next(chat, 'changed')).message.text, 'FIRST');
		assert.deepEqual((await ann.next(chat, 'presence_diff')).joins, { [bob.id]: { name: 'Bob' } });
		const answer = await bob.say(chat, 'back');
		assert.deepEqual(await ann.next(chat, 'message'), answer);
		await bob.none(chat, 'message');
		await ann.none(chat, 'message');
		assert.match(other.log(), /chat: cluster: the others took this broker for dead, or/);
	});

	test('a broker that ends says so, and its people have left at once', async () => {
		const third = await stage.another({ options });
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await stage.connect({ id: first, name: 'Ann' });
		const bob = await stage.connect({ id: second, name: 'Bob', broker: third });
		await ann.join(chat);
		await bob.join(chat);
		await ann.next(chat, (event) => event.event === 'presence_diff' && second in event.joins);
		await third.stop();
		assert.deepEqual((await ann.next(chat, (event) => event.event === 'presence_diff' && second in event.leaves)).leaves, { [second]: { name: 'Bob' } });
		const rows = await stage.cluster.query('select gone_at is not null from chat.nodes order by node desc limit 1');
		assert.deepEqual(rows, [['t']]);
	});

	test('a client id that comes again on another broker leaves the connection that had it', async () => {
		const [id] = newIds(1);
		const phone = await stage.connect({ id, clientId: 'phone' });
		await until('the other broker to have heard of the login', async () =>
			Number((await stage.cluster.query(`select count(*) from chat.feed where kind = 'b' and position('phone' in convert_from(
				decode(replace(encode(body, 'escape'), '\\000', ''), 'escape'), 'latin1')) > 0`))[0][0]) > 0);
		await phone.fence();
		const again = await stage.connect({ id, clientId: 'phone', broker: other });
		await phone.closed;
		await again.fence();
		assert.equal(again.connected(), true);
		// The first broker has seen its end a moment later than the client.
		const [stranger] = newIds(1);
		await until('the identifier to be free for others there', () =>
			stage.connect({ id: stranger, clientId: 'phone' }).then(() => true, () => false));
		await again.fence();
		assert.equal(again.connected(), true);
	});
});

/** A message's members without those of its event. */
function without(/** @type {Record<string, unknown>} */ { event, ...message }) {
	return message;
}
