import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createKeeper } from '../../src/keeper.js';
import { memoryStore } from '../../src/store.js';
import { handClock } from '../clocks.js';

describe('a keeper', () => {
	const record = (/** @type {string} */ ref) => ({ ref, peer: '2', text: ref, sent_at: 1, order: 1, error: null });

	test('keeps for the user that it is told of', async () => {
		const store = memoryStore();
		const keeper = createKeeper(store, () => '1', handClock(), assert.fail);
		await keeper.keep(record('a'));
		await keeper.keep(record('b'));
		await keeper.drop('a');
		assert.deepEqual(await keeper.load(), [{ ...record('b'), order: 2 }]);
		assert.deepEqual(await store.load('2'), []);
	});

	test('tells of what fails, and goes on', async () => {
		/** @type {string[]} */
		const told = [];
		const fail = () => {
			throw new Error('disk full');
		};
		const keeper = createKeeper({ load: fail, put: async () => fail(), remove: fail, close: fail }, () => '1', handClock(),
			(error, code) => told.push(`${code} ${/** @type {Error} */ (error).message}`));
		await keeper.keep(record('a'));
		assert.deepEqual([await keeper.load(), told], [[], ['store disk full']], 'once');
	});

	test('opens anew what does not answer', async () => {
		const clock = handClock();
		let closed = 0;
		const keeper = createKeeper(/** @type {any} */ ({ load: () => new Promise(() => {}), close: () => closed++ }), () => '1', clock, () => {});
		const loaded = keeper.load();
		clock.pass(2000);
		await loaded;
		assert.equal(closed, 1);
	});

	test('waits two seconds and no longer', async () => {
		const clock = handClock();
		const never = () => new Promise(() => {});
		const keeper = createKeeper(/** @type {any} */ ({ load: never, put: never, remove: never, close: never }), () => '1', clock, () => {});
		const all = Promise.all([keeper.load(), keeper.close()]);
		clock.pass(2000);
		assert.deepEqual(await all, [[], undefined]);
	});
});
