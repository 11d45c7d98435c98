// A whole chat at a plugin that the test plays.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signJwt } from '../../../tests/stack/tokens.js';
import { createChat } from '../../src/chat.js';
import { memoryStore } from '../../src/store.js';
import { handClock } from '../clocks.js';

/** Lets promises run. */
const breathe = () => new Promise((resolve) => {
	setTimeout(resolve, 2);
});
const token = signJwt('a secret for tests, of 32 bytes and more', { sub: '1', name: 'Ann', exp: Math.floor(Date.now() / 1000) + 3600 });
const environment = { visible: () => true, onWake: () => () => {} };
const wire = (/** @type {number} */ seq, user_id = '2', members = {}) =>
	({ seq, user_id, text: `text ${seq}`, sent_at: '2026-03-01T08:00:00.000Z', ...members });
const entry = (/** @type {string} */ user_id, members = {}) =>
	({ chat: `chat/1/${user_id}`, user_id, name: `Name of ${user_id}`, last: wire(5, user_id), count: 1, read: { 1: 4, [user_id]: 0 }, ...members });

/** @param {import('../../src/api.js').PendingStore} [store] */
async function world(store = memoryStore()) {
	const clock = handClock();
	/** @type {any[]} */
	const said = [];
	/** @type {any[]} */
	const links = [];
	const chat = createChat({ url: 'ws://x/', token, store }, {
		clock, environment,
		random: () => 0,
		openLink(_options, on) {
			links.push(on);
			return {
				subscribe(topic, done) {
					done(true);
					if (topic === 'user/1') {
						tell('user/1', { event: 'unread', chats: [], total: 0, more: false });
					}
				},
				unsubscribe: async () => {},
				publish: (topic, payload) => said.push({ topic, ...JSON.parse(payload) }),
				check: () => {},
				end: async () => {},
				cut: () => {},
			};
		},
	});
	const tell = (/** @type {string} */ topic, /** @type {object} */ event) =>
		links.at(-1).arrived(topic, new TextEncoder().encode(JSON.stringify(event)));
	/** Answers the last question. @param {object} event */
	const answer = (event) => tell(said.at(-1).topic, { ...event, ref: said.at(-1).ref });
	const up = async () => {
		await breathe();
		links.at(-1).up();
		await breathe();
	};
	const connected = chat.connect();
	connected.catch(() => {});
	await up();
	return { chat, clock, said, tell, answer, links, up };
}

