import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomId } from '../../src/random.js';

test('ids are different, and fit a ref and a client id', () => {
	const ids = Array.from({ length: 10000 }, randomId);
	assert.equal(new Set(ids).size, ids.length);
	assert.ok(ids.every((id) => /^[a-z0-9]{8,40}$/.test(id)));
});
