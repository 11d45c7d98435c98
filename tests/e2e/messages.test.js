// A message: stored, then sent, to each of the two users' clients once.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WAYS, wayName } from './client.js';
import { is } from './inbox.js';
import { connectRaw } from './raw.js';
import { chatOf, newIds, roomOf, useStage } from './stage.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** @param {number} n */
const upTo = (n) => Array.from({ length: n }, (_, index) => index + 1);

describe('a message', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	for (const from of WAYS) {
		test(`goes from ${wayName(from)} to every other way`, async () => {
			const [first, second] = newIds(2);
			const chat = `chat/${first}/${second}`;
			const ann = await stage.connect({ id: first, ...from });
			await ann.join(chat);
			const readers = [];
			for (const way of WAYS) {
				const bob = await stage.connect({ id: second, ...way });
				await bob.join(chat);
				readers.push(bob);
			}
			const echo = await ann.say(chat, 'to all of you');
			for (const bob of readers) {
				assert.deepEqual(await bob.next(chat, 'message'), echo);
			}
		});
	}

	test('has seq, sender, text, time and ref', async () => {
		const { ann, bob, chat } = await stage.couple();
		const before = Date.now();
		const echo = await ann.say(chat, 'hi', { ref: 'r1' });
		const after = Date.now();
		assert.equal(echo.seq, 1);
		assert.equal(echo.user_id, ann.id);
		assert.equal(echo.text, 'hi');
		assert.equal(echo.ref, 'r1');
		assert.match(echo.sent_at, TIME);
		const sentAt = Date.parse(echo.sent_at);
		assert.ok(sentAt >= before - 1 && sentAt <= after + 1);
		assert.ok(!('key' in echo));
		assert.deepEqual(await bob.next(chat, 'message'), echo);
	});

	test('without a ref has none', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.publish(chat, { event: 'message', text: 'hi' });
		assert.ok(!('ref' in await bob.next(chat, 'message')));
		assert.ok(!('ref' in await ann.next(chat, 'message')));
	});

	test('is in the database when anyone hears of it', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		for (const n of upTo(5)) {
			await ann.publish(chat, { event: 'message', text: `text ${n}`, ref: `r${n}` });
			await bob.next(chat, 'message');
			assert.deepEqual((await stage.stored(room)).at(-1),
				{ seq: n, user_id: ann.id, opponent_id: bob.id, text: `text ${n}`, is_delivered: false, ref: `r${n}` });
		}
	});

	test('keeps the time at which it was taken', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.unsubscribe(chat);
		await bob.enterLobby();
		const { event, ...message } = await ann.say(chat, 'when');
		assert.equal(event, 'message');
		assert.deepEqual((await bob.next(`user/${bob.id}`, 'notification')).message, message);
		assert.deepEqual((await bob.join(chat)).history.messages, [message]);
		assert.deepEqual((await bob.enterLobby()).chats[0].last, message);
	});

	test('takes the next number, whoever sends it and whatever was wrong before', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		assert.equal((await ann.say(chat, 'one')).seq, 1);
		await ann.refusal(chat, { event: 'message', text: '' });
		assert.equal((await bob.say(chat, 'two')).seq, 2);
		await ann.say(chat, 'three', { ref: 'again' });
		await ann.say(chat, 'three', { ref: 'again' });
		await bob.publish(chat, { event: 'typing' });
		await bob.publish(chat, { event: 'read', seq: 1 });
		assert.equal((await bob.say(chat, 'four')).seq, 4);
		assert.deepEqual((await stage.stored(room)).map((it) => it.seq), upTo(4));
	});

	test('is numbered in each chat for itself', async () => {
		const [first, second, third] = newIds(3);
		const user = await stage.connect({ id: second });
		for (const other of [first, third]) {
			await user.join(chatOf(second, other));
			assert.equal((await user.say(chatOf(second, other), 'first')).seq, 1);
		}
	});

	for (const qos of /** @type {(0 | 1 | 2)[]} */ ([0, 1, 2])) {
		for (const way of WAYS) {
			test(`is stored once when published with QoS ${qos} by ${wayName(way)}`, async () => {
				const { ann, bob, chat, room } = await stage.couple(way);
				for (const n of upTo(3)) {
					await ann.publish(chat, { event: 'message', text: `q${n}` }, { qos });
					assert.equal((await bob.next(chat, 'message')).seq, n);
					assert.equal((await ann.next(chat, 'message')).seq, n);
				}
				await bob.none(chat);
				assert.equal((await stage.stored(room)).length, 3);
			});
		}
	}

	test('reaches each device of both users once', async () => {
		const { ann, bob, chat } = await stage.couple();
		const more = [];
		for (const id of [ann.id, ann.id, bob.id]) {
			const device = await stage.connect({ id });
			await device.join(chat);
			await device.enterLobby();
			more.push(device);
		}
		await ann.say(chat, 'everywhere');
		await bob.next(chat, 'message');
		for (const device of more) {
			assert.equal((await device.next(chat, 'message')).text, 'everywhere');
			await device.none(null, (event) => event.event === 'message' || event.event === 'notification');
		}
		await bob.none(chat, 'message');
		await ann.none(chat, 'message');
	});

	test('is not kept for who comes later but as history', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'before');
		const late = await stage.connect({ id: bob.id });
		assert.equal((await late.join(chat)).history.messages.length, 1);
		await late.none(chat, 'message');
	});

	test('may be sent without being in the chat', async () => {
		const [first, second] = newIds(2);
		const chat = `chat/${first}/${second}`;
		const ann = await stage.connect({ id: first });
		const bob = await stage.connect({ id: second });
		await bob.join(chat);
		await ann.publish(chat, { event: 'message', text: 'from afar' });
		assert.equal((await bob.next(chat, 'message')).text, 'from afar');
		await ann.none(null);
	});
});

