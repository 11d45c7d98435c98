import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTimeline, LONGEST_GAP } from '../../src/merge.js';

/** @param {number} from @param {number} to */
const run = (from, to) => Array.from({ length: Math.max(to - from + 1, 0) }, (_, n) => ({ seq: from + n }));
const seqs = (/** @type {{ seq: number }[]} */ items) => items.map((it) => it.seq);

describe('a timeline', () => {
	/** @param {number} from @param {number} to */
	function timelineOf(from, to) {
		const timeline = createTimeline();
		timeline.joining();
		timeline.newest(run(from, to), from > 1);
		return timeline;
	}

	test('holds everything back until its first page', () => {
		const timeline = createTimeline();
		assert.deepEqual(timeline.add(run(3, 4)), []);
		assert.equal(timeline.gap(), null);
		assert.deepEqual(timeline.newest(run(1, 3), false), { released: run(4, 4), reset: false });
		assert.deepEqual(seqs(timeline.items()), [1, 2, 3, 4]);
	});

	test('of an empty chat begins with the first message', () => {
		const timeline = timelineOf(1, 0);
		assert.deepEqual(seqs(timeline.add(run(1, 1))), [1]);
	});

	test('takes each message once, in any order', () => {
		const timeline = timelineOf(1, 2);
		assert.deepEqual(timeline.add(run(5, 5)), []);
		assert.equal(timeline.gap(), 2);
		assert.deepEqual(seqs(timeline.held()), [5]);
		assert.deepEqual(seqs(timeline.add(run(3, 3))), [3]);
		assert.deepEqual(timeline.add(run(1, 3)), []);
		assert.deepEqual(seqs(timeline.add(run(2, 4))), [4, 5]);
		assert.equal(timeline.gap(), null);
		assert.deepEqual(seqs(timeline.items()), [1, 2, 3, 4, 5]);
	});

	test('gives back the object that it has', () => {
		const timeline = timelineOf(10, 12);
		const [held] = run(20, 20);
		timeline.add([held]);
		assert.equal(timeline.find(11), timeline.items()[1]);
		assert.equal(timeline.find(20), held);
		assert.equal(timeline.find(9), undefined);
		assert.equal(createTimeline().find(1), undefined);
	});

	test('closes a gap of up to a thousand after a reconnect, and starts anew behind a longer one', () => {
		const short = timelineOf(1, 10);
		short.joining();
		assert.deepEqual(short.newest(run(10 + LONGEST_GAP - 49, 10 + LONGEST_GAP), true), { released: [], reset: false });
		assert.equal(short.gap(), 10);
		const long = timelineOf(1, 10);
		long.add(run(500, 500));
		long.joining();
		const page = run(11 + LONGEST_GAP - 49, 11 + LONGEST_GAP);
		assert.deepEqual(long.newest(page, true), { released: [], reset: true });
		assert.deepEqual([long.items(), long.more(), long.gap(), long.held()], [page, true, null, []]);
	});

	test('does not take an old page for a new chat, but a shorter chat for one', () => {
		const timeline = timelineOf(1, 10);
		timeline.joining();
		timeline.add(run(11, 12));
		assert.deepEqual(timeline.newest(run(1, 11), false), { released: [], reset: false });
		timeline.joining();
		assert.deepEqual(timeline.newest(run(1, 3), false), { released: [], reset: true });
		assert.deepEqual(seqs(timeline.items()), [1, 2, 3]);
	});

	test('puts older pages in front, if they fit', () => {
		const timeline = timelineOf(51, 100);
		assert.equal(timeline.older(run(1, 30), false), false);
		assert.equal(timeline.older(run(31, 50), true), true);
		assert.deepEqual([timeline.items().length, timeline.items()[0].seq, timeline.more()], [70, 31, true]);
		assert.equal(timeline.older([], false), true);
		assert.equal(timeline.more(), false);
	});

	test('gives up on what does not exist', () => {
		const timeline = timelineOf(1, 2);
		timeline.add([...run(7, 7), ...run(4, 5)]);
		assert.deepEqual(seqs(timeline.skip()), [4, 5]);
		assert.equal(timeline.gap(), 5);
		assert.deepEqual(seqs(timeline.skip()), [7]);
	});

	test('forgets all when it is cleared', () => {
		const timeline = timelineOf(5, 9);
		timeline.add(run(20, 20));
		timeline.clear();
		assert.deepEqual([timeline.items(), timeline.more(), timeline.gap(), timeline.held()], [[], false, null, []]);
	});

	test('in whatever order and however often messages come, has them all once and in order', () => {
		for (let seed = 1; seed <= 200; seed++) {
			let state = seed;
			const random = (/** @type {number} */ n) => {
				state = (state * 1103515245 + 12345) % 2147483648;
				return Math.floor(state / 65536) % n;
			};
			const timeline = timelineOf(1, 0);
			/** @type {{ seq: number }[]} */
			const released = [];
			for (let step = 0; step < 60; step++) {
				const from = 1 + random(30);
				released.push(...timeline.add(run(from, Math.min(from + random(4), 30))));
			}
			for (let after = timeline.gap(); after !== null; after = timeline.gap()) {
				released.push(...timeline.add(run(after + 1, after + 1 + random(5))));
			}
			assert.deepEqual(seqs(released), seqs(run(1, released.length)), `seed ${seed}`);
			assert.deepEqual(timeline.items(), released);
		}
	});
});
