import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlarm, systemClock } from '../../src/clock.js';
import { handClock } from '../clocks.js';

test('of an alarm that is set again, one rings', () => {
	const clock = handClock();
	const alarm = createAlarm(clock);
	/** @type {string[]} */
	const rung = [];
	alarm.set(10, () => rung.push('first'));
	alarm.set(20, () => rung.push('second'));
	assert.equal(alarm.armed(), true);
	clock.pass(30);
	assert.deepEqual([rung, alarm.armed()], [['second'], false]);
	alarm.set(10, () => rung.push('third'));
	alarm.clear();
	alarm.clear();
	clock.pass(30);
	assert.equal(rung.length, 1);
});

test('an alarm may be set by its own ringing', () => {
	const clock = handClock();
	const alarm = createAlarm(clock);
	let rung = 0;
	const ring = () => {
		rung++;
		alarm.set(10, ring);
	};
	ring();
	clock.pass(35);
	assert.equal(rung, 4);
	assert.equal(alarm.armed(), true);
});

test('the real clock goes forward, and runs what is due', async () => {
	const before = systemClock.now();
	await new Promise((resolve) => {
		systemClock.after(5, () => resolve(undefined), true);
	});
	assert.ok(systemClock.now() > before);
	const stop = systemClock.after(Number.MAX_SAFE_INTEGER, () => assert.fail('too early'));
	await new Promise((resolve) => {
		systemClock.after(5, () => resolve(undefined), true);
	});
	stop();
});