describe('a ref', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('that is repeated is stored once, and answered to the repeating client alone', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		const other = await stage.connect({ id: ann.id });
		await other.join(chat);
		const echo = await ann.say(chat, 'once', { ref: 'same' });
		await bob.next(chat, 'message');
		await other.next(chat, 'message');

		assert.deepEqual(await ann.say(chat, 'once', { ref: 'same' }), echo);
		await bob.none(chat, 'message');
		await other.none(chat, 'message');

		assert.deepEqual(await other.say(chat, 'once', { ref: 'same' }), echo);
		await bob.none(chat, 'message');
		await ann.none(chat, 'message');
		assert.equal((await stage.stored(room)).length, 1);
	});

	test('that is repeated rings in no lobby', async () => {
		const { ann, bob, chat } = await stage.couple();
		const other = await stage.connect({ id: ann.id });
		await other.enterLobby();
		await bob.unsubscribe(chat);
		await bob.enterLobby();
		await ann.say(chat, 'once', { ref: 'same' });
		await bob.next(`user/${bob.id}`, 'notification');
		await other.next(`user/${ann.id}`, 'notification');
		await ann.say(chat, 'once', { ref: 'same' });
		await bob.none(null, 'notification');
		await other.none(null, 'notification');
		assert.equal((await bob.enterLobby()).total, 1);
	});

	test('that is repeated with another text brings the stored one', async () => {
		const { ann, chat } = await stage.couple();
		await ann.say(chat, 'first', { ref: 'same' });
		assert.equal((await ann.say(chat, 'second', { ref: 'same' })).text, 'first');
	});

	test('is compared with its case, and to the last character', async () => {
		const { ann, chat } = await stage.couple();
		for (const [index, ref] of ['r', 'R', 'r ', 'rr', 'é', 'e\u0301'].entries()) {
			assert.equal((await ann.say(chat, 'x', { ref })).seq, index + 1);
		}
	});

	test('is of its sender: the peer may use the same', async () => {
		const { ann, bob, chat } = await stage.couple();
		assert.equal((await ann.say(chat, 'mine', { ref: '1' })).seq, 1);
		const theirs = await bob.say(chat, 'theirs', { ref: '1' });
		assert.deepEqual([theirs.seq, theirs.text], [2, 'theirs']);
	});

	test('is of its chat: another may use the same', async () => {
		const { ann, chat } = await stage.couple();
		const [third] = newIds(1);
		await ann.join(`chat/${ann.id}/${third}`);
		await ann.say(chat, 'here', { ref: '1' });
		const there = await ann.say(`chat/${ann.id}/${third}`, 'there', { ref: '1' });
		assert.deepEqual([there.seq, there.text], [1, 'there']);
	});

	test('that is repeated at once takes no second place', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		for (const round of upTo(20)) {
			const message = { event: 'message', text: `round ${round}`, ref: `r${round}` };
			await Promise.all([ann.publish(chat, message), ann.publish(chat, message), ann.publish(chat, message)]);
			// Once or more, as a repeat that comes too late is answered too; the peer hears it once.
			await ann.next(chat, is('message', { ref: message.ref, seq: round }));
			assert.equal((await bob.next(chat, 'message')).seq, round);
		}
		await bob.none(chat, 'message');
		assert.deepEqual((await stage.stored(room)).map((it) => it.seq), upTo(20));
	});

	test('that is repeated at once from another client is answered there too', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		const other = await stage.connect({ id: ann.id, version: 5, transport: 'tcp' });
		await other.join(chat);
		for (const round of upTo(20)) {
			const message = { event: 'message', text: `round ${round}`, ref: `r${round}` };
			await Promise.all([ann.publish(chat, message), other.publish(chat, message)]);
			for (const client of [ann, other, bob]) {
				await client.next(chat, is('message', { ref: `r${round}`, seq: round }));
			}
		}
		await bob.none(chat, 'message');
		assert.equal((await stage.stored(room)).length, 20);
	});

	test('makes a packet that is sent again one message', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		const raw = await connectRaw({ broker: stage.broker, id: ann.id });
		for (const qos of [1, 2]) {
			const publish = { cmd: 'publish', topic: chat, payload: JSON.stringify({ event: 'message', text: 'dup', ref: `q${qos}` }), qos, messageId: qos };
			raw.send(publish);
			await raw.packet(qos === 1 ? 'puback' : 'pubrec');
			raw.send({ ...publish, dup: true });
			await raw.packet(qos === 1 ? 'puback' : 'pubrec');
			if (qos === 2) {
				raw.send({ cmd: 'pubrel', messageId: qos });
				await raw.packet('pubcomp');
			}
		}
		await bob.next(chat, is('message', { ref: 'q1', seq: 1 }));
		await bob.next(chat, is('message', { ref: 'q2', seq: 2 }));
		assert.equal((await ann.say(chat, 'after')).seq, 3);
		await bob.next(chat, 'message');
		await bob.none(chat, 'message');
		assert.equal((await stage.stored(room)).length, 3);
	});

	test('is remembered by another broker on the same database', async () => {
		const { ann, chat, room } = await stage.couple();
		const echo = await ann.say(chat, 'once', { ref: 'same' });
		const broker = await stage.another({ options: { rate_limit: 0 } });
		const moved = await stage.connect({ broker, id: ann.id });
		await moved.join(chat);
		assert.deepEqual(await moved.say(chat, 'twice', { ref: 'same' }), echo);
		assert.equal((await stage.stored(room)).length, 1);
	});

	test('is needed to be known: without one, equal texts are two messages', async () => {
		const { ann, bob, chat } = await stage.couple();
		for (const seq of [1, 2]) {
			await ann.publish(chat, { event: 'message', text: 'twice' });
			assert.equal((await bob.next(chat, 'message')).seq, seq);
		}
	});
});

