import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTimeline } from '../../src/merge.js';
import { createPages } from '../../src/pages.js';

describe('pages', () => {
	/** Somebody who has 1 to 3 and 9, and a plugin that answers. @param {(asked: any) => { messages: { seq: number }[], more: boolean }} answer */
	function world(answer) {
		const timeline = createTimeline();
		timeline.newest([1, 2, 3].map((seq) => ({ seq })), true);
		timeline.add([{ seq: 9 }]);
		/** @type {any[]} */
		const asked = [];
		/** @type {unknown[]} */
		const reported = [];
		const pages = createPages(/** @type {any} */ ({
			requests: {
				async ask(/** @type {any} */ question) {
					asked.push(question);
					assert.ok(asked.length < 10, 'asked for ever');
					return answer(question);
				},
			},
			messages: { timeline, adopt: (/** @type {any} */ it) => it, know() {}, dirty() {} },
			arrivals: { take: timeline.addPage, released() {} },
			report: (/** @type {unknown} */ error) => reported.push(error),
		}));
		const seqs = () => timeline.items().map(({ seq }) => seq);
		return { pages, timeline, asked, reported, seqs };
	}

	test('fill what is missing', async () => {
		const { pages, asked, seqs } = world(({ after }) => ({ messages: [after + 1, after + 2, after + 3].map((seq) => ({ seq })), more: after < 6 }));
		await pages.fill();
		assert.deepEqual([asked.length, seqs()], [2, [1, 2, 3, 4, 5, 6, 7, 8, 9]]);
	});

	test('do not ask again for what is gone, were it all that was asked for', async () => {
		const { pages, asked, reported, seqs, timeline } = world(() => ({ messages: [], more: false }));
		await pages.fill();
		assert.deepEqual([asked.length, reported, seqs(), timeline.gap()], [1, [], [1, 2, 3, 9], null]);
	});

	test('of older messages end where there are none left, though more were promised', async () => {
		const { pages, asked } = world(() => ({ messages: [], more: true }));
		assert.deepEqual(await pages.older(50), { messages: [], more: false });
		assert.deepEqual(await pages.older(50), { messages: [], more: false });
		assert.equal(asked.length, 1);
	});
});
