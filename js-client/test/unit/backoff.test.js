import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackoff } from '../../src/backoff.js';

test('the ceiling doubles from half a second to thirty', () => {
	const backoff = createBackoff(() => 1);
	assert.deepEqual(Array.from({ length: 8 }, () => backoff.next(0)), [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
});

test('the whole pause is left to chance', () => {
	assert.equal(createBackoff(() => 0).next(0), 0);
	assert.equal(createBackoff(() => 0.5).next(0), 250);
});

test('only a connection that held for five seconds counts as a good one', () => {
	const backoff = createBackoff(() => 1);
	backoff.next(0);
	backoff.next(0);
	backoff.up(1000);
	assert.equal(backoff.next(5999), 2000);
	backoff.up(10000);
	assert.equal(backoff.next(15000), 500);
	assert.equal(backoff.next(90000), 1000);
});
