import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pendingMessage, storedMessage, unsettle } from '../../src/message.js';

const NAMES = [
	'change', 'changing', 'data', 'deleted', 'edited_at', 'error', 'mine', 'reactions', 'ref', 'reply_to', 'sent_at', 'seq', 'settled', 'status',
	'text', 'user_id',
];

test('a stored message is settled', async () => {
	const message = storedMessage({ seq: 3, user_id: '2', text: 'hi', sent_at: '2026-03-01T08:00:00.123Z' }, '1');
	assert.deepEqual(Object.keys(message).sort(), NAMES);
	const { settled, ...rest } = message;
	assert.deepEqual(rest, {
		ref: null, seq: 3, user_id: '2', text: 'hi', data: null, reply_to: null, edited_at: null, reactions: [], deleted: false, change: 0,
		changing: false, sent_at: new Date(Date.UTC(2026, 2, 1, 8, 0, 0, 123)), mine: false, status: 'sent', error: null,
	});
	assert.equal(await settled, message);
	assert.equal(storedMessage({ seq: 3, user_id: '1', text: 'hi', sent_at: '', ref: 'r' }, '1').mine, true);
});

test('a pending one has the same members, and can be tried again', async () => {
	const message = pendingMessage('r', '1', { text: 'hi' }, new Date());
	const first = unsettle(message);
	assert.deepEqual(Object.keys(message).sort(), NAMES);
	assert.deepEqual([message.seq, message.status, message.mine], [null, 'sending', true]);
	const { settled } = message;
	first.reject(new Error('no'));
	const second = unsettle(message);
	second.resolve(message);
	assert.equal(await message.settled, message);
	await assert.rejects(settled, /no/);
});
