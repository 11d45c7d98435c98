import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createChanges } from '../../src/changes.js';
import { createOutbox } from '../../src/outbox.js';
import { versionOf } from '../../src/version.js';
import { handClock } from '../clocks.js';

/** @returns {import('../../src/version.js').Change} */
const edit = (/** @type {string} */ text, seq = 7) => ({ event: 'edit', seq, text });
const STORED = versionOf({ seq: 7, user_id: '1', text: 'hi', sent_at: '' });

describe('pending changes', () => {
	function room() {
		const clock = handClock();
		/** @type {any[]} */
		const published = [];
		/** @type {Map<string, any>} */
		const kept = new Map();
		/** @type {any[]} */
		const told = [];
		const outbox = createOutbox(clock, ({ ref, event, members }) => published.push({ event, ...members, ref }) > 0);
		outbox.ready('2');
		const changes = createChanges('2', {
			me: () => '1',
			outbox,
			keep: (record) => kept.set(record.ref, record),
			drop: (ref) => kept.delete(ref),
			changed: (seq) => told.push(seq),
			settled: () => told.push('settled'),
			report: (error) => told.push(error.code),
		});
		const refuse = (/** @type {any} */ { ref }, /** @type {string} */ code) => changes.refused({ event: 'error', code, reason: 'why', ref, retry_ms: 2000 });
		return { clock, outbox, changes, published, kept, refuse, since: () => told.splice(0) };
	}

	test('are shown at once, one on top of the other, and kept until each is heard', async () => {
		const { changes, published, kept, since } = room();
		const done = changes.ask(edit('ho'));
		changes.ask({ event: 'react', seq: 7, reaction: '👍', on: true });
		assert.deepEqual([since(), kept.size, changes.touches(7), changes.touches(8)], [[7, 7], 2, true, false]);
		const { text, reactions } = changes.shown(7, STORED);
		assert.deepEqual([text, reactions], ['ho', [{ reaction: '👍', by: ['1'] }]]);
		assert.equal(changes.shown(8, STORED), STORED);
		const [first] = published;
		assert.deepEqual(first, { event: 'edit', seq: 7, text: 'ho', ref: first.ref });
		changes.heard(first.ref);
		await done;
		assert.deepEqual([published[1].event, kept.size, since()], ['react', 1, ['settled']]);
		changes.heard('somebody else\'s');
		changes.heard(published[1].ref);
		assert.deepEqual([changes.waiting(), kept.size, since()], [false, 0, ['settled']]);
	});

	test('are taken back when they are refused for good', async () => {
		const { changes, published, kept, refuse, since } = room();
		const done = changes.ask(edit('ho'));
		since();
		assert.equal(refuse(published[0], 'forbidden'), true);
		await assert.rejects(done, { code: 'forbidden', reason: 'why' });
		assert.deepEqual([since(), kept.size, changes.shown(7, STORED)], [[7, 'settled'], 0, STORED]);
		assert.equal(refuse(published[0], 'forbidden'), false);
	});

	test('wait where they are refused for now', () => {
		const { clock, changes, published, refuse } = room();
		changes.ask(edit('ho'));
		refuse(published[0], 'unavailable');
		assert.equal(changes.waiting(), true);
		clock.pass(2000);
		assert.deepEqual([published.length, published[0].ref], [2, published[1].ref]);
	});

	test('of an earlier page go first, and tell everybody when they are refused', () => {
		const { outbox, changes, published, kept, refuse, since } = room();
		outbox.left('2');
		changes.ask(edit('new'));
		const [[ref, record]] = [...kept];
		changes.restore([{ ...record, ref: 'old', change: edit('old') }]);
		outbox.ready('2');
		assert.deepEqual([published[0].ref, changes.shown(7, STORED).text], ['old', 'new']);
		since();
		refuse(published[0], 'bad_field');
		assert.deepEqual([since(), published[1].ref, [...kept.keys()]], [[7, 'bad_field', 'settled'], ref, [ref]]);
	});
});
