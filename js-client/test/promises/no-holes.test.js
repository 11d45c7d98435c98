// Promise 2: no holes.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { pause, within } from '../../../tests/stack/wait.js';
import { handledLinks } from '../links.js';
import { startProxy } from '../../../tests/stack/proxy.js';
import { eventually, newIds, useStage } from '../stage.js';

const upTo = (/** @type {number} */ n) => Array.from({ length: n }, (_, index) => index + 1);
const seqs = (/** @type {{ seq: number | null }[]} */ messages) => messages.map((it) => it.seq);

/**
 * A broker, and people at it.
 * @param {string} [conf] more lines of its configuration
 */
function useListeners(conf = '') {
	const stage = useStage({ options: { rate_limit: 0 }, conf });
	/** @type {Awaited<ReturnType<typeof startProxy>>[]} */
	const proxies = [];
	afterEach(() => proxies.splice(0).forEach((proxy) => proxy.close()));

	/** Ann, who talks, and Bob, who listens by way of a proxy. */
	async function listener() {
		const proxy = await startProxy(() => stage.broker.wsPort);
		proxies.push(proxy);
		const [a, b] = newIds(2);
		const hand = handledLinks();
		const ann = await stage.inRoom(a, b);
		const bob = await stage.inRoom(b, a, { url: proxy.url }, { ...hand, random: () => 0.1 });
		/** @type {number[]} */
		const released = [];
		bob.room.on('message', (message) => released.push(Number(message.seq)));
		let resets = 0;
		bob.room.on('reset', () => resets++);
		return { proxy, ann, bob, hand, released, resets: () => resets };
	}
	return { stage, listener };
}

/** @param {any} ann @param {number} n */
function say(ann, n) {
	const sent = upTo(n).map((index) => ann.room.send(`text ${index}`));
	return within(`${n} messages to be stored`, Promise.all(sent.map((it) => it.settled)), 60000);
}

describe('the messages of a room', () => {
	// It drops much and soon for a client that does not read; the last of all shows no jump to anybody.
	const { listener } = useListeners('max_queued_messages 30');

	test('that the broker has dropped are fetched, and told of in order', async () => {
		const { proxy, ann, bob, hand, released } = await listener();
		await say(ann, 3);
		await eventually('Bob to have three', () => released.length === 3);
		proxy.stall();
		await say(ann, 300);
		proxy.flow();
		await eventually('Bob to hear again', () => released.length > 3);
		// The next one shows the jump, if all behind it were dropped; while Bob catches up it may be, too.
		let all = 303;
		for (; released.length < all; all++) {
			await say(ann, 1);
			await pause(300);
		}
		await eventually('Bob to have all', () => released.length === all, 60000);
		assert.deepEqual(released, upTo(all));
		assert.deepEqual(seqs(bob.room.messages), upTo(all));
		assert.equal(bob.chat.state, 'online');
		assert.equal(hand.opened.length, 1, 'it was one connection');
		assert.ok(hand.published.some(({ event }) => event.event === 'history' && event.after >= 3));
		await eventually('the count to be right again', () => bob.chat.unread.total === all);
	});
});

