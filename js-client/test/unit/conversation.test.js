import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createConversation } from '../../src/conversation.js';
import { createOutbox } from '../../src/outbox.js';
import { handClock } from '../clocks.js';

/** Lets promises run. */
const breathe = () => new Promise((resolve) => {
	setTimeout(resolve);
});

/** The chat of 1, who is we, with 2, at a plugin that is us, too. */
function world() {
	const clock = handClock();
	/** @type {any[]} */
	const said = [];
	/** @type {string[]} */
	const told = [];
	const publish = (/** @type {string} */ payload) => said.push(JSON.parse(payload)) > 0;
	const outbox = createOutbox(clock, ({ ref, text }) => publish(JSON.stringify({ event: 'message', ref, text })));
	const conversation = createConversation('2', {
		clock, outbox,
		visible: () => true,
		me: () => '1',
		publish,
		join: () => said.push('join'),
		leave: async () => void said.push('leave'),
		keep: () => {},
		drop: () => {},
		report: (error) => told.push(`error ${/** @type {any} */ (error).code}`),
	});
	const { room, event } = conversation;
	room.on('message', ({ seq, text }) => told.push(`message ${seq ?? text}`));
	room.on('update', ({ seq, text, status }) => told.push(`${status} ${seq ?? text}`));
	room.on('reset', () => told.push('reset'));
	room.on('read', ({ user_id, seq }) => told.push(`${user_id} has read ${seq}`));
	const page = (/** @type {any[]} */ messages, more = false, members = {}) =>
		event(/** @type {any} */ ({ event: 'history', messages, more, read: { 1: 0, 2: 0 }, ...members }));
	const join = (/** @type {any[]} */ messages, more = false) => {
		conversation.subscribing();
		conversation.subscribed(true);
		page(messages, more);
		event({ event: 'presence_state', users: {} });
	};
	return { clock, conversation, room, event, page, join, said, since: async () => (await breathe(), told.splice(0)) };
}
const wire = (/** @type {number} */ seq, user_id = '2', members = {}) =>
	({ seq, user_id, text: `text ${seq}`, sent_at: '2026-03-01T08:00:00.000Z', ...members });
const seqs = (/** @type {any} */ room) => room.messages.map((/** @type {any} */ it) => it.seq);

describe('a conversation', () => {
	test('is open once history and presence are in, and tells of what comes later', async () => {
		const { room, event, join, said, since } = world();
		const opened = room.open();
		join([wire(1), wire(2)]);
		await opened;
		event(/** @type {any} */ ({ event: 'message', ...wire(3) }));
		assert.deepEqual([said[0], seqs(room), await since()], ['join', [1, 2, 3], ['message 3']]);
	});

	test('asks for what is missing, and for older ones', async () => {
		const { room, event, page, join, said, since } = world();
		room.open();
		join([wire(11)], true);
		event(/** @type {any} */ ({ event: 'message', ...wire(14) }));
		const [question] = said.slice(-1);
		assert.deepEqual([question.event, question.after], ['history', 11]);
		page([wire(12), wire(13), wire(14)], false, { ref: question.ref });
		assert.deepEqual(await since(), ['message 12', 'message 13', 'message 14']);
		const older = room.older({ limit: 2 });
		await breathe();
		assert.equal(said.at(-1).before, 11);
		page([wire(9), wire(10)], true, { ref: said.at(-1).ref });
		assert.deepEqual([(await older).messages.length, seqs(room)], [2, [9, 10, 11, 12, 13, 14]]);
	});

	test('starts anew when too much was missed', async () => {
		const { room, join, since } = world();
		room.open();
		join([wire(1)]);
		await since();
		join([wire(2000)], true);
		assert.deepEqual([await since(), seqs(room)], [['reset'], [2000]]);
	});

	test('ticks what is read', async () => {
		const { room, event, join, since } = world();
		room.open();
		join([wire(1, '1'), wire(2)]);
		await since();
		event({ event: 'read', user_id: '2', seq: 1 });
		event({ event: 'read', user_id: '2', seq: 1 });
		event({ event: 'read', user_id: '3', seq: 2 });
		assert.deepEqual(await since(), ['read 1', '2 has read 1']);
	});

	test('is left once its last pending message is stored, if nobody wants it any more', async () => {
		const { room, conversation, event, join, said } = world();
		const message = room.send('hi');
		join([]);
		await room.close();
		assert.deepEqual([said.includes('leave'), conversation.needed()], [false, true]);
		event(/** @type {any} */ ({ event: 'message', ...wire(1, '1', { ref: message.ref }) }));
		assert.deepEqual([said.includes('leave'), await message.settled], [true, message]);
	});

	test('rejects who waits when the chat is not theirs', async () => {
		const { room, conversation } = world();
		const opened = room.open();
		const message = room.send('hi');
		conversation.subscribing();
		conversation.subscribed(false);
		await assert.rejects(opened, { code: 'forbidden' });
		assert.equal(message.status, 'failed');
	});
});
