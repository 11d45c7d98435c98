import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRenewal } from '../../src/renewal.js';
import { handClock } from '../clocks.js';

describe('a renewal', () => {
	function world() {
		const clock = handClock();
		const it = { wait: Infinity, vacant: true, dialled: 0, asked: 0 };
		const credentials = /** @type {any} */ ({ renewIn: () => it.wait, renew: () => it.asked++ });
		const renewal = createRenewal(clock, credentials, () => () => it.vacant, () => it.dialled++);
		return { clock, it, renewal };
	}

	test('begins when the token is due, once a second at most', () => {
		const { clock, it, renewal } = world();
		renewal.plan();
		assert.equal(clock.armed(), 0, 'a token that lasts for ever');
		it.wait = 0;
		renewal.plan();
		clock.pass(999);
		assert.equal(it.dialled, 0);
		clock.pass(1);
		assert.deepEqual([it.dialled, it.asked], [1, 1]);
	});

	test('waits on where its timer was shorter than the token\'s life', () => {
		const { clock, it, renewal } = world();
		it.wait = 60000;
		renewal.plan();
		clock.pass(60000);
		assert.equal(it.dialled, 0);
		it.wait = 0;
		clock.pass(60000);
		assert.equal(it.dialled, 1);
	});

	test('is one at a time, tried again with the same token until it is done', () => {
		const { clock, it, renewal } = world();
		it.wait = 0;
		renewal.renew();
		it.vacant = false;
		renewal.renew();
		assert.equal(it.dialled, 1);
		it.vacant = true;
		renewal.again();
		clock.pass(5000);
		assert.deepEqual([it.dialled, it.asked], [2, 1]);
		renewal.done();
		renewal.renew();
		assert.deepEqual([it.dialled, it.asked], [3, 2]);
		renewal.again();
		renewal.clear();
		assert.equal(clock.armed(), 0);
	});
});
