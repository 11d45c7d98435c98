// Promise 5: typing is said sparingly and ends by itself; read marks too, and only while somebody looks.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pause, within } from '../../../tests/stack/wait.js';
import { fastClock } from '../clocks.js';
import { handledLinks } from '../links.js';
import { eventually, fakeEnvironment, newIds, useStage } from '../stage.js';

describe('typing', () => {
	const stage = useStage();

	test('is told once in three seconds, and ends by itself after six', async () => {
		const [a, b] = newIds(2);
		const hand = handledLinks();
		const ann = await stage.inRoom(a, b, {}, hand);
		const bob = await stage.inRoom(b, a);
		await eventually('Ann to see Bob', () => ann.room.peer.present);
		/** @type {boolean[]} */
		const seen = [];
		bob.room.on('typing', (peer) => seen.push(peer.typing));
		for (let n = 0; n < 100; n++) {
			ann.room.typing();
		}
		await eventually('Bob to see it', () => seen.length === 1);
		assert.equal(hand.count('typing'), 1);
		await eventually('it to end', () => seen.length === 2);
		assert.deepEqual(seen, [true, false]);
		assert.ok(hand.count('typing') <= 2);
	});

	test('ends when it is said, and with a message', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		const ann = await stage.inRoom(a, b, {}, { clock: fastClock(20) });
		ann.room.typing();
		await eventually('Bob to see it', () => bob.room.peer.typing);
		ann.room.typing(false);
		await eventually('Bob to see the end', () => !bob.room.peer.typing);
		await pause(200);
		ann.room.typing();
		await eventually('Bob to see it again', () => bob.room.peer.typing);
		ann.room.send('so');
		await eventually('Bob to have the message', () => bob.room.messages.length === 1);
		assert.equal(bob.room.peer.typing, false);
	});
});

describe('a read mark', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('is sent once a second at most, and ends at the last message', async () => {
		const [a, b] = newIds(2);
		const hand = handledLinks();
		const ann = await stage.inRoom(a, b);
		const bob = await stage.inRoom(b, a, {}, hand);
		bob.room.on('message', () => bob.room.markRead());
		const began = performance.now();
		/** One a second, and the first. */
		const most = () => 2 + Math.floor((performance.now() - began) / 1000);
		const sent = Array.from({ length: 50 }, (_, n) => ann.room.send(`text ${n}`));
		await within('all echoes', Promise.all(sent.map((it) => it.settled)));
		await eventually('Ann to see all of it read', () => sent.every((it) => it.status === 'read'));
		assert.ok(hand.count('read') <= most(), `${hand.count('read')} marks of 50 messages`);
		await eventually('nothing to be unread', () => bob.chat.unread.total === 0);
		const before = hand.count('read');
		bob.room.markRead();
		assert.equal(hand.count('read'), before);
	});

	test('waits while nobody looks', async () => {
		const [a, b] = newIds(2);
		const hand = handledLinks();
		const environment = fakeEnvironment();
		const ann = await stage.inRoom(a, b);
		const bob = await stage.inRoom(b, a, {}, { ...hand, environment });
		environment.hide();
		const message = ann.room.send('are you there?');
		await eventually('Bob to have it', () => bob.room.messages.length === 1);
		bob.room.markRead();
		await pause(1500);
		assert.equal(hand.count('read'), 0);
		assert.equal(message.status, 'sent');
		assert.equal(bob.chat.unread.total, 1);
		environment.show();
		await eventually('Ann to see it read', () => message.status === 'read');
		assert.equal(hand.count('read'), 1);
	});

	test('that was lost with its connection is sent again', async () => {
		const [a, b] = newIds(2);
		const hand = handledLinks();
		const ann = await stage.inRoom(a, b);
		const bob = await stage.inRoom(b, a, {}, { ...hand, random: () => 0.1 });
		const message = ann.room.send('read me');
		await eventually('Bob to have it', () => bob.room.messages.length === 1);
		stage.cluster.freeze();
		bob.room.markRead();
		await stage.broker.kill();
		stage.cluster.thaw();
		await stage.restart();
		await eventually('Ann to see it read', () => message.status === 'read');
		assert.ok(hand.count('read') >= 2);
	});

	test('that is said right before the room closes still counts', async () => {
		const [a, b] = newIds(2);
		const ann = await stage.inRoom(a, b);
		const bob = await stage.inRoom(b, a);
		for (const text of ['one', 'two']) {
			const message = ann.room.send(text);
			await eventually('Bob to have it', () => bob.room.messages.at(-1)?.text === text);
			bob.room.markRead();
			await within('the echo', message.settled);
		}
		await bob.room.close();
		await eventually('both to be read', () => ann.room.messages.every((it) => it.status === 'read'));
	});
});