describe('a notification', () => {
	const stage = useStage();

	test('reaches the lobby of a user who is not in the chat', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.unsubscribe(chat);
		await bob.enterLobby();
		const { event, ...message } = await ann.say(chat, 'where are you', { ref: 'r' });
		assert.equal(event, 'message');
		const notification = await bob.next(`user/${bob.id}`, 'notification');
		assert.equal(notification.chat, chat);
		assert.equal(notification.name, 'Ann');
		assert.deepEqual(notification.message, message);
		assert.ok(!('quiet' in notification));
		await bob.none(null, (it) => it.event === 'notification' || it.event === 'message');
	});

	test('reaches nobody in the chat', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.enterLobby();
		await bob.enterLobby();
		await ann.say(chat, 'here');
		await bob.next(chat, 'message');
		await ann.none(`user/${ann.id}`);
		await bob.none(`user/${bob.id}`);
	});

	test('is quiet to a device whose user is in the chat on another', async () => {
		const { ann, bob, chat } = await stage.couple();
		const phone = await stage.connect({ id: bob.id, transport: 'tcp' });
		await phone.enterLobby();
		await ann.say(chat, 'ring no bell');
		const notification = await phone.next(`user/${bob.id}`, 'notification');
		assert.equal(notification.quiet, true);
		assert.equal(notification.message.text, 'ring no bell');
		await phone.none(chat);
	});

	test('is quiet to the other devices of the sender', async () => {
		const { ann, chat } = await stage.couple();
		const phone = await stage.connect({ id: ann.id });
		await phone.enterLobby();
		await ann.say(chat, 'mine');
		const notification = await phone.next(`user/${ann.id}`, 'notification');
		assert.deepEqual([notification.quiet, notification.message.user_id], [true, ann.id]);
	});

	test('is quiet to a sender who is not in the chat', async () => {
		const [first, second] = newIds(2);
		const ann = await stage.connect({ id: first });
		await ann.enterLobby();
		await ann.publish(`chat/${first}/${second}`, { event: 'message', text: 'from afar' });
		assert.equal((await ann.next(`user/${first}`, 'notification')).quiet, true);
	});

	test('has the name of the connection that sent the message', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.unsubscribe(chat);
		await bob.enterLobby();
		const phone = await stage.connect({ id: ann.id, name: 'Ann on the phone' });
		await ann.publish(chat, { event: 'message', text: '1' });
		assert.equal((await bob.next(`user/${bob.id}`, 'notification')).name, 'Ann');
		await phone.publish(chat, { event: 'message', text: '2' });
		assert.equal((await bob.next(`user/${bob.id}`, 'notification')).name, 'Ann on the phone');
	});

	test('stops with the chat entered, and comes again with the chat left', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.enterLobby();
		for (const round of [1, 2]) {
			await bob.unsubscribe(chat);
			await ann.say(chat, `out ${round}`);
			assert.equal((await bob.next(`user/${bob.id}`, 'notification')).message.text, `out ${round}`);
			await bob.join(chat);
			await ann.say(chat, `in ${round}`);
			assert.equal((await bob.next(chat, 'message')).text, `in ${round}`);
		}
		await bob.none(null, (it) => it.event === 'notification' || it.event === 'message');
	});

	test('stops with the lobby left', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.enterLobby();
		await bob.unsubscribe(chat);
		await bob.unsubscribe(`user/${bob.id}`);
		await ann.say(chat, 'anybody?');
		await bob.none(null, (it) => it.event === 'notification' || it.event === 'message');
	});

	test('comes once for each of equal messages', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.unsubscribe(chat);
		await bob.enterLobby();
		for (let n = 0; n < 3; n++) {
			await ann.publish(chat, { event: 'message', text: 'knock' });
		}
		for (const seq of upTo(3)) {
			assert.equal((await bob.next(`user/${bob.id}`, 'notification')).message.seq, seq);
		}
		await bob.none(null, 'notification');
	});
});

