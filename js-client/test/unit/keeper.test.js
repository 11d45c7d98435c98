import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createKeeper } from '../../src/keeper.js';
import { memoryStore } from '../../src/store.js';

describe('a keeper', () => {
	const record = (/** @type {string} */ ref) => ({ ref, peer: '2', text: ref, sent_at: 1, order: 1, error: null });

	test('keeps for the user that it is told of', async () => {
		const store = memoryStore();
		const keeper = createKeeper(store, () => '1', assert.fail);
		await keeper.keep(record('a'));
		await keeper.keep(record('b'));
		await keeper.drop('a');
		assert.deepEqual(await keeper.load(), [record('b')]);
		assert.deepEqual(await store.load('2'), []);
	});

	test('tells of what fails, and goes on', async () => {
		/** @type {string[]} */
		const told = [];
		const fail = () => {
			throw new Error('disk full');
		};
		const keeper = createKeeper({ load: fail, put: async () => fail(), remove: fail, close: fail }, () => '1',
			(error, code) => told.push(`${code} ${/** @type {Error} */ (error).message}`));
		await keeper.keep(record('a'));
		assert.deepEqual([await keeper.load(), told], [[], ['store disk full', 'store disk full']]);
	});
});
