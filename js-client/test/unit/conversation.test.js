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
	const outbox = createOutbox(clock, ({ ref, event, members }) => publish(JSON.stringify({ event, ...members, ref })));
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
	room.on('forbidden', (now) => told.push(`forbidden ${now}`));
	room.on('presence', ({ online }) => told.push(`online ${online}`));
	room.on('read', ({ user_id, seq }) => told.push(`${user_id} has read ${seq}`));
	const page = (/** @type {any[]} */ messages, more = false, members = {}) =>
		event(/** @type {any} */ ({ event: 'history', messages, more, read: { 1: 0, 2: 0 }, ...members }));
	const join = (/** @type {any[]} */ messages, more = false, members = {}) => {
		conversation.subscribing();
		conversation.subscribed(true);
		page(messages, more, members);
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

	const changed = (/** @type {number} */ change, /** @type {any} */ message, members = {}) =>
		/** @type {any} */ ({ event: 'changed', change, by: '2', message: { ...message, change }, ...members });

	test('shows each change of a message that it has, in the same object', async () => {
		const { room, event, join, since } = world();
		room.open();
		join([wire(1), wire(2)], false, { change: 4 });
		const [first] = room.messages;
		await since();
		event(changed(5, { ...wire(1), text: 'better', edited_at: '2026-03-01T09:00:00.000Z', data: { a: 1 } }));
		assert.deepEqual([first.text, first.data, first.change, Number(first.edited_at)], ['better', { a: 1 }, 5, Date.UTC(2026, 2, 1, 9)]);
		event(changed(6, { seq: 1, user_id: '2', sent_at: wire(1).sent_at, text: '', deleted: true }));
		event(changed(7, wire(99)));
		event(/** @type {any} */ ({ event: 'message', ...wire(1) }));
		assert.deepEqual([first.deleted, first.text, first.data, room.messages[0]], [true, '', null, first]);
		assert.deepEqual(await since(), ['sent 1', 'sent 1']);
	});

	test('asks for the changes that it has missed, and not for others', async () => {
		const { room, event, join, said, since } = world();
		room.open();
		join([wire(1), wire(2)], false, { change: 4 });
		event(changed(5, wire(2)));
		assert.deepEqual(said.filter((it) => it.since), []);
		event(changed(8, wire(2)));
		assert.equal(said.at(-1).since, 5);
		event(/** @type {any} */ ({ event: 'changes', messages: [{ ...wire(1), text: 'missed', change: 7 }], change: 8, more: false, ref: said.at(-1).ref }));
		await since();
		assert.equal(room.messages[0].text, 'missed');
		// After a reconnect the newest page says how many there are by now.
		join([wire(2, '2', { change: 8 })], true, { change: 9 });
		assert.equal(said.at(-1).since, 8);
	});

	test('sends an own change until it is heard, showing it meanwhile, and takes it back when it is refused', async () => {
		const { clock, room, event, join, said, since } = world();
		room.open();
		join([wire(1, '1'), wire(2)]);
		await since();
		const edited = room.edit(1, { text: 'better' });
		const reaction = room.react(2, '👍');
		assert.deepEqual([room.messages[0].text, room.messages[0].changing, room.messages[1].reactions], ['better', true, [{ reaction: '👍', by: ['1'] }]]);
		const [edit, react] = said.slice(-2);
		assert.deepEqual([edit, react], [{ event: 'edit', seq: 1, text: 'better', ref: edit.ref }, { event: 'react', seq: 2, reaction: '👍', on: true, ref: react.ref }]);
		clock.pass(10000);
		assert.deepEqual(said.slice(-2), [edit, react]);
		event(changed(1, { ...wire(1, '1'), text: 'better', edited_at: '2026-03-01T09:00:00.000Z' }, { by: '1', ref: edit.ref }));
		await edited;
		assert.deepEqual([room.messages[0].text, room.messages[0].changing], ['better', false]);
		event({ event: 'error', code: 'bad_field', reason: 'a seventh', ref: react.ref });
		await assert.rejects(reaction, { code: 'bad_field' });
		assert.deepEqual([room.messages[1].reactions, room.messages[1].changing], [[], false]);
		clock.pass(60000);
		assert.equal(said.filter((it) => it.event === 'edit').length, 2);
	});

	test('refuses at once what no packet may hold', async () => {
		const { room, join, said } = world();
		room.open();
		join([wire(3, '1')]);
		const before = said.length;
		await assert.rejects(room.edit(3, { text: 'x'.repeat(20000) }), { code: 'too_large' });
		await assert.rejects(room.edit(3, { data: { a: 'x'.repeat(9000) } }), { code: 'too_large' });
		await assert.rejects(room.react(3, 'x'.repeat(20000)), { code: 'too_large' });
		assert.deepEqual([said.length, room.messages[0].changing], [before, false]);
	});

	test('sends data and what it answers, and shows them', () => {
		const { room, join, said } = world();
		room.open();
		join([wire(1)]);
		const message = room.send({ text: 'look', data: { a: 1 }, replyTo: 1 });
		assert.deepEqual([message.data, message.reply_to], [{ a: 1 }, 1]);
		assert.deepEqual(said.at(-1), { event: 'message', text: 'look', data: { a: 1 }, reply_to: 1, ref: message.ref });
		assert.equal(room.send({ data: { b: 1 } }).status, 'sending');
		assert.equal(room.send({}).status, 'failed');
	});

	test('drops what it has of another epoch, keeps what is pending, and starts from the newest page', async () => {
		const { room, event, join, since } = world();
		room.open();
		join([wire(1), wire(2), wire(3)], false, { epoch: 'a', change: 7, read: { 1: 3, 2: 3 } });
		const pending = room.send('still to be sent');
		await since();
		join([wire(1), wire(2, '2', { text: 'another one' })], false, { epoch: 'b', change: 1, read: { 1: 1, 2: 0 } });
		assert.deepEqual(await since(), ['1 has read 1', 'reset']);
		assert.deepEqual(room.messages.map((it) => it.text), ['text 1', 'another one', 'still to be sent']);
		assert.deepEqual([room.readSeq, room.peer.readSeq, room.messages.at(-1)], [1, 0, pending]);
		event(changed(2, { ...wire(2), text: 'changed' }));
		assert.equal(room.messages[1].text, 'changed');
	});

	test('joins anew when an answer is of another epoch', async () => {
		const { room, page, join, said, since } = world();
		room.open();
		join([wire(11)], true, { epoch: 'a' });
		const older = room.older();
		await since();
		said.splice(0, said.length - 1);
		page([wire(9)], false, { epoch: 'b', ref: said[0].ref });
		assert.deepEqual([await older, said.at(-1)], [{ messages: [], more: false }, 'join']);
		join([wire(5)], false, { epoch: 'b' });
		assert.deepEqual([await since(), seqs(room)], [['reset'], [5]]);
	});

	test('that is closed can be read, and says so, until it is open again', async () => {
		const { room, conversation, event, page, join, since } = world();
		const opened = room.open();
		conversation.subscribing();
		conversation.subscribed(true);
		page([wire(1)]);
		event({ event: 'error', code: 'forbidden', reason: 'this chat is closed' });
		await opened;
		assert.deepEqual([room.forbidden, seqs(room), await since()], [true, [1], ['forbidden true']]);
		const message = room.send('hello?');
		event({ event: 'error', code: 'forbidden', reason: 'this chat is closed', ref: String(message.ref) });
		assert.equal(message.status, 'failed');
		join([wire(1)]);
		assert.deepEqual([room.forbidden, (await since()).includes('forbidden false')], [false, true]);
	});

	test('knows of a peer who is online before anybody comes', async () => {
		const { room, event, join, since } = world();
		room.open();
		join([], false, { peer: { user_id: '2', name: 'Ben', online: true } });
		assert.deepEqual([room.peer.online, room.peer.name, await since()], [true, 'Ben', ['online true']]);
		event({ event: 'peer', user_id: '2', name: 'Ben', online: false, seen_at: '2026-03-01T08:00:00.000Z' });
		assert.deepEqual([room.peer.online, Number(room.peer.seenAt)], [false, Date.UTC(2026, 2, 1, 8)]);
	});
});
