import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMessages } from '../../src/messages.js';
import { pendingMessage } from '../../src/message.js';

describe('the messages of a room', () => {
	function world() {
		/** @type {any[]} */
		const pending = [];
		/** @type {string[]} */
		const told = [];
		const read = { peer: 0, own: 0 };
		const messages = createMessages({
			me: () => '1',
			peerRead: () => read.peer,
			ownRead: () => read.own,
			pending: {
				messages: () => pending,
				stored: ({ ref, seq }) => {
					const at = pending.findIndex((it) => it.ref === ref);
					return at < 0 ? undefined : Object.assign(pending.splice(at, 1)[0], { seq });
				},
			},
			changes: { shown: (_seq, stored) => stored, touches: () => false },
			emit: (name, { seq, status }) => told.push(`${name} ${seq} ${status}`),
		});
		messages.timeline.newest([], false);
		const add = (/** @type {any[]} */ ...wires) => messages.timeline.add(wires.map(messages.adopt));
		return { messages, pending, read, add, since: () => told.splice(0) };
	}
	const wire = (/** @type {number} */ seq, user_id = '2', ref = /** @type {any} */ (undefined)) =>
		({ seq, user_id, text: `text ${seq}`, sent_at: '2026-03-01T08:00:00.000Z', ref });

	test('are stored ones, then pending ones', () => {
		const { messages, pending, add } = world();
		pending.push(pendingMessage('a', '1', { text: 'mine' }, new Date()));
		messages.show(add(wire(1)));
		assert.deepEqual(messages.list().map((it) => it.seq), [1, null]);
		assert.equal(messages.list(), messages.list(), 'the same array while nothing changes');
	});

	test('keep their object when they are stored, and when they come once more', () => {
		const { messages, pending, add } = world();
		const mine = pendingMessage('a', '1', { text: 'text 1' }, new Date());
		pending.push(mine);
		assert.deepEqual(add(wire(1, '1', 'a')), [mine]);
		assert.equal(messages.adopt(wire(1, '1', 'a')), mine);
	});

	test('of one\'s own stay in sight while they are held back', () => {
		const { messages, pending, add } = world();
		const mine = pendingMessage('a', '1', { text: 'text 3' }, new Date());
		pending.push(mine);
		messages.know([mine]);
		add(wire(3, '1', 'a'));
		add(wire(5));
		messages.dirty();
		assert.deepEqual(messages.list(), [mine]);
	});

	test('are told of once', () => {
		const { messages, add, since } = world();
		const those = add(wire(1), wire(2));
		messages.know(those.slice(0, 1));
		messages.show(those);
		messages.show(those);
		assert.deepEqual(since(), ['message 2 sent']);
	});

	test('are read up to where the other one has read', () => {
		const { messages, read, add, since } = world();
		messages.show(add(wire(1), wire(2, '1'), wire(3, '1')));
		since();
		read.peer = 2;
		messages.ticked();
		messages.ticked();
		assert.deepEqual(since(), ['update 2 read']);
		read.own = 1;
		messages.ticked();
		assert.deepEqual(since(), ['update 1 read']);
		assert.equal(messages.newestOfPeer(), 1);
		add(wire(4), wire(5), wire(6, '1'));
		assert.deepEqual([messages.newestOfPeer(), messages.newestOfPeer(4), messages.newestOfPeer(3)], [5, 4, 1]);
		messages.clear();
		assert.deepEqual([messages.list(), messages.newestOfPeer()], [[], 0]);
	});
});
