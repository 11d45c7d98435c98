import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGate, deferred } from '../../src/promise.js';

test('a deferred promise is settled from outside', async () => {
	const one = deferred();
	one.resolve(5);
	assert.equal(await one.promise, 5);
	const other = deferred();
	other.reject(new Error('no'));
	await assert.rejects(other.promise, /no/);
});

test('a gate lets all through who wait, and is shut again for the next', async () => {
	const gate = createGate();
	gate.open();
	assert.equal(gate.busy(), false);
	const waiting = [gate.wait(), gate.wait()];
	assert.equal(gate.busy(), true);
	gate.open();
	await Promise.all(waiting);
	const next = gate.wait();
	gate.fail(new Error('closed'));
	await assert.rejects(next, /closed/);
	assert.equal(gate.busy(), false);
});
