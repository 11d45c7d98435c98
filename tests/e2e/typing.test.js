// Typing: passed on to who is in the chat, and nothing more.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WAYS, wayName } from './client.js';
import { useStage } from './stage.js';

describe('typing', () => {
	const stage = useStage();

	for (const way of WAYS) {
		test(`is passed on to the chat by ${wayName(way)}`, async () => {
			const { ann, bob, chat } = await stage.couple(way);
			for (const [event, on] of /** @type {[object, boolean][]} */ ([
				[{ event: 'typing' }, true], [{ event: 'typing', on: false }, false], [{ event: 'typing', on: true }, true],
			])) {
				await ann.publish(chat, event);
				for (const client of [ann, bob]) {
					assert.deepEqual(await client.next(chat, 'typing'), { event: 'typing', user_id: ann.id, on });
				}
			}
			await bob.none(chat, 'typing');
		});
	}

	for (const qos of /** @type {(0 | 2)[]} */ ([0, 2])) {
		test(`may be published with QoS ${qos}`, async () => {
			const { ann, bob, chat } = await stage.couple();
			await ann.publish(chat, { event: 'typing' }, { qos });
			assert.equal((await bob.next(chat, 'typing')).user_id, ann.id);
		});
	}

	test('reaches the other devices in the chat', async () => {
		const { ann, bob, chat } = await stage.couple();
		const devices = [];
		for (const id of [ann.id, bob.id]) {
			const device = await stage.connect({ id });
			await device.join(chat);
			devices.push(device);
		}
		await ann.publish(chat, { event: 'typing' });
		for (const device of devices) {
			assert.equal((await device.next(chat, 'typing')).user_id, ann.id);
			await device.none(chat, 'typing');
		}
	});

	test('may come from outside the chat', async () => {
		const { ann, bob, chat } = await stage.couple();
		const outside = await stage.connect({ id: ann.id });
		await outside.publish(chat, { event: 'typing' });
		assert.equal((await bob.next(chat, 'typing')).user_id, ann.id);
		await outside.none(null);
	});

	test('reaches no lobby', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.unsubscribe(chat);
		await bob.enterLobby();
		await ann.publish(chat, { event: 'typing' });
		await ann.next(chat, 'typing');
		await bob.none(null, 'typing');
		await bob.none(`user/${bob.id}`);
	});

	test('is never stored', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		await ann.publish(chat, { event: 'typing' });
		await bob.next(chat, 'typing');
		assert.equal((await ann.say(chat, 'written')).seq, 1);
		assert.equal((await stage.stored(room)).length, 1);
		const late = await stage.connect({ id: bob.id });
		assert.equal((await late.join(chat)).history.messages.length, 1);
		await late.none(chat, 'typing');
	});
});
