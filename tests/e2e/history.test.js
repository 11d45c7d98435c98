// History: what a client is told when it comes, and the pages that it asks for.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WAYS, wayName } from './client.js';
import { is } from './inbox.js';
import { newIds, useStage } from './stage.js';

const KIB = 1024;

/** The bound of one answer. */
const LONGEST = 256 * KIB;

/**
 * @param {number} from
 * @param {number} to
 */
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** @param {any} history */
const seqs = (history) => history.messages.map((/** @type {any} */ message) => message.seq);

/**
 * @param {any} client
 * @param {string} chat
 * @param {number} n
 * @param {(seq: number) => string} [text]
 */
async function fill(client, chat, n, text = (seq) => `message ${seq}`) {
	await Promise.all(range(1, n).map((seq) => client.publish(chat, { event: 'message', text: text(seq) })));
	for (const seq of range(1, n)) {
		assert.equal((await client.next(chat, 'message')).seq, seq);
	}
}

describe('history', () => {
	const stage = useStage({ options: { rate_limit: 0 } });
	let asked = 0;

	/**
	 * @param {any} client
	 * @param {string} chat
	 * @param {object} [members]
	 */
	async function ask(client, chat, members = {}) {
		const ref = `page ${++asked}`;
		await client.publish(chat, { event: 'history', ref, ...members });
		return client.next(chat, is('history', { ref }));
	}

	for (const way of WAYS) {
		test(`comes after the SUBACK by ${wayName(way)}`, async () => {
			const [first, second] = newIds(2);
			const chat = `chat/${first}/${second}`;
			const ann = await stage.connect({ id: first, ...way });
			for (let round = 0; round < 5; round++) {
				ann.packets.length = 0;
				await ann.join(chat);
				assert.equal(ann.packets.find((packet) => packet.cmd === 'suback' || packet.topic === chat)?.cmd, 'suback');
				await ann.unsubscribe(chat);
			}
		});
	}

	test('of a new chat is empty, and nobody has read anything', async () => {
		const [first, second] = newIds(2);
		const ann = await stage.connect({ id: first });
		const { history } = await ann.join(`chat/${first}/${second}`);
		const { epoch, ...rest } = history;
		assert.match(epoch, /^[0-9a-f]{16}$/);
		assert.deepEqual(rest, { event: 'history', messages: [], more: false, read: { [first]: 0, [second]: 0 }, change: 0, peer: { user_id: second } });
	});

	test('is the newest 50 on entering, ascending', async () => {
		const { ann, bob, chat } = await stage.couple();
		await fill(ann, chat, 50);
		const late = await stage.connect({ id: bob.id });
		const all = (await late.join(chat)).history;
		assert.deepEqual([seqs(all), all.more], [range(1, 50), false]);
		await ann.say(chat, 'one more');
		await late.unsubscribe(chat);
		const newest = (await late.join(chat)).history;
		assert.deepEqual([seqs(newest), newest.more], [range(2, 51), true]);
	});

	test('has whole messages, with a ref where there was one', async () => {
		const { ann, bob, chat } = await stage.couple();
		const first = await ann.say(chat, 'with', { ref: 'r' });
		await bob.publish(chat, { event: 'message', text: 'without' });
		const second = await ann.next(chat, 'message');
		const { messages } = await ask(ann, chat);
		assert.deepEqual(messages.map((/** @type {any} */ it) => ({ event: 'message', ...it })), [first, second]);
	});

	test('comes again with each SUBSCRIBE, also of what is subscribed already', async () => {
		const { ann, chat } = await stage.couple();
		await ann.say(chat, 'x');
		for (let round = 0; round < 3; round++) {
			const { history } = await ann.join(chat);
			assert.deepEqual(seqs(history), [1]);
		}
		await ann.none(chat, 'history');
	});

	test('comes to the subscribing client alone', async () => {
		const { ann, bob, chat } = await stage.couple();
		const other = await stage.connect({ id: ann.id });
		await other.join(chat);
		await ann.none(chat, (event) => event.event === 'history' || event.event === 'presence_state');
		await bob.none(chat, (event) => event.event === 'history' || event.event === 'presence_state');
	});

	test('comes to the asking client alone', async () => {
		const { ann, bob, chat } = await stage.couple();
		const other = await stage.connect({ id: ann.id });
		await other.join(chat);
		await ask(ann, chat);
		await ann.none(chat, 'history');
		await bob.none(chat, 'history');
		await other.none(chat, 'history');
	});

	test('has the ref of who asked, and none where there was none', async () => {
		const { ann, chat } = await stage.couple();
		for (const ref of ['r', '😀'.repeat(64)]) {
			await ann.publish(chat, { event: 'history', ref });
			assert.equal((await ann.next(chat, 'history')).ref, ref);
		}
		await ann.publish(chat, { event: 'history' });
		assert.ok(!('ref' in await ann.next(chat, 'history')));
	});

	test('says how far each has read', async () => {
		const { ann, bob, chat } = await stage.couple();
		await fill(ann, chat, 3);
		await bob.publish(chat, { event: 'read', seq: 2 });
		await ann.next(chat, 'read');
		const expected = { [ann.id]: 0, [bob.id]: 2 };
		assert.deepEqual((await ask(ann, chat)).read, expected);
		await bob.unsubscribe(chat);
		assert.deepEqual((await bob.join(chat)).history.read, expected);
	});

	test('is asked for in pages, both ways', async () => {
		const { ann, bob, chat } = await stage.couple();
		await fill(ann, chat, 220);
		for (const [members, expected, more] of /** @type {[object, number[], boolean][]} */ ([
			[{}, range(171, 220), true],
			[{ limit: 1 }, [220], true],
			[{ limit: 200 }, range(21, 220), true],
			[{ before: 221 }, range(171, 220), true],
			[{ before: 171 }, range(121, 170), true],
			[{ before: 51 }, range(1, 50), false],
			[{ before: 52 }, range(2, 51), true],
			[{ before: 21, limit: 20 }, range(1, 20), false],
			[{ before: 21, limit: 19 }, range(2, 20), true],
			[{ before: 2 }, [1], false],
			[{ before: 1 }, [], false],
			[{ before: 1000 }, range(171, 220), true],
			[{ after: 0 }, range(1, 50), true],
			[{ after: 0, limit: 200 }, range(1, 200), true],
			[{ after: 50, limit: 5 }, range(51, 55), true],
			[{ after: 170 }, range(171, 220), false],
			[{ after: 169 }, range(170, 219), true],
			[{ after: 215, limit: 5 }, range(216, 220), false],
			[{ after: 215, limit: 4 }, range(216, 219), true],
			[{ after: 219 }, [220], false],
			[{ after: 220 }, [], false],
			[{ after: 1000 }, [], false],
		])) {
			const page = await ask(bob, chat, members);
			assert.deepEqual([seqs(page), page.more], [expected, more], JSON.stringify(members));
			assert.deepEqual(page.messages.map((/** @type {any} */ it) => it.text), expected.map((seq) => `message ${seq}`));
		}
	});

	test('leads from page to page to the first message', async () => {
		const { ann, bob, chat } = await stage.couple();
		await fill(ann, chat, 25);
		let found = /** @type {number[]} */ ([]);
		for (let more = true, before = 26; more;) {
			const page = await ask(bob, chat, { before, limit: 10 });
			found = [...seqs(page), ...found];
			({ more } = page);
			[before] = found;
		}
		assert.deepEqual(found, range(1, 25));
	});

	test('is answered in a chat with nothing in it', async () => {
		const { ann, chat } = await stage.couple();
		for (const members of [{}, { before: 10 }, { after: 0 }]) {
			const page = await ask(ann, chat, members);
			assert.deepEqual([page.messages, page.more], [[], false]);
		}
	});

	test('is told of its own chat only', async () => {
		const { ann, bob, chat } = await stage.couple();
		const [third] = newIds(1);
		await ann.join(`chat/${ann.id}/${third}`);
		await ann.say(`chat/${ann.id}/${third}`, 'elsewhere');
		await ann.say(chat, 'here');
		const { messages } = await ask(bob, chat);
		assert.deepEqual(messages.map((/** @type {any} */ it) => it.text), ['here']);
	});

	test('is not told to who asks from outside the chat', async () => {
		const { ann, bob, chat } = await stage.couple();
		const outside = await stage.connect({ id: ann.id });
		await outside.publish(chat, { event: 'history', ref: 'outside' });
		await ask(ann, chat);
		await ann.none(chat, is('history', { ref: 'outside' }));
		await bob.none(chat, 'history');
		await outside.none(null);
	});

	test('is answered once for each asking, also for the same', async () => {
		const { ann, chat } = await stage.couple();
		await Promise.all(range(1, 10).map(() => ann.publish(chat, { event: 'history', ref: 'same' })));
		for (let n = 0; n < 10; n++) {
			await ann.next(chat, is('history', { ref: 'same' }));
		}
		await ann.none(chat, 'history');
	});

	describe('of long messages', () => {
		/** @type {[string, (seq: number) => string][]} */
		const kinds = [
			['letters', (seq) => String(seq % 10).repeat(16 * KIB)],
			['characters that are longer in JSON', () => '\u0001'.repeat(16 * KIB)],
			['quotes', () => '"\\'.repeat(8 * KIB)],
		];
		for (const [what, text] of kinds) {
			test(`made of ${what} is cut to the nearest ones, in 256 KB`, async () => {
				// 2.0.11 takes such long packets over WebSockets, but only a few of them a second.
				const { ann, bob, chat } = await stage.couple({ transport: 'tcp' });
				await fill(ann, chat, 20, text);
				bob.take(chat);
				await bob.unsubscribe(chat);

				await bob.subscribe(chat);
				const newest = await bob.nextItem(chat, 'history');
				await bob.publish(chat, { event: 'history', before: 20, ref: 'before' });
				const before = await bob.nextItem(chat, is('history', { ref: 'before' }));
				await bob.publish(chat, { event: 'history', after: 0, ref: 'after' });
				const after = await bob.nextItem(chat, is('history', { ref: 'after' }));

				for (const { payload, event } of [newest, before, after]) {
					assert.ok(payload.length <= LONGEST, `${payload.length} bytes`);
					assert.ok(event.messages.length >= 1 && event.messages.length < 20);
					assert.equal(event.more, true);
					assert.equal(event.messages[0].text, text(event.messages[0].seq));
				}
				const count = newest.event.messages.length;
				assert.deepEqual(seqs(newest.event), range(21 - count, 20));
				assert.deepEqual(seqs(before.event), range(20 - before.event.messages.length, 19));
				assert.deepEqual(seqs(after.event), range(1, after.event.messages.length));
			});
		}
	});
});

describe('the history limit of the operator', () => {
	const stage = useStage({ options: { history_limit: 3, rate_limit: 0 } });

	test('is how many come on entering, and not what an asking gets', async () => {
		const { ann, bob, chat } = await stage.couple();
		await fill(ann, chat, 60);
		await bob.unsubscribe(chat);
		const { history } = await bob.join(chat);
		assert.deepEqual([seqs(history), history.more], [[58, 59, 60], true]);
		await bob.publish(chat, { event: 'history', ref: 'more' });
		assert.deepEqual(seqs(await bob.next(chat, is('history', { ref: 'more' }))), range(11, 60));
	});
});
