import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPeer } from '../../src/peer.js';
import { handClock } from '../clocks.js';

describe('the peer', () => {
	function world(id = '2') {
		const clock = handClock();
		/** @type {string[]} */
		const told = [];
		const peer = createPeer(id, clock, (name) => told.push(name));
		return { clock, peer, since: () => told.splice(0) };
	}

	test('is nobody that we know at first', () => {
		assert.deepEqual(world().peer.view(), {
			id: '2', name: null, present: false, online: false, seenAt: null, typing: false, readSeq: 0,
		});
	});

	test('comes, is renamed and goes, each told once', () => {
		const { peer, since } = world();
		peer.presence({ event: 'presence_state', users: { 2: { name: 'Ben' } } });
		peer.presence({ event: 'presence_diff', joins: { 2: { name: 'Ben' } }, leaves: {} });
		assert.deepEqual([since(), peer.view().present], [['presence'], true]);
		peer.met('Benjamin');
		peer.presence({ event: 'presence_diff', joins: {}, leaves: { 1: { name: 'Ann' } } });
		assert.deepEqual([since(), peer.view().name], [['presence'], 'Benjamin']);
		peer.presence({ event: 'presence_diff', joins: {}, leaves: { 2: { name: 'Benjamin' } } });
		assert.deepEqual([since(), peer.view().name, peer.view().present], [['presence'], 'Benjamin', false]);
	});

	test('called __proto__ is a user like others', () => {
		const { peer } = world('__proto__');
		peer.presence({ event: 'presence_state', users: {} });
		assert.equal(peer.view().present, false);
		peer.presence({ event: 'presence_diff', joins: JSON.parse('{"__proto__":{"name":"Proto"}}'), leaves: {} });
		assert.deepEqual([peer.view().present, peer.view().name], [true, 'Proto']);
	});

	test('is online or was last seen, as far as the plugin says', () => {
		const { peer, since } = world();
		peer.facts({ user_id: '1', name: 'Ann', online: true });
		assert.deepEqual(since(), []);
		peer.facts({ user_id: '2', name: 'Ben', online: true });
		peer.facts({ user_id: '2', name: 'Ben', online: true });
		assert.deepEqual([since(), peer.view().online, peer.view().name], [['presence'], true, 'Ben']);
		peer.facts({ user_id: '2', name: 'Ben', online: false, seen_at: '2026-03-01T08:00:00.000Z' });
		assert.deepEqual([since(), peer.view().online, Number(peer.view().seenAt)], [['presence'], false, Date.UTC(2026, 2, 1, 8)]);
		peer.facts({ user_id: '2' });
		assert.deepEqual([since(), peer.view().name, peer.view().seenAt], [['presence'], 'Ben', null]);
	});

	test('does not type any more who has gone, or who has not said so for six seconds', () => {
		const { clock, peer, since } = world();
		peer.met('Ben', true);
		peer.typing(true);
		assert.deepEqual([since(), peer.view().typing], [['presence', 'typing'], true]);
		peer.met(undefined, false);
		assert.deepEqual([since(), peer.view().typing], [['typing', 'presence'], false]);
		peer.typing(true);
		clock.pass(6000);
		assert.deepEqual(since(), ['typing', 'typing']);
		peer.typing(true);
		peer.forget();
		assert.equal(clock.armed(), 0);
	});
});
