// Who is there, when brokers end in the middle of it, and when people come at one moment.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../stack/wait.js';
import { LONG, chatOf, leaves, newIds, scale, useNodes } from './stage.js';

/**
 * Who is in a chat, as one client has been told since it came the last time.
 * @param {import('./stage.js').Client} client
 * @param {string} chat
 */
function viewOf(client, chat) {
	/** @type {Set<string>} */
	let users = new Set();
	return () => {
		for (const event of client.take(chat, (/** @type {any} */ it) => it.event.startsWith('presence_'))) {
			if (event.event === 'presence_state') {
				users = new Set(Object.keys(event.users));
			} else {
				Object.keys(event.joins).forEach((id) => users.add(id));
				Object.keys(event.leaves).forEach((id) => users.delete(id));
			}
		}
		return [...users].sort().join();
	};
}

describe('presence', () => {
	const cluster = useNodes(3);

	for (const [how, end, mend] of /** @type {[string, (n: number) => unknown, (n: number) => unknown][]} */ ([
		['is killed', cluster.kill, cluster.revive],
		['stands still', cluster.freeze, cluster.thaw],
		['is stopped by its operator', (n) => cluster.nodes[n].stop(), cluster.revive],
	])) {
		test(`of a broker's users ends when it ${how}, once for each`, async () => {
			const { ann, bob, chat } = await cluster.couple();
			const [c] = newIds(1);
			const another = chatOf(bob.id, c);
			const cleo = await cluster.at(2, { id: c });
			await cleo.join(another);
			await bob.join(another);
			// Somebody who is there on a living broker as well does not leave.
			const hers = await cluster.at(1, { id: ann.id, name: 'Ann' });
			await hers.join(chat);
			const began = Date.now();
			await end(1);
			assert.deepEqual(await ann.next(chat, leaves(bob.id)), { event: 'presence_diff', joins: {}, leaves: { [bob.id]: { name: 'Bob' } } });
			await cleo.next(another, leaves(bob.id));
			console.log(`a broker ${how}: its users have left after ${((Date.now() - began) / 1000).toFixed(1)} s`);
			await cluster.allIn();
			await ann.none(chat, 'presence_diff');
			await cleo.none(another, leaves(bob.id));
			await mend(1);
			await cluster.allIn();
			assert.deepEqual(await cluster.postgres.query(`select online from chat.online(array['${ann.id}'])`), [['t']]);
		});
	}

	test('is right for everybody after two have come at one moment, on two brokers', async () => {
		const people = scale(6, 10);
		const ids = newIds(2 * people);
		const at = (/** @type {number} */ n, /** @type {string[]} */ them) => Promise.all(them.map((id) => cluster.at(n, { id })));
		const [here, there] = [await at(0, ids.slice(0, people)), await at(1, ids.slice(people))];
		const pairs = here.flatMap((one) => there.map((other) => {
			const chat = chatOf(one.id, other.id);
			return { one, other, chat, views: [viewOf(one, chat), viewOf(other, chat)], both: [one.id, other.id].sort().join() };
		}));
		let races = 0;
		for (const wanted = scale(72, 1000); races < wanted; races += pairs.length) {
			// They come, and whoever was there before has just gone.
			await Promise.all(pairs.map(({ one, other, chat }) => Promise.all([one.subscribe(chat), other.subscribe(chat)])));
			for (const { one, other, views, both } of pairs) {
				await until(`${one.id} and ${other.id} to see each other`, () => views.every((view) => view() === both));
			}
			await Promise.all(pairs.map(({ one, other, chat }) => Promise.all([one.unsubscribe(chat), other.unsubscribe(chat)])));
		}
		console.log(`${races} races`);
		await until('nobody to be left anywhere', async () => (await cluster.postgres.query('select count(*) from chat.places'))[0][0] === '0');
	});

	test('is right after many comings and goings at random, on all brokers', { skip: LONG ? false : 'a long form' }, async () => {
		const [a, b] = newIds(2);
		const chat = chatOf(a, b);
		const devices = [];
		for (let n = 0; n < 3; n++) {
			devices.push(await cluster.at(n, { id: a }), await cluster.at(n, { id: b }));
		}
		for (let round = 0; round < 300; round++) {
			const inside = devices.map(() => Math.random() < 0.5);
			await Promise.all(devices.map((it, i) => (inside[i] ? it.subscribe(chat) : it.unsubscribe(chat))));
			const watcher = await cluster.at(round % 3, { id: a });
			await watcher.subscribe(chat);
			const view = viewOf(watcher, chat);
			const wanted = [...new Set([a, ...devices.filter((_it, i) => inside[i]).map((it) => it.id)])].sort().join();
			await until(`${wanted} to be there in round ${round}`, () => view() === wanted);
			await watcher.end();
		}
	});
});
