import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultStore, memoryStore } from '../../src/store.js';

const record = (/** @type {string} */ ref, /** @type {number} */ order) => ({ ref, peer: '2', text: ref, sent_at: order, order, error: null });

test('in memory, each user has what is theirs, in order', async () => {
	const store = memoryStore();
	store.put('1', record('a', 1));
	store.put('1', record('b', 2));
	store.put('__proto__', record('c', 3));
	store.put('1', { ...record('a', 1), text: 'again' });
	store.remove('1', 'b');
	store.remove('9', 'b');
	assert.deepEqual(await store.load('1'), [{ ...record('a', 1), text: 'again' }]);
	assert.deepEqual(await store.load('__proto__'), [record('c', 3)]);
	assert.deepEqual(await store.load('9'), []);
	store.close();
	assert.equal((await store.load('1')).length, 1);
});

test('in Node, memory is what there is', async () => {
	assert.deepEqual(await defaultStore().load('1'), []);
});
