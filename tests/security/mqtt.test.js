// What the protocol itself offers to an attacker, as far as the end-to-end tests do not show it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectRaw } from '../e2e/raw.js';
import { newIds, useStage } from '../e2e/stage.js';

describe('MQTT', () => {
	const stage = useStage();

	test('topic aliases are names for topics, with the rights of those', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		const [stranger] = newIds(1);
		const own = `chat/${ann.id}/${stranger}`;
		const eve = await connectRaw({ broker: stage.broker, id: stranger, version: 5 });
		const say = (/** @type {string} */ topic, /** @type {number} */ messageId, /** @type {number} */ topicAlias, text = 'x') =>
			eve.send({ cmd: 'publish', topic, messageId, qos: 1, payload: JSON.stringify({ event: 'message', text }), properties: { topicAlias } });
		say(own, 1, 1, 'first');
		assert.equal((await eve.packet('puback')).reasonCode, 0x10);
		// The alias of a topic that is refused, and then the alias alone.
		say(chat, 2, 2);
		assert.equal((await eve.packet('puback')).reasonCode, 0x87);
		say('', 3, 2);
		assert.equal((await eve.packet('puback')).reasonCode, 0x87);
		say('', 4, 1, 'second');
		assert.equal((await eve.packet('puback')).reasonCode, 0x10);
		await ann.say(chat, 'we are alone');
		await bob.next(chat, 'message');
		await ann.none(chat);
		assert.equal((await stage.stored(room)).length, 1);
		assert.deepEqual((await stage.stored(own.slice(5))).map((it) => it.text), ['first', 'second']);
	});

	test('an alias that no topic has ends the connection, and no other', async () => {
		const { ann, bob, chat } = await stage.couple();
		const eve = await connectRaw({ broker: stage.broker, id: ann.id, version: 5 });
		eve.send({ cmd: 'publish', topic: '', messageId: 1, qos: 1, payload: 'x', properties: { topicAlias: 9 } });
		await eve.ended();
		await ann.say(chat, 'still here');
		await bob.next(chat, 'message');
	});

	test('a subscription asks for retained messages in vain, however it asks', async () => {
		const { ann, chat } = await stage.couple();
		await ann.publish(chat, JSON.stringify({ event: 'message', text: 'kept' }), { retain: true });
		await ann.publish(chat, '', { retain: true });
		await ann.say(chat, 'said');
		for (const rh of [0, 1, 2]) {
			for (const rap of [false, true]) {
				const late = await stage.connect({ id: ann.id, version: 5 });
				await late.subscribe(chat, /** @type {any} */ ({ rh, rap }));
				await late.next(chat, 'history');
				await late.next(chat, 'presence_state');
				await late.none(chat);
				await late.end();
			}
		}
	});

	test('a QoS 2 exchange that is begun again, ended again, and done again is one message', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		for (const version of /** @type {(4 | 5)[]} */ ([4, 5])) {
			const eve = await connectRaw({ broker: stage.broker, id: ann.id, version });
			const payload = JSON.stringify({ event: 'message', text: 'once', ref: `replayed ${version}` });
			for (let n = 0; n < 2; n++) {
				eve.send({ cmd: 'publish', topic: chat, messageId: 7, qos: 2, dup: n > 0, payload });
				await eve.packet('pubrec');
			}
			for (let n = 0; n < 3; n++) {
				eve.send({ cmd: 'pubrel', messageId: 7 });
				await eve.packet('pubcomp');
			}
			// And the whole exchange again.
			eve.send({ cmd: 'publish', topic: chat, messageId: 8, qos: 2, dup: true, payload });
			await eve.packet('pubrec');
			eve.send({ cmd: 'pubrel', messageId: 8 });
			await eve.packet('pubcomp');
			await bob.next(chat, 'message');
			eve.destroy();
		}
		await bob.none(chat, 'message');
		assert.equal((await stage.stored(room)).length, 2);
	});

	test('acknowledgements of what was never sent change nothing', async () => {
		const { ann, bob, chat } = await stage.couple();
		const eve = await connectRaw({ broker: stage.broker, id: ann.id });
		assert.ok(await eve.subscribe(chat) <= 2);
		eve.send({ cmd: 'puback', messageId: 999 }, { cmd: 'pubrec', messageId: 999 }, { cmd: 'pubcomp', messageId: 999 });
		await ann.say(chat, 'and on');
		await bob.next(chat, 'message');
		assert.ok(stage.broker.alive());
	});
});
