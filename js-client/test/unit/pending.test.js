import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createOutbox } from '../../src/outbox.js';
import { createPending } from '../../src/pending.js';
import { handClock } from '../clocks.js';

describe('pending messages', () => {
	function room() {
		/** @type {any[]} */
		const published = [];
		/** @type {Map<string, any>} */
		const kept = new Map();
		/** @type {string[]} */
		const told = [];
		const outbox = createOutbox(handClock(), (parcel) => published.push(parcel.ref) > 0);
		outbox.ready('2');
		const pending = createPending('2', {
			me: () => '1',
			outbox,
			keep: (record) => kept.set(record.ref, record),
			drop: (ref) => kept.delete(ref),
			added: ({ text }) => told.push(`added ${text}`),
			changed: ({ text, status }) => told.push(`${status} ${text}`),
		});
		return { pending, published, kept, told };
	}
	const wire = (/** @type {any} */ { ref, text }, seq = 1, user_id = '1') => ({ seq, user_id, text, sent_at: '2026-03-01T08:00:00.000Z', ref });

	test('are kept until they are stored', async () => {
		const { pending, published, kept } = room();
		const message = pending.send('hi');
		assert.deepEqual([published, [...kept.keys()]], [[message.ref], [message.ref]]);
		assert.equal(pending.stored(wire(message)), message);
		assert.equal(await message.settled, message);
		assert.deepEqual([pending.messages(), kept.size, message.seq, pending.waiting()], [[], 0, 1, false]);
		assert.equal(pending.stored(wire(message)), undefined);
	});

	test('are not somebody else\'s with the same ref', () => {
		const { pending } = room();
		const message = pending.send('hi');
		assert.equal(pending.stored(wire(message, 1, '2')), undefined);
		assert.equal(pending.stored({ ...wire(message), ref: undefined }), undefined);
		assert.deepEqual(pending.messages(), [message]);
	});

	test('that fail stay, and are no reason to wait', async () => {
		const { pending, kept } = room();
		const [bad, good] = [pending.send('bad'), pending.send('good')];
		assert.equal(pending.refused({ event: 'error', code: 'rejected', reason: 'no', ref: String(bad.ref) }), true);
		await assert.rejects(bad.settled, { code: 'rejected', reason: 'no' });
		assert.deepEqual([bad.status, pending.messages()], ['failed', [bad, good]]);
		assert.deepEqual(kept.get(String(bad.ref)).error, { code: 'rejected', reason: 'no' });
		assert.equal(pending.refused({ event: 'error', code: 'rejected', reason: 'no', ref: 'unknown' }), false);
		pending.stored(wire(good));
		assert.equal(pending.waiting(), false);
		assert.equal(pending.retry(bad.ref), bad);
		assert.equal(pending.waiting(), true);
		assert.equal(kept.get(String(bad.ref)).error, null);
	});

	test('that are tried again stand last', () => {
		const { pending } = room();
		const large = pending.send('x'.repeat(20000));
		const next = pending.send('next');
		assert.equal(pending.retry(next.ref), null);
		assert.equal(pending.retry(large.ref), large);
		assert.deepEqual(pending.messages(), [next, large]);
		assert.deepEqual([pending.discard(next.ref), pending.discard(large.ref), pending.discard(null)], [false, true, false]);
		assert.deepEqual(pending.messages(), [next]);
	});

	test('of an earlier page go first, the failed among them as failed', () => {
		const { pending, kept, told } = room();
		const now = pending.send('now');
		const record = (/** @type {string} */ ref, error = /** @type {any} */ (null)) => ({ ref, peer: '2', text: ref, sent_at: 1, order: 1, error });
		pending.restore([record('old'), record('failed', { code: 'rejected', reason: 'no' }), record(String(now.ref))]);
		assert.deepEqual(pending.messages().map(({ text, status }) => [text, status]), [['old', 'sending'], ['failed', 'failed'], ['now', 'sending']]);
		assert.equal(pending.messages()[2], now);
		assert.ok(kept.has(String(now.ref)));
		assert.deepEqual(told.slice(-2), ['added old', 'added failed']);
	});

	test('with nothing in them are refused, and kept nowhere', async () => {
		const { pending, kept, told } = room();
		const message = pending.send('');
		await assert.rejects(message.settled, { code: 'bad_field' });
		assert.deepEqual([message.status, pending.messages(), kept.size, told], ['failed', [], 0, []]);
	});

	test('are text', () => {
		const { pending } = room();
		assert.throws(() => pending.send(/** @type {any} */ (5)), TypeError);
		assert.throws(() => pending.send(/** @type {any} */ (undefined)), TypeError);
		assert.equal(pending.send('half \ud83d').text, 'half \ufffd');
	});
});
