import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createReadMarks } from '../../src/marks.js';
import { handClock } from '../clocks.js';

describe('read marks', () => {
	function reader() {
		const clock = handClock();
		/** @type {number[]} */
		const sent = [];
		const world = { visible: true, online: true };
		const marks = createReadMarks(clock, () => world.visible, (seq) => world.online && sent.push(seq) > 0);
		return { clock, sent, world, marks };
	}

	test('are sent at once, then once a second with the newest', () => {
		const { clock, sent, marks } = reader();
		for (let seq = 1; seq <= 20; seq++) {
			marks.want(seq);
			clock.pass(150);
		}
		clock.pass(1000);
		assert.deepEqual([sent[0], sent.at(-1), sent.length], [1, 20, 4]);
	});

	test('move forward only, and say nothing twice', () => {
		const { clock, sent, marks } = reader();
		marks.want(5);
		clock.pass(2000);
		marks.want(3);
		marks.want(5);
		marks.confirm(9);
		marks.want(9);
		clock.pass(5000);
		assert.deepEqual([sent, marks.confirmed()], [[5], 9]);
		marks.confirm(7);
		assert.equal(marks.confirmed(), 9);
	});

	test('wait while nobody looks, and while there is no connection', () => {
		const { clock, sent, world, marks } = reader();
		world.visible = false;
		marks.want(4);
		clock.pass(5000);
		world.online = false;
		world.visible = true;
		marks.flush();
		assert.deepEqual(sent, []);
		world.online = true;
		marks.flush();
		assert.deepEqual(sent, [4]);
	});

	test('that may have been lost are sent again, unless they are confirmed', () => {
		const { clock, sent, marks } = reader();
		marks.want(4);
		clock.pass(2000);
		marks.forget();
		marks.flush();
		clock.pass(2000);
		marks.confirm(4);
		marks.forget();
		marks.flush();
		assert.deepEqual(sent, [4, 4]);
	});

	test('that are refused are sent again in time, the newest', () => {
		const { clock, sent, marks } = reader();
		marks.want(4);
		marks.refused(3000);
		marks.want(6);
		clock.pass(2999);
		assert.deepEqual(sent, [4]);
		clock.pass(1);
		assert.deepEqual(sent, [4, 6]);
		marks.confirm(6);
		marks.refused(3000);
		clock.pass(9000);
		assert.equal(sent.length, 2);
	});

	test('that are due later are sent now when there is no later', () => {
		const { sent, marks } = reader();
		marks.want(1);
		marks.want(2);
		marks.finish();
		assert.deepEqual(sent, [1, 2]);
	});
});