describe('all chats of a user', () => {
	const peers = (/** @type {any} */ chat) => chat.chats.map((/** @type {any} */ it) => it.peer);

	test('are loaded page by page, one after the other', async () => {
		const { chat, said, answer } = await world();
		const [one, two, three] = [chat.moreChats(), chat.moreChats(), chat.moreChats()];
		await breathe();
		assert.deepEqual(said.map(({ topic, event, limit }) => [topic, event, limit]), [['user/1', 'chats', 50]]);
		answer({ event: 'chats', chats: [entry('2'), entry('3')], more: true, next: 'n' });
		assert.deepEqual([(await one).chats.map((it) => it.peer), (await one).more], [['2', '3'], true]);
		await breathe();
		assert.equal(said[1].after, 'n');
		answer({ event: 'chats', chats: [entry('4')], more: false });
		assert.deepEqual([(await two).more, peers(chat)], [false, ['2', '3', '4']]);
		assert.deepEqual([await three, said.length], [{ chats: [], more: false }, 2]);
	});

	test('are kept true: by messages, changes, read marks and what this user does elsewhere', async () => {
		const { chat, tell, answer } = await world();
		/** @type {any[]} */
		const told = [];
		chat.on('muted', (event) => told.push(event));
		chat.on('blocked', (event) => told.push(event));
		const page = chat.moreChats();
		await breathe();
		answer({ event: 'chats', chats: [entry('2'), entry('3')], more: false });
		await page;
		tell('user/1', { event: 'notification', chat: 'chat/1/3', name: 'Cleo', message: wire(6, '3') });
		assert.deepEqual([peers(chat), chat.chats[0].count, chat.chats[0].name], [['3', '2'], 2, 'Cleo']);
		tell('user/1', { event: 'changed', chat: 'chat/1/3', change: 1, message: wire(6, '3', { text: 'better', change: 1 }) });
		assert.equal(chat.chats[0].last?.text, 'better');
		assert.equal(chat.unread.chats[0].last.text, 'better');
		tell('user/1', { event: 'read', chat: 'chat/1/3', seq: 6, count: 0, total: 0 });
		tell('user/1', { event: 'muted', chat: 'chat/1/2', on: true });
		tell('user/1', { event: 'blocked', user_id: '3', on: true });
		const [cleo, ben] = chat.chats;
		assert.deepEqual([cleo.count, cleo.readSeq, cleo.blocked, ben.muted], [0, 6, true, true]);
		await breathe();
		assert.deepEqual(told, [{ peer: '2', on: true }, { peer: '3', on: true }]);
	});

	test('are loaded anew after a reconnect, as many as there were', async () => {
		const { chat, said, links, answer, clock, up } = await world();
		const page = chat.moreChats();
		await breathe();
		answer({ event: 'chats', chats: [entry('2'), entry('3'), entry('4')], more: true, next: 'n' });
		await page;
		links.at(-1).down(null);
		clock.pass(1000);
		await up();
		assert.deepEqual([said.at(-1).event, said.at(-1).limit, said.at(-1).after], ['chats', 3, undefined]);
		answer({ event: 'chats', chats: [entry('9'), entry('2')], more: true, next: 'm' });
		await breathe();
		assert.deepEqual([said.at(-1).limit, said.at(-1).after], [1, 'm']);
		answer({ event: 'chats', chats: [entry('3')], more: true, next: 'l' });
		await breathe();
		assert.deepEqual(peers(chat), ['9', '2', '3']);
	});

	test('are muted and blocked, which resolves once it is kept', async () => {
		const { chat, said, tell, answer } = await world();
		const muted = chat.mute('2');
		await breathe();
		assert.deepEqual({ ...said.at(-1), ref: '' }, { topic: 'user/1', event: 'mute', chat: 'chat/1/2', on: true, ref: '' });
		answer({ event: 'muted', chat: 'chat/1/2', on: true });
		assert.equal(await muted, undefined);
		const blocked = chat.block('2', false);
		await breathe();
		assert.deepEqual({ ...said.at(-1), ref: '' }, { topic: 'user/1', event: 'block', user_id: '2', on: false, ref: '' });
		tell('user/1', { event: 'error', code: 'forbidden', reason: 'users may not', ref: said.at(-1).ref });
		await assert.rejects(blocked, { code: 'forbidden' });
		await assert.rejects(chat.block('1'), TypeError);
		const asked = chat.moreChats();
		const closed = assert.rejects(asked, { code: 'closed' });
		await breathe();
		await chat.close();
		await closed;
	});
});

describe('a change that is pending', () => {
	test('survives the page, and is sent again by the next one', async () => {
		const store = memoryStore();
		const first = await world(store);
		const room = first.chat.with('2');
		room.open().catch(() => {});
		await breathe();
		first.tell('chat/1/2', { event: 'history', messages: [wire(1, '1'), wire(2)], more: false, read: { 1: 0, 2: 0 }, change: 0 });
		first.tell('chat/1/2', { event: 'presence_state', users: {} });
		room.remove(1);
		room.react(2, '👍');
		room.react(2, '👍', false);
		const asked = first.said.filter(({ event }) => /delete|react/.test(event));
		assert.deepEqual(asked.map(({ event, seq, on }) => [event, seq, on]), [['delete', 1, undefined], ['react', 2, true]]);
		await breathe();

		const next = await world(store);
		const again = next.said.filter(({ event }) => /delete|react/.test(event));
		assert.deepEqual(again.map(({ ref }) => ref), asked.map(({ ref }) => ref));
		next.tell('chat/1/2', { event: 'changed', change: 1, by: '1', message: wire(2, '2', { change: 1, reactions: [{ reaction: '👍', by: ['1'] }] }), ref: asked[1].ref });
		assert.deepEqual([next.said.at(-1).event, next.said.at(-1).on], ['react', false]);
		next.tell('chat/1/2', { event: 'changed', change: 2, by: '1', message: wire(2, '2', { change: 2 }), ref: next.said.at(-1).ref });
		next.tell('chat/1/2', { event: 'changed', change: 3, by: '1', message: wire(1, '1', { change: 3, text: '', deleted: true }), ref: asked[0].ref });
		await breathe();
		assert.deepEqual(await store.load('1'), []);
	});
});
