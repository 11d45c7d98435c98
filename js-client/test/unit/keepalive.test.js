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
		clock.pass(50100);
		assert.deepEqual(count, { pings: 1, deaths: 1 });
		assert.equal(clock.armed(), 0);
	});

	test('finds out within two seconds when asked to', () => {
		const { clock, count, keepalive } = line();
		keepalive.check();
		clock.pass(1400);
		keepalive.heard();
		clock.pass(20000);
		assert.equal(count.deaths, 0);
		keepalive.heard();
		keepalive.check();
		clock.pass(2000);
		assert.equal(count.deaths, 1);
	});

	test('finds out within two seconds of the first sign, whatever follows it', () => {
		const { clock, count, keepalive } = line();
		for (let n = 0; n < 4; n++) {
			keepalive.check();
			clock.pass(500);
		}
		assert.equal(count.deaths, 1);
	});

	test('finds out within two seconds after a sleep that nothing has told of', () => {
		const { clock, count, keepalive } = line();
		clock.pass(5000);
		clock.sleep(3600000);
		clock.pass(1000);
		assert.deepEqual(count, { pings: 1, deaths: 0 });
		keepalive.heard();
		clock.pass(20000);
		assert.equal(count.deaths, 0);
		clock.sleep(3600000);
		clock.pass(3000);
		assert.equal(count.deaths, 1);
	});

	test('does not take an answer that we were too busy to read for none', () => {
		const { clock, count, keepalive } = line();
		keepalive.check();
		clock.pass(1500);
		keepalive.heard();
		clock.pass(500);
		assert.equal(count.deaths, 0);
	});

	test('notices the end in a tab whose timers run once a minute', () => {
		const { clock, count } = line();
		clock.slow(60000);
		clock.pass(240000);
		assert.equal(count.deaths, 1);
	});

	test('leaves the broker time for timers that run once a minute', () => {
		assert.ok(KEEPALIVE * 1.5 > 2 * 60 + 25);
	});
});
