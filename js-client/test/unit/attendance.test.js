import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAttendance } from '../../src/attendance.js';
import { handClock } from '../clocks.js';

describe('attendance', () => {
	function world() {
		const clock = handClock();
		const it = { joins: 0, opened: 0, pending: false };
		const attendance = createAttendance(clock, { join: () => it.joins++, pending: () => it.pending, opened: () => it.opened++ });
		return { clock, it, attendance };
	}
	const late = (/** @type {string} */ code, retry_ms = 3000) => ({ event: /** @type {const} */ ('error'), code, reason: '', retry_ms });

	test('begins once history and presence are in, for all who wait', async () => {
		const { it, attendance } = world();
		const both = [attendance.open('page'), attendance.open('page')];
		assert.equal(it.joins, 1);
		attendance.subscribing();
		attendance.subscribed();
		attendance.tell('history');
		assert.deepEqual([attendance.isOpen(), it.opened], [false, 0]);
		attendance.tell('presence');
		await Promise.all(both);
		assert.deepEqual([attendance.isOpen(), it.opened, attendance.joined()], [true, 1, true]);
		await attendance.open('page');
		assert.equal(it.joins, 1);
	});

	test('lasts until the last who wants it lets go', async () => {
		const { attendance } = world();
		attendance.open('page').catch(() => {});
		attendance.open('element').catch(() => {});
		attendance.open('element').catch(() => {});
		assert.deepEqual([attendance.release('element'), attendance.wanted()], [false, true]);
		assert.deepEqual([attendance.release('element'), attendance.wanted()], [false, true]);
		assert.deepEqual([attendance.release('page'), attendance.wanted()], [true, false]);
	});

	test('is asked for again when what is owed does not come', () => {
		const { clock, it, attendance } = world();
		attendance.open('page').catch(() => {});
		attendance.subscribing();
		clock.pass(10000);
		assert.equal(it.joins, 2);
		attendance.subscribing();
		assert.equal(attendance.postpone(late('rate_limited')), true);
		clock.pass(3000);
		assert.equal(it.joins, 3);
		attendance.subscribing();
		attendance.postpone(late('unavailable'));
		clock.pass(59000);
		assert.equal(it.joins, 3, 'an answer comes by itself, when the store is back');
		attendance.tell('presence');
		attendance.tell('history');
		assert.equal(attendance.postpone(late('rate_limited')), false);
		assert.equal(clock.armed(), 0);
	});

	test('for pending messages alone is owed a page, and no more', () => {
		const { clock, it, attendance } = world();
		it.pending = true;
		attendance.subscribing();
		attendance.tell('presence');
		assert.equal(clock.armed(), 1);
		attendance.tell('history');
		assert.deepEqual([clock.armed(), attendance.isOpen(), attendance.needed()], [0, false, true]);
	});

	test('ends for who waits, and begins anew', async () => {
		const { clock, attendance } = world();
		const opening = attendance.open('page');
		attendance.subscribing();
		attendance.forget(new Error('closed'));
		await assert.rejects(opening, /closed/);
		assert.deepEqual([attendance.wanted(), clock.armed()], [false, 0]);
		const again = attendance.open('page');
		attendance.tell('history');
		attendance.tell('presence');
		await again;
		attendance.left();
		assert.deepEqual([attendance.joined(), attendance.isOpen()], [false, true]);
	});
});
