import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAttempts } from '../../src/attempts.js';
import { handClock } from '../clocks.js';

describe('attempts', () => {
	function world() {
		const clock = handClock();
		/** @type {string[]} */
		const told = [];
		const attempts = createAttempts(clock, () => 1, (state) => told.push(state), () => told.push('dial'));
		return { clock, attempts, since: () => told.splice(0) };
	}

	test('come after longer and longer pauses, until one has held', () => {
		const { clock, attempts, since } = world();
		attempts.now();
		assert.deepEqual(since(), ['connecting', 'dial']);
		attempts.later();
		clock.pass(499);
		assert.deepEqual([since(), attempts.due()], [['offline'], true]);
		clock.pass(1);
		assert.deepEqual([since(), attempts.due()], [['connecting', 'dial'], false]);
		attempts.later();
		clock.pass(999);
		assert.deepEqual(since(), ['offline']);
		clock.pass(1);
		attempts.succeeded();
		clock.pass(6000);
		since();
		attempts.later();
		clock.pass(500);
		assert.deepEqual(since(), ['offline', 'connecting', 'dial']);
	});

	test('need not wait, and tell each state once', () => {
		const { clock, attempts, since } = world();
		attempts.now();
		attempts.later();
		attempts.now();
		attempts.now();
		assert.deepEqual(since(), ['connecting', 'dial', 'offline', 'connecting', 'dial', 'dial']);
		assert.equal(clock.armed(), 0);
	});

	test('are due again when they are old and something has changed, also after a sleep', () => {
		const { clock, attempts } = world();
		attempts.now();
		clock.pass(1500);
		assert.equal(attempts.due(), false);
		clock.pass(1);
		assert.equal(attempts.due(), true);
		attempts.now();
		assert.equal(attempts.due(), false);
		clock.sleep(60000);
		assert.equal(attempts.due(), true);
		attempts.succeeded();
		assert.equal(attempts.due(), false);
	});

	test('end', () => {
		const { clock, attempts } = world();
		attempts.now();
		attempts.later();
		attempts.end('closed');
		assert.deepEqual([attempts.state(), attempts.due(), clock.armed()], ['closed', false, 0]);
	});
});
