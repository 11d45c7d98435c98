import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createOutbox } from '../../src/outbox.js';
import { handClock } from '../clocks.js';

describe('the outbox', () => {
	function post() {
		const clock = handClock();
		/** @type {string[]} */
		const published = [];
		const world = { online: true };
		const outbox = createOutbox(clock, ({ room, ref }) => world.online && published.push(`${room} ${ref}`) > 0);
		const add = (/** @type {string} */ ref, room = '2') => outbox.add({ room, ref, event: 'message', members: {} });
		/** What was published since the last look. */
		const seen = () => published.splice(0);
		return { clock, outbox, add, seen, world };
	}

	test('publishes in the order of sending, once a room is subscribed', () => {
		const { outbox, add, seen } = post();
		add('a');
		add('b');
		add('c', '3');
		assert.deepEqual(seen(), []);
		outbox.ready('2');
		assert.deepEqual(seen(), ['2 a', '2 b']);
		outbox.ready('3');
		assert.deepEqual(seen(), ['3 c']);
		add('d');
		assert.deepEqual(seen(), ['2 d']);
	});

	test('publishes again after 10, 20, 40 and 60 seconds without an answer', () => {
		const { clock, outbox, add, seen } = post();
		outbox.ready('2');
		add('a');
		seen();
		/** @type {number[]} */
		const times = [];
		for (let second = 1; second <= 200; second++) {
			clock.pass(1000);
			times.push(...seen().map(() => second));
		}
		assert.deepEqual(times, [10, 30, 70, 130, 190]);
	});

	test('forgets what is answered', () => {
		const { clock, outbox, add, seen } = post();
		outbox.ready('2');
		add('a');
		outbox.answered('2', 'a');
		seen();
		clock.pass(600000);
		assert.deepEqual(seen(), []);
	});

	test('publishes all again when a room is subscribed again, in order', () => {
		const { outbox, add, seen } = post();
		outbox.ready('2');
		['a', 'b', 'c'].forEach((ref) => add(ref));
		outbox.answered('2', 'b');
		seen();
		outbox.left('2');
		add('d');
		assert.deepEqual(seen(), []);
		outbox.ready('2');
		assert.deepEqual(seen(), ['2 a', '2 c', '2 d']);
	});

	test('holds everything back behind a refused one, and goes on carefully', () => {
		const { clock, outbox, add, seen } = post();
		outbox.ready('2');
		outbox.ready('3');
		['a', 'b', 'c'].forEach((ref) => add(ref));
		seen();
		['a', 'b', 'c'].forEach((ref) => outbox.refused('2', ref, 2000));
		add('d', '3');
		clock.pass(1999);
		assert.deepEqual(seen(), []);
		clock.pass(1);
		assert.deepEqual(seen(), ['2 a']);
		outbox.answered('2', 'a');
		assert.deepEqual(seen(), ['2 b', '2 c']);
		outbox.refused('2', 'b', 0);
		outbox.answered('2', 'c');
		clock.pass(999);
		assert.deepEqual(seen(), [], 'the plugin refuses for a second at least');
		clock.pass(1);
		assert.equal(seen()[0], '2 b');
	});

	test('has sixteen on their way at most', () => {
		const { outbox, add, seen } = post();
		outbox.ready('2');
		Array.from({ length: 40 }, (_, n) => add(String(n)));
		assert.equal(seen().length, 16);
		outbox.answered('2', '0');
		assert.deepEqual(seen(), ['2 16']);
	});

	test('has one change of each message on its way, so that the last one counts', () => {
		const { outbox, seen, clock } = post();
		outbox.ready('2');
		const change = (/** @type {string} */ ref, /** @type {string} */ lane) => outbox.add({ room: '2', ref, event: 'edit', members: {}, lane });
		change('a1', 'a');
		change('a2', 'a');
		change('b1', 'b');
		assert.deepEqual(seen(), ['2 a1', '2 b1']);
		outbox.answered('2', 'b1');
		assert.deepEqual(seen(), []);
		outbox.answered('2', 'a1');
		assert.deepEqual(seen(), ['2 a2']);
		clock.pass(10000);
		assert.deepEqual(seen(), ['2 a2']);
	});

	test('waits with a change while the store is away, and with nothing else', () => {
		const { outbox, add, seen, clock } = post();
		outbox.ready('2');
		outbox.add({ room: '2', ref: 'change', event: 'edit', members: {}, lane: 'a' });
		seen();
		outbox.refused('2', 'change', 3000, true);
		add('message');
		assert.deepEqual(seen(), ['2 message']);
		outbox.answered('2', 'message');
		clock.pass(2999);
		assert.deepEqual(seen(), []);
		clock.pass(1);
		assert.deepEqual(seen(), ['2 change']);
	});

	test('lets what an earlier page has left go first', () => {
		const { outbox, add, seen } = post();
		add('new');
		outbox.addBefore([{ room: '2', ref: 'old 1', event: 'message', members: {} }, { room: '2', ref: 'old 2', event: 'message', members: {} }]);
		outbox.ready('2');
		assert.deepEqual(seen(), ['2 old 1', '2 old 2', '2 new']);
	});

	test('does not count as published what could not be', () => {
		const { outbox, add, seen, world } = post();
		world.online = false;
		outbox.ready('2');
		add('a');
		world.online = true;
		outbox.ready('2');
		assert.deepEqual(seen(), ['2 a']);
	});
});