describe('the messages of a room', () => {
	const { stage, listener } = useListeners();

	test('that came while the line was cut are told of in order', async () => {
		const { proxy, ann, bob, released, resets } = await listener();
		await say(ann, 3);
		await eventually('Bob to have three', () => released.length === 3);
		proxy.shut();
		await say(ann, 400);
		proxy.reopen();
		await say(ann, 2);
		await eventually('Bob to have all', () => released.length >= 405, 60000);
		assert.deepEqual(released, upTo(405));
		assert.deepEqual(seqs(bob.room.messages), upTo(405));
		assert.equal(resets(), 0);
	});

	test('are a thousand at most after a reconnect', async () => {
		const { proxy, ann, bob, released, resets } = await listener();
		await say(ann, 2);
		await eventually('Bob to have two', () => released.length === 2);
		proxy.shut();
		await say(ann, 1000);
		proxy.reopen();
		await eventually('Bob to have all', () => released.length === 1002, 60000);
		assert.equal(resets(), 0);
		assert.deepEqual(seqs(bob.room.messages), upTo(1002));

		proxy.shut();
		await eventually('Bob to be offline', () => bob.chat.state !== 'online');
		const pending = bob.room.send('written meanwhile');
		await say(ann, 1001);
		proxy.reopen();
		await eventually('a reset', () => resets() === 1, 60000);
		await within('what was pending', pending.settled);
		// The newest page may have come before or after what was pending was stored.
		const { length } = bob.room.messages;
		assert.ok(length === 50 || length === 51, `${length} messages`);
		assert.deepEqual(seqs(bob.room.messages), upTo(2004).slice(-length));
		assert.equal(bob.room.messages.at(-1), pending);
		assert.equal(bob.room.more, true);
		assert.equal((await bob.room.older({ limit: 200 })).messages.length, 200);
		assert.deepEqual(seqs(bob.room.messages), upTo(2004).slice(-length - 200));
	});

	test('that are gone from the database are not waited for', async () => {
		const { proxy, ann, bob, hand, released } = await listener();
		await say(ann, 60);
		await eventually('Bob to have sixty', () => released.length === 60);
		proxy.shut();
		await say(ann, 340);
		await stage.cluster.query(`delete from chat.messages where room = '${ann.id}/${bob.id}'
			and seq in (5, 61, 62, 150, 151, 152, 250, 350, 400)`);
		const asked = hand.count('history');
		proxy.reopen();
		await eventually('Bob to be back', () => bob.chat.state === 'online');
		await say(ann, 2);
		const left = upTo(402).filter((seq) => ![61, 62, 150, 151, 152, 250, 350, 400].includes(seq));
		await eventually('Bob to have what is left', () => released.at(-1) === 402, 30000);
		assert.deepEqual(released, left);
		assert.ok(hand.count('history') - asked <= 5, `${hand.count('history') - asked} questions`);

		// The one right before another one's window is gone, too.
		await stage.cluster.query(`delete from chat.messages where room = '${ann.id}/${bob.id}' and seq = 351`);
		const other = await stage.inRoom(bob.id, ann.id);
		assert.deepEqual(seqs(other.room.messages), left.slice(-50));
		assert.equal(other.room.messages[0].seq, 352);
		for (let more = true; more;) {
			({ more } = await within('older messages', other.room.older({ limit: 200 })));
		}
		assert.deepEqual(seqs(other.room.messages), left.filter((seq) => ![5, 351].includes(seq)));
	});

	test('are the same for whoever opens the room while they come in', async () => {
		const [a, b] = newIds(2);
		const ann = await stage.inRoom(a, b);
		const said = say(ann, 200);
		await eventually('the first ones', () => ann.room.messages.some((it) => it.seq === 20));
		const bob = await stage.inRoom(b, a);
		const seen = seqs(bob.room.messages);
		bob.room.on('message', (message) => seen.push(message.seq));
		await said;
		await eventually('the last one', () => seen.at(-1) === 200);
		assert.deepEqual(seen, upTo(200).slice(Number(seen[0]) - 1));
	});

	test('of both, sent at the same time, are in one order for both', async () => {
		const { ann, bob } = await stage.couple();
		const sent = upTo(60).flatMap((n) => [ann.room.send(`from Ann ${n}`), bob.room.send(`from Bob ${n}`)]);
		await within('all echoes', Promise.all(sent.map((it) => it.settled)));
		await eventually('both to have all', () => [ann, bob].every(({ room }) => room.messages.filter((it) => it.seq).length === 120));
		assert.deepEqual(ann.room.messages.map((it) => it.text), bob.room.messages.map((it) => it.text));
		assert.deepEqual(seqs(ann.room.messages), upTo(120));
	});
});
