import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createKeepalive, KEEPALIVE } from '../../src/keepalive.js';
import { handClock } from '../clocks.js';

describe('keepalive', () => {
	function line() {
		const clock = handClock();
		const count = { pings: 0, deaths: 0 };
		const keepalive = createKeepalive(clock, () => count.pings++, () => count.deaths++);
		keepalive.start();
		return { clock, count, keepalive };
	}

	test('pings as long as there are answers', () => {
		const { clock, count, keepalive } = line();
		for (let n = 0; n < 10; n++) {
			clock.pass(25000);
			keepalive.heard();
		}
		assert.deepEqual(count, { pings: 10, deaths: 0 });
		keepalive.stop();
		clock.pass(100000);
		assert.equal(count.pings, 10);
	});

	test('gives up on a line without an answer', () => {
		const { clock, count } = line();
		clock.pass(50000);
		assert.deepEqual(count, { pings: 1, deaths: 1 });
	});

	test('finds out within five seconds when asked to', () => {
		const { clock, count, keepalive } = line();
		keepalive.check();
		clock.pass(4000);
		keepalive.heard();
		clock.pass(20000);
		assert.equal(count.deaths, 0);
		keepalive.heard();
		keepalive.check();
		clock.pass(5000);
		assert.equal(count.deaths, 1);
	});

	test('leaves the broker time for timers that run once a minute', () => {
		assert.ok(KEEPALIVE * 1.5 > 2 * 60 + 25);
	});
});
