import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCatchUp } from '../../src/catchup.js';

/** Lets promises run. */
const breathe = () => new Promise((resolve) => {
	setTimeout(resolve);
});

describe('catching up with changes', () => {
	/** A plugin whose chat has so many changes, and says so many in one page. */
	function plugin({ latest = 0, page = 3 } = {}) {
		const it = { latest, page, asked: /** @type {number[]} */ ([]), applied: /** @type {number[]} */ ([]), errors: 0 };
		const catchUp = createCatchUp(async ({ since }) => {
			it.asked.push(since);
			const change = Math.min(since + it.page, it.latest);
			const messages = Array.from({ length: Math.max(change - since, 0) }, (_, n) => /** @type {any} */ ({ change: since + 1 + n }));
			return { event: 'changes', messages, change: Math.max(change, since), more: change < it.latest };
		}, (messages) => it.applied.push(...messages.map(({ change }) => Number(change))), () => it.errors++);
		return { it, catchUp };
	}

	test('asks nothing while changes come one after the other', async () => {
		const { it, catchUp } = plugin({ latest: 9 });
		catchUp.page(7);
		catchUp.changed(8);
		catchUp.changed(9);
		catchUp.changed(9);
		catchUp.page(9);
		await breathe();
		assert.deepEqual(it.asked, []);
		assert.equal(catchUp.distance(12), 3);
	});

	test('asks for what a jump has passed over, page after page', async () => {
		const { it, catchUp } = plugin({ latest: 9 });
		catchUp.page(2);
		catchUp.changed(9);
		await breathe();
		assert.deepEqual([it.asked, it.applied], [[2, 5, 8], [3, 4, 5, 6, 7, 8, 9]]);
		catchUp.changed(10);
		await breathe();
		assert.equal(it.asked.length, 3);
	});

	test('asks for what a page lacks that was read before', async () => {
		const { it, catchUp } = plugin({ latest: 6, page: 10 });
		catchUp.page(6);
		catchUp.page(4);
		await breathe();
		assert.deepEqual([it.asked, it.applied], [[4], [5, 6]]);
	});

	test('asks for what came before the first page, though it was read before that', async () => {
		const { it, catchUp } = plugin({ latest: 5, page: 10 });
		catchUp.changed(5);
		catchUp.page(4);
		await breathe();
		assert.deepEqual([it.asked, it.applied], [[4], [5]]);
	});

	test('asks for what was missed meanwhile, and is satisfied with what there is', async () => {
		const { it, catchUp } = plugin({ latest: 4 });
		catchUp.page(2);
		catchUp.page(8);
		await breathe();
		assert.deepEqual([it.asked, it.applied], [[2], [3, 4]]);
		catchUp.changed(5);
		await breathe();
		assert.deepEqual(it.asked, [2]);
	});

	test('does not ask for ever where pages do not move on', async () => {
		let asked = 0;
		const catchUp = createCatchUp(async ({ since }) => (asked++, { event: 'changes', messages: [], change: since, more: true }), () => {}, () => {});
		catchUp.page(1);
		catchUp.changed(9);
		await breathe();
		assert.equal(asked, 1);
	});

	test('begins anew when all is forgotten, and an old answer is none', async () => {
		const { it, catchUp } = plugin({ latest: 9, page: 10 });
		catchUp.page(2);
		catchUp.changed(9);
		catchUp.clear();
		catchUp.page(1);
		await breathe();
		assert.deepEqual([it.asked, it.applied, catchUp.distance(1)], [[2], [], 0]);
	});
});
