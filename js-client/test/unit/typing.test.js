import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTypingReceiver, createTypingSender } from '../../src/typing.js';
import { handClock } from '../clocks.js';

describe('a typing user', () => {
	function typist() {
		const clock = handClock();
		/** @type {boolean[]} */
		const sent = [];
		let online = true;
		const sender = createTypingSender(clock, (on) => online && sent.push(on) > 0);
		return { clock, sent, sender, offline: () => (online = false) };
	}

	test('is told at once, and then once in three seconds while it goes on', () => {
		const { clock, sent, sender } = typist();
		for (let second = 0; second < 7; second++) {
			sender.set(true);
			sender.set(true);
			clock.pass(1000);
		}
		assert.deepEqual(sent, [true, true, true]);
		clock.pass(60000);
		assert.equal(sent.length, 3);
	});

	test('that stops is told within three seconds, once', () => {
		const { clock, sent, sender } = typist();
		sender.set(true);
		sender.set(false);
		assert.deepEqual(sent, [true]);
		clock.pass(3000);
		sender.set(false);
		clock.pass(3000);
		assert.deepEqual(sent, [true, false]);
	});

	test('that goes on before the stop was told has never stopped', () => {
		const { clock, sent, sender } = typist();
		sender.set(true);
		sender.set(false);
		sender.set(true);
		clock.pass(3000);
		assert.deepEqual(sent, [true]);
	});

	test('has stopped with the message that is sent, and nothing more is said', () => {
		const { clock, sent, sender } = typist();
		sender.set(true);
		sender.set(false);
		sender.over();
		clock.pass(10000);
		assert.deepEqual(sent, [true]);
	});

	test('that never began is not told to have stopped', () => {
		const { clock, sent, sender } = typist();
		sender.set(false);
		clock.pass(10000);
		assert.deepEqual(sent, []);
	});

	test('is not told of later when it could not be told', () => {
		const { clock, sent, sender, offline } = typist();
		offline();
		sender.set(true);
		clock.pass(10000);
		assert.deepEqual(sent, []);
	});
});

describe('the typing peer', () => {
	test('ends by itself six seconds after the last word of it', () => {
		const clock = handClock();
		let changes = 0;
		const receiver = createTypingReceiver(clock, () => changes++);
		receiver.set(true);
		clock.pass(4000);
		receiver.set(true);
		clock.pass(5999);
		assert.deepEqual([receiver.on(), changes], [true, 1]);
		clock.pass(1);
		assert.deepEqual([receiver.on(), changes], [false, 2]);
		receiver.set(false);
		assert.equal(changes, 2);
		assert.equal(clock.armed(), 0);
	});
});
