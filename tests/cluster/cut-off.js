// One of two brokers on a network of its own making whose cable is pulled out. Run by network.test.js inside a
// network namespace, whose addresses and rules are nobody else's.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { is } from '../e2e/inbox.js';
import { joins, leaves, useNodes } from './stage.js';

/** By this one the second broker speaks with PostgreSQL. */
const CABLE = '127.0.0.2';

/** @param {string} line */
const ip = (line) => execFileSync('ip', line.split(' '), { stdio: 'pipe' });

describe('a broker whose cable is out', () => {
	const cluster = useNodes(2, {
		async more(stage, n) {
			if (n === 0) {
				// Rules come before what is local, so that they can stop it.
				ip('rule add pref 10 lookup local');
				ip('rule del pref 0');
			}
			return n === 1 ? { database: `${stage.cluster.conninfo} hostaddr=${CABLE}` } : {};
		},
		settings: { listen_addresses: `127.0.0.1,${CABLE}` },
	});

	test('has lost its users, for the others; and has caught up when it is in again', async () => {
		const { ann, bob, chat } = await cluster.couple();
		await ann.say(chat, 'before');
		await bob.next(chat, is('message', { seq: 1 }));
		const began = Date.now();
		for (const way of ['from', 'to']) {
			ip(`rule add pref 1 ${way} ${CABLE} blackhole`);
		}
		await ann.next(chat, leaves(bob.id));
		console.log(`the cable is out: its users have left after ${((Date.now() - began) / 1000).toFixed(1)} s`);
		for (let seq = 2; seq <= 10; seq++) {
			await ann.say(chat, `message ${seq}`);
		}
		// Who is on the other side of the cut may write as well: it waits there.
		await bob.publish(chat, { event: 'message', text: 'from over here', ref: 'over' });
		await bob.none(chat, 'message');
		for (const way of ['from', 'to']) {
			ip(`rule del pref 1 ${way} ${CABLE} blackhole`);
		}
		for (let seq = 2; seq <= 11; seq++) {
			assert.equal((await bob.next(chat, 'message', { timeout: 60000 })).seq, seq);
		}
		await ann.next(chat, is('message', { seq: 11, ref: 'over' }));
		await ann.next(chat, joins(bob.id));
		await ann.none(chat, 'presence_diff');
	});
});
