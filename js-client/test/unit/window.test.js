import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL, around, boundsOf, extendDown, extendUp, fit, indexOf, MOST, MOST_AT_END, STEP, tail } from '../../src/element/window.js';

/** @param {number} first @param {number} last @param {number} [pending] */
const messages = (first, last, pending = 0) => [
	...Array.from({ length: last - first + 1 }, (_, i) => ({ seq: first + i })), ...Array.from({ length: pending }, () => ({ seq: null }))];

test('a_short_conversation_is_there_as_a_whole', () => {
	const all = messages(1, 50, 2);
	assert.deepEqual(boundsOf(all, fit(all, ALL, true)), { start: 0, end: 52 });
	assert.equal(extendUp(all, ALL), null);
	assert.equal(extendDown(all, ALL), null);
});

test('who_is_at_the_end_keeps_the_end_and_who_reads_above_what_is_there', () => {
	const all = messages(1001, 1001 + MOST, 1);
	const end = fit(all, ALL, true);
	assert.equal(boundsOf(all, end).end, all.length);
	assert.equal(boundsOf(all, end).end - boundsOf(all, end).start, STEP);
	const few = messages(1001, 1000 + MOST_AT_END);
	assert.deepEqual(boundsOf(few, fit(few, ALL, true)), { start: 0, end: MOST_AT_END });
	assert.equal(boundsOf([...few, { seq: 9999 }], fit([...few, { seq: 9999 }], ALL, true)).start, MOST_AT_END + 1 - STEP);
	// A window so high that more is needed gets it, and keeps it for a while.
	assert.ok(MOST_AT_END >= 2 * STEP && MOST > MOST_AT_END);
	const above = fit(all, ALL, false);
	assert.deepEqual(boundsOf(all, above), { start: 0, end: MOST });
	// What comes later does not move it.
	assert.deepEqual(boundsOf([...all, { seq: 9999 }], above), { start: 0, end: MOST });
});

test('walking_up_and_down_shows_each_message_and_never_too_many', () => {
	const all = messages(1, 5000);
	let part = tail(all);
	/** @type {Set<number | null>} */
	const seen = new Set();
	const look = () => {
		const { start, end } = boundsOf(all, part);
		assert.ok(end - start <= MOST);
		all.slice(start, end).forEach(({ seq }) => seen.add(seq));
	};
	for (let next = extendUp(all, part); next; next = extendUp(all, part)) {
		part = next;
		look();
	}
	assert.equal(boundsOf(all, part).start, 0);
	assert.equal(seen.size, 5000);
	seen.clear();
	for (let next = extendDown(all, part); next; next = extendDown(all, part)) {
		part = next;
		look();
	}
	assert.equal(part.to, Infinity);
});

test('a_part_around_a_message_has_it_with_some_above_and_older_ones_can_come', () => {
	const all = messages(1, 2000);
	const part = around(all, 1200);
	const { start, end } = boundsOf(all, part);
	const at = indexOf(all, 1200);
	assert.ok(start < at && at < end && end < all.length);
	const older = [...messages(1, 2000)];
	assert.equal(older[boundsOf(older, part).start].seq, all[start].seq);
});

test('what_is_pending_is_shown_however_much_it_is', () => {
	const all = messages(1, 10, MOST * 2);
	assert.equal(boundsOf(all, fit(all, ALL, true)).end, all.length);
	assert.deepEqual(boundsOf(messages(11, 2000), { from: 0, to: Infinity }), { start: 0, end: 1990 });
});
