import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createUnreadCounts } from '../../src/unread.js';

const message = (/** @type {number} */ seq, user_id = '2') => ({ seq, user_id, text: `text ${seq}`, sent_at: '2026-03-01T08:00:00.000Z' });

/** @param {[string, number, number][]} chats peer, count, seq of the last one */
const report = (chats, more = false) => ({
	event: /** @type {const} */ ('unread'), more,
	total: chats.reduce((sum, [, count]) => sum + count, 0),
	chats: chats.map(([user_id, count, seq]) => ({ chat: `chat/1/${user_id}`, user_id, count, last: message(seq, user_id) })),
});

describe('unread counts', () => {
	/** @param {[string, number, number][]} chats */
	function counted(chats, more = false) {
		const counts = createUnreadCounts();
		counts.report(report(chats, more));
		return counts;
	}
	const listed = (/** @type {ReturnType<typeof createUnreadCounts>} */ counts) =>
		[counts.total(), ...counts.entries().map(({ peer, count, last }) => [peer, count, last.seq])];

	test('are the plugin\'s, the newest first', () => {
		assert.deepEqual(listed(counted([['2', 3, 9], ['3', 1, 4]])), [4, ['2', 3, 9], ['3', 1, 4]]);
	});

	test('grow with a peer\'s message, and not with what was counted before or is one\'s own', () => {
		const counts = counted([['2', 3, 9], ['3', 1, 4]]);
		assert.equal(counts.message('3', message(5, '3')), 'news');
		assert.equal(counts.message('2', message(9)), 'known');
		assert.equal(counts.message('2', message(8)), 'known');
		assert.equal(counts.message('2', message(10, '1')), 'news');
		assert.equal(counts.message('4', message(1, '4')), 'news');
		assert.deepEqual(listed(counts), [6, ['4', 1, 1], ['3', 2, 5], ['2', 3, 9]]);
	});

	test('fall as the plugin says', () => {
		const counts = counted([['2', 3, 9], ['3', 1, 4]]);
		assert.equal(counts.read('2', { seq: 8, count: 1, total: 2 }), false);
		assert.equal(counts.read('3', { seq: 4, count: 0, total: 1 }), false);
		assert.deepEqual(listed(counts), [1, ['2', 1, 9]]);
	});

	test('do not count what was read before it was heard of', () => {
		const counts = counted([]);
		counts.read('2', { seq: 5, count: 0, total: 0 });
		assert.equal(counts.message('2', message(5)), 'known');
		assert.equal(counts.total(), 0);
	});

	test('are doubtful when messages were not heard of', () => {
		const counts = counted([['2', 1, 5]]);
		assert.equal(counts.message('2', message(9)), 'news', 'those between may be one\'s own, of before');
		assert.equal(counts.message('2', message(11)), 'doubtful');
		assert.equal(counts.read('2', { seq: 11, count: 1, total: 1 }), true);
		assert.equal(counts.read('7', { seq: 1, count: 2, total: 3 }), true);
	});

	test('are doubtful for a chat that was too far down the list', () => {
		const counts = counted([['2', 1, 5]], true);
		assert.equal(counts.message('3', message(70, '3')), 'doubtful');
		assert.equal(counts.message('2', message(6)), 'news');
	});

	test('of a user called __proto__ are like others', () => {
		const counts = counted([]);
		counts.message('__proto__', message(1, '__proto__'));
		assert.deepEqual(listed(counts), [1, ['__proto__', 1, 1]]);
	});
});
