import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createInbox } from '../../src/inbox.js';

const message = (/** @type {number} */ seq, user_id = '2', members = {}) => ({ seq, user_id, text: `text ${seq}`, sent_at: '2026-03-01T08:00:00.000Z', ...members });
const chat = (/** @type {string} */ user_id, members = {}) => ({ chat: '', user_id, name: `Name of ${user_id}`, last: message(5, user_id), count: 1, read: { 1: 4, [user_id]: 3 }, ...members });

describe('the inbox', () => {
	/** @param {any[]} chats */
	function inboxOf(chats, more = false) {
		const inbox = createInbox(() => '1');
		inbox.page({ event: 'chats', chats, more, next: more ? 'next' : undefined });
		return inbox;
	}
	const peers = (/** @type {any} */ inbox) => inbox.list().map((/** @type {any} */ it) => it.peer);

	test('is empty until its first page, whatever is heard', () => {
		const inbox = createInbox(() => '1');
		assert.deepEqual([inbox.message('2', message(1)), inbox.list(), inbox.loaded(), inbox.next()], [false, [], false, {}]);
	});

	test('has all that is to be shown of each chat', () => {
		const [entry] = inboxOf([chat('2', { muted: true })]).list();
		const { last, ...rest } = entry;
		assert.deepEqual(rest, { peer: '2', name: 'Name of 2', count: 1, readSeq: 4, muted: true, blocked: false, online: null });
		assert.deepEqual([last?.seq, last?.status, last?.mine], [5, 'sent', false]);
		const [own] = inboxOf([chat('2', { last: message(3, '1') })]).list();
		assert.deepEqual([own.last?.status, own.last?.mine], ['read', true]);
		assert.equal(inboxOf([chat('2', { last: undefined })]).list()[0].last, null);
	});

	test('goes on with the next page, without what has moved up meanwhile', () => {
		const inbox = inboxOf([chat('2'), chat('3')], true);
		assert.deepEqual(inbox.next(), { after: 'next' });
		inbox.message('4', message(9, '4'), 'Dora');
		const page = inbox.page({ event: 'chats', chats: [chat('4'), chat('5')], more: false });
		assert.deepEqual([peers(inbox), page.map((it) => it.peer), inbox.next()], [['4', '2', '3', '5'], ['4', '5'], null]);
		assert.deepEqual([inbox.list()[0].name, inbox.list()[0].last?.seq], ['Dora', 9]);
	});

	test('has a chat on top when something is said there, once', () => {
		const inbox = inboxOf([chat('2'), chat('3')]);
		assert.equal(inbox.message('3', message(6, '3')), true);
		assert.equal(inbox.message('3', message(6, '3')), false);
		assert.equal(inbox.message('3', message(7, '1')), true);
		assert.deepEqual([peers(inbox), inbox.list()[0].count, inbox.list()[0].last?.seq], [['3', '2'], 2, 7]);
	});

	test('shows the last message as it is by now', () => {
		const inbox = inboxOf([chat('2')]);
		assert.equal(inbox.changed('2', message(4, '2', { change: 1 })), false);
		assert.equal(inbox.changed('2', message(5, '2', { change: 2, text: 'new' })), true);
		assert.equal(inbox.changed('2', message(5, '2', { change: 1, text: 'old' })), false);
		assert.equal(inbox.list()[0].last?.text, 'new');
	});

	test('takes over what it is told, and says whether that was news', () => {
		const inbox = inboxOf([chat('2')]);
		assert.equal(inbox.set('2', { muted: true }), true);
		assert.equal(inbox.set('2', { muted: true }), false);
		assert.equal(inbox.set('9', { muted: true }), false);
		assert.equal(inbox.list()[0].muted, true);
	});

	test('begins anew with a first page, and keeps who is online', () => {
		const inbox = inboxOf([chat('2'), chat('3')]);
		inbox.set('2', { online: true });
		inbox.page({ event: 'chats', chats: [chat('2', { count: 0 })], more: true, next: 'n' }, true);
		assert.deepEqual(inbox.list().map(({ peer, count, online }) => [peer, count, online]), [['2', 0, true]]);
	});
});
