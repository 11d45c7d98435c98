// A client that does not read: it loses what the broker cannot keep for it, sees that, and asks.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { is } from './inbox.js';
import { connectRaw } from './raw.js';
import { useStage } from './stage.js';

const MESSAGES = 2000;

/** With this much text for each, no buffer on the way holds them all. */
const TEXT = 'x'.repeat(8000);

/** @param {any} packet */
const read = (packet) => JSON.parse(packet.payload.toString());

describe('a client that does not read', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	for (const version of /** @type {(4 | 5)[]} */ ([4, 5])) {
		test(`holds up nobody, and finds everything afterwards, with MQTT ${version === 5 ? '5' : '3.1.1'}`, async () => {
			const { ann, bob, chat } = await stage.couple({ transport: 'tcp' });
			const lazy = await connectRaw({ broker: stage.broker, id: bob.id, version });
			await lazy.subscribe(chat);
			await lazy.packet('publish', (it) => read(it).event === 'history');
			lazy.stopReading();
			// In portions, so that who does read loses nothing.
			for (let from = 1; from <= MESSAGES; from += 50) {
				for (let seq = from; seq < from + 50; seq++) {
					ann.mqtt.publish(chat, JSON.stringify({ event: 'message', text: `${seq} ${TEXT}` }));
				}
				for (let seq = from; seq < from + 50; seq++) {
					assert.equal((await bob.next(chat, 'message')).seq, seq);
				}
			}
			lazy.readOn();

			// What came live is ascending, with jumps; pages fill them. An answer may be lost like a
			// message, while the queue is still full, so it is asked for again.
			for (let last = 0, attempts = 100; last < MESSAGES; attempts--) {
				assert.ok(attempts > 0, `no answer about what came after ${last}`);
				const ref = `after ${last}, ${attempts}`;
				lazy.send({ cmd: 'publish', topic: chat, qos: 0, payload: JSON.stringify({ event: 'history', after: last, ref }) });
				const answer = await lazy.packet('publish', (it) => read(it).ref === ref, { timeout: 2000 }).catch(() => null);
				for (const message of answer ? read(answer).messages : []) {
					assert.equal(message.seq, last + 1);
					assert.equal(message.text, `${message.seq} ${TEXT}`);
					last = message.seq;
				}
			}
			const seen = lazy.packets.filter((it) => it.cmd === 'publish').map(read)
				.filter((it) => it.event === 'message').map((it) => it.seq);
			assert.deepEqual(seen, [...new Set(seen)].sort((a, b) => a - b));
			assert.ok(seen.length < MESSAGES, 'the test is none: nothing was lost');
			assert.equal((await ann.say(chat, 'and on')).seq, MESSAGES + 1);
			await bob.next(chat, is('message', { text: 'and on' }));
		});
	}

	test('and asks without end does not take the others down', async () => {
		const { ann, bob, chat } = await stage.couple({ transport: 'tcp' });
		for (let seq = 1; seq <= 40; seq++) {
			await ann.publish(chat, { event: 'message', text: TEXT });
		}
		await bob.next(chat, is('message', { seq: 40 }));
		const lazy = await connectRaw({ broker: stage.broker, id: bob.id });
		await lazy.subscribe(chat);
		lazy.stopReading();
		for (let round = 0; round < 20; round++) {
			lazy.send(...Array.from({ length: 100 }, (_, n) => ({
				cmd: 'publish', topic: chat, qos: 0, payload: JSON.stringify({ event: 'history', limit: 200, ref: `${round} ${n}` }),
			})));
			await ann.say(chat, `round ${round}`);
		}
		lazy.destroy();
		assert.equal((await bob.next(chat, is('message', { text: 'round 19' }))).seq, 60);
		assert.ok(stage.broker.alive());
	});
});
