import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createThrottle } from '../../src/throttle.js';
import { handClock } from '../clocks.js';

test('the first goes at once, the next ones in their time', () => {
	const clock = handClock();
	/** @type {number[]} */
	const at = [];
	const throttle = createThrottle(clock, 100, () => at.push(clock.now() - 1000));
	for (let n = 0; n < 25; n++) {
		throttle.poke();
		clock.pass(10);
	}
	clock.pass(1000);
	assert.deepEqual(at, [0, 100, 200, 300]);
});

test('what was not sent leaves the way free', () => {
	const clock = handClock();
	let asked = 0;
	const throttle = createThrottle(clock, 100, () => asked++ > 0);
	throttle.poke();
	throttle.poke();
	assert.equal(asked, 2);
});

test('a hold is kept, and what is cleared does not come', () => {
	const clock = handClock();
	let sent = 0;
	const throttle = createThrottle(clock, 100, () => ++sent);
	throttle.hold(500);
	throttle.poke();
	clock.pass(499);
	assert.equal(sent, 0);
	clock.pass(1);
	assert.equal(sent, 1);
	throttle.poke();
	throttle.clear();
	clock.pass(1000);
	assert.equal(sent, 1);
});
