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

	test('puts older pages in front, if it has not begun anew meanwhile', () => {
		const timeline = timelineOf(51, 100);
		assert.equal(timeline.older(run(21, 40), true, 41), false);
		assert.equal(timeline.older(run(31, 48), true, 51), true, '49 and 50 are gone');
		assert.deepEqual([timeline.items().length, timeline.items()[0].seq, timeline.more()], [68, 31, true]);
		assert.equal(timeline.find(48), timeline.items()[17]);
		assert.equal(timeline.older([], true, 31), true);
		assert.equal(timeline.more(), false, 'an empty page is the last one');
	});

	test('does not wait for what a page passes over', () => {
		const timeline = timelineOf(1, 2);
		timeline.add(run(9, 9));
		assert.deepEqual(seqs(timeline.addPage([...run(4, 5), ...run(7, 7)], 2)), [4, 5, 7]);
		assert.equal(timeline.gap(), 7);
		assert.deepEqual(seqs(timeline.addPage(run(9, 9), 7)), [9]);
		assert.equal(timeline.gap(), null);
	});

	test('knows what a newest page passes over, though it has to ask for what was before', () => {
		const timeline = timelineOf(1, 2);
		timeline.joining();
		assert.deepEqual(timeline.newest([...run(6, 6), ...run(8, 8)], true).released, []);
		assert.deepEqual(seqs(timeline.addPage(run(3, 5), 2)), [3, 4, 5, 6, 8]);
		timeline.joining();
		assert.deepEqual(seqs(timeline.newest(run(12, 12), false).released), [12], 'there is nothing before it');
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

	test('in whatever order and however often messages come, has all that are left once and in order, and asks finitely often', () => {
		for (let seed = 1; seed <= 300; seed++) {
			let state = seed;
			const random = (/** @type {number} */ n) => {
				state = (state * 1103515245 + 12345) % 2147483648;
				return Math.floor(state / 65536) % n;
			};
			const left = run(1, 30).filter(() => random(4) > 0);
			const page = (/** @type {number} */ after, length = 1 + random(5)) => left.filter(({ seq }) => seq > after).slice(0, length);
			const timeline = timelineOf(1, 0);
			/** @type {{ seq: number }[]} */
			const released = [];
			for (let step = 0; step < 30; step++) {
				released.push(...timeline.add(page(random(30), 1)));
			}
			let asked = 0;
			for (let after = timeline.gap(); after !== null; after = timeline.gap()) {
				released.push(...timeline.addPage(page(after), after));
				if (timeline.gap() === after) {
					released.push(...timeline.skip());
				}
				assert.ok(++asked <= 30, `seed ${seed}`);
			}
			assert.deepEqual(seqs(released), seqs(left.slice(0, released.length)), `seed ${seed}`);
			assert.deepEqual(timeline.items(), released);
		}
	});
});
