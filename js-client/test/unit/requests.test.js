import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRequests } from '../../src/requests.js';
import { handClock } from '../clocks.js';

const error = (/** @type {string} */ ref, /** @type {string} */ code, retry_ms = 3000) => ({ event: /** @type {const} */ ('error'), code, reason: 'why', ref, retry_ms });

describe('a question', () => {
	function plugin() {
		const clock = handClock();
		/** @type {any[]} */
		const asked = [];
		const world = { online: true };
		const requests = createRequests(clock, (members) => world.online && asked.push(members) > 0);
		return { clock, asked, world, requests };
	}

	test('resolves with its answer, and no other', async () => {
		const { asked, requests } = plugin();
		const [one, two] = [requests.ask({ before: 7 }), requests.ask({ before: 9 })];
		assert.deepEqual(asked.map((it) => it.before), [7, 9]);
		assert.notEqual(asked[0].ref, asked[1].ref);
		requests.answer({ ref: 'somebody else\'s' });
		requests.answer({ ...asked[1], found: 2 });
		requests.answer({ ...asked[0], found: 1 });
		assert.deepEqual([(await one).found, (await two).found], [1, 2]);
	});

	test('is asked again when nothing comes, when the plugin says when, and on a new connection', () => {
		const { clock, asked, world, requests } = plugin();
		world.online = false;
		requests.ask({});
		clock.pass(60000);
		assert.equal(asked.length, 0);
		world.online = true;
		requests.again();
		assert.equal(asked.length, 1);
		clock.pass(10000);
		assert.equal(asked.length, 2);
		requests.refuse(error(asked[0].ref, 'rate_limited'));
		clock.pass(2999);
		assert.equal(asked.length, 2);
		clock.pass(1);
		assert.equal(asked.length, 3);
		assert.equal(new Set(asked.map((it) => it.ref)).size, 1);
		requests.answer({ ref: asked[0].ref });
		clock.pass(60000);
		assert.equal(asked.length, 3);
	});

	test('is refused for good', async () => {
		const { asked, requests } = plugin();
		const question = requests.ask({ limit: 0 });
		requests.refuse(error(asked[0].ref, 'bad_field'));
		await assert.rejects(question, { code: 'bad_field', reason: 'why' });
	});

	test('ends with those who ask', async () => {
		const { clock, requests } = plugin();
		const question = requests.ask({});
		requests.cancel(new Error('gone'));
		await assert.rejects(question, /gone/);
		assert.equal(clock.armed(), 0);
	});
});