describe('the order of messages', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	for (const way of WAYS) {
		test(`is that of the publishes of one connection by ${wayName(way)}`, async () => {
			const { ann, bob, chat, room } = await stage.couple(way);
			const texts = upTo(300).map((n) => `message ${n}`);
			const acknowledged = Promise.all(texts.map((text) => ann.publish(chat, { event: 'message', text })));
			for (const [index, text] of texts.entries()) {
				for (const client of [ann, bob]) {
					const message = await client.next(chat, 'message');
					assert.deepEqual([message.seq, message.text], [index + 1, text]);
				}
			}
			await acknowledged;
			assert.deepEqual((await stage.stored(room)).map((it) => it.text), texts);
		});
	}

	test('is one for everybody, with several connections at once', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		const senders = [ann, bob];
		for (const id of [ann.id, bob.id]) {
			const device = await stage.connect({ id, version: 5 });
			await device.join(chat);
			senders.push(device);
		}
		await Promise.all(senders.flatMap((sender, index) =>
			upTo(50).map((n) => sender.publish(chat, { event: 'message', text: `${index}:${n}` }))));
		for (const client of senders) {
			const seen = [];
			for (const seq of upTo(200)) {
				const message = await client.next(chat, 'message');
				assert.equal(message.seq, seq);
				seen.push(message.text);
			}
			for (const index of senders.keys()) {
				assert.deepEqual(seen.filter((text) => text.startsWith(`${index}:`)), upTo(50).map((n) => `${index}:${n}`));
			}
			assert.deepEqual(seen, (await stage.stored(room)).map((it) => it.text));
			await client.none(chat, 'message');
		}
	});

	test('has no holes in any of many chats at once', async () => {
		const [self, ...others] = newIds(21);
		const user = await stage.connect({ id: self });
		const chats = others.map((other) => chatOf(self, other));
		for (const chat of chats) {
			await user.join(chat);
		}
		await Promise.all(upTo(10).flatMap((n) => chats.map((chat) => user.publish(chat, { event: 'message', text: `${chat} ${n}` }))));
		for (const chat of chats) {
			for (const seq of upTo(10)) {
				const message = await user.next(chat, 'message');
				assert.deepEqual([message.seq, message.text], [seq, `${chat} ${seq}`]);
			}
			assert.equal((await stage.stored(roomOf(chat))).length, 10);
		}
	});
});
