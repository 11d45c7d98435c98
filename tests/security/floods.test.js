// Who asks for too much gets no more than a bound, and the others notice nothing.

import assert from 'node:assert/strict';
import { connect as connectSocket } from 'node:net';
import { describe, test } from 'node:test';
import { connect, refusalOf } from '../e2e/client.js';
import { connectRaw } from '../e2e/raw.js';
import { chatOf, newIds, useStage } from '../e2e/stage.js';
import { until } from '../stack/wait.js';

/** plugin/core/presence.h */
const CLIENTS_PER_USER_MAX = 100;
const CHATS_PER_CLIENT_MAX = 1000;
/** plugin/core/limiter.h */
const LOGINS_BURST = 1000;

/** Two others who go on as if nothing were. @param {any} couple */
async function goOn({ ann, bob, chat }) {
	await ann.say(chat, 'and on we go');
	await bob.next(chat, 'message');
}

describe('floods', () => {
	const stage = useStage({ options: { rate_limit: 5 }, conf: 'max_connections -1' });

	test('of connections end at a hundred for a user, who may still come back with a client identifier that is open', async () => {
		const couple = await stage.couple();
		const [id] = newIds(1);
		const clients = [];
		for (let n = 0; n < CLIENTS_PER_USER_MAX; n++) {
			clients.push(await stage.connect({ id, clientId: `flood-${n}`, transport: 'tcp' }));
		}
		for (const transport of /** @type {const} */ (['tcp', 'ws'])) {
			assert.equal(await refusalOf({ broker: stage.broker, id, transport }), 5);
		}
		await stage.connect({ id, clientId: 'flood-0', transport: 'tcp' });
		await clients[0].ended();
		await goOn(couple);
	});

	test('of logins are refused after a thousand, and the user is let in again when they end', async () => {
		const couple = await stage.couple();
		const [id] = newIds(1);
		const stays = await stage.connect({ id });
		let accepted = 1;
		/** @type {string[]} */
		const refused = [];
		// Faster than a hundred a second, however slow the machine.
		while (refused.length === 0) {
			assert.ok(accepted < 20 * LOGINS_BURST, `${accepted} logins, and none was refused`);
			const wave = await Promise.all(Array.from({ length: 50 }, () => connectRaw({ broker: stage.broker, id })));
			for (const client of wave) {
				assert.ok([0, 5].includes(client.connack), String(client.connack));
				if (client.connack === 0) {
					accepted++;
					client.send({ cmd: 'disconnect' });
				} else {
					refused.push(client.clientId);
				}
			}
			await Promise.all(wave.map((client) => client.ended()));
		}
		assert.ok(accepted >= LOGINS_BURST, String(accepted));
		const lines = stage.broker.log().split('\n').filter((line) => / chat: .*login refused: this user logs in too often/.test(line));
		assert.deepEqual(refused.map((clientId) => lines.filter((line) => line.includes(`(${clientId})`)).length), refused.map(() => 1));
		await goOn(couple);
		await until('the user to be let in again', async () => {
			const client = await connectRaw({ broker: stage.broker, id });
			return client.connack === 0;
		});
		assert.ok(stays.connected());
		await goOn(couple);
	});

	test('of subscriptions end at a thousand chats for a client, and write one line into the log', async () => {
		const couple = await stage.couple();
		const eve = await stage.connect({ id: 'flood', clientId: 'many chats', version: 5, transport: 'tcp' });
		const topics = Array.from({ length: CHATS_PER_CLIENT_MAX + 500 }, (_, n) => chatOf('flood', `peer-${n}`));
		const codes = [];
		for (let at = 0; at < topics.length; at += 250) {
			codes.push(...await eve.subscribe(topics.slice(at, at + 250)));
		}
		assert.deepEqual([codes.filter((code) => code <= 2).length, codes.filter((code) => code === 0x87).length], [CHATS_PER_CLIENT_MAX, 500]);
		const lines = stage.broker.log().split('\n').filter((line) => / chat: .*many chats.*subscribe refused/.test(line));
		assert.equal(lines.length, 1, lines.slice(0, 3).join('\n'));
		// One goes, and another one fits.
		await eve.unsubscribe(topics[0]);
		assert.ok(await eve.subscribe(topics[CHATS_PER_CLIENT_MAX]) <= 2);
		await goOn(couple);
	});

	test('of filters in one packet are answered one by one, within the limit of the user', async () => {
		const couple = await stage.couple();
		const [id, peer] = newIds(2);
		const eve = await connectRaw({ broker: stage.broker, id });
		const topic = chatOf(id, peer);
		eve.send({ cmd: 'subscribe', messageId: 9, subscriptions: Array.from({ length: 5000 }, () => ({ topic, qos: 0 })) });
		const { granted } = await eve.packet('suback');
		assert.equal(granted.length, 5000);
		await goOn(couple);
		await eve.subscribe(topic);
		const histories = eve.packets.filter((packet) => packet.cmd === 'publish' && packet.payload.includes('"event":"history"'));
		// The burst, and what a slow machine adds to it meanwhile.
		assert.ok(histories.length >= 1 && histories.length < 500, String(histories.length));
	});

	test('of questions are a user\'s, over all clients', async () => {
		const couple = await stage.couple();
		const [id, peer] = newIds(2);
		const chat = chatOf(id, peer);
		const clients = [];
		for (let n = 0; n < 20; n++) {
			clients.push(await stage.connect({ id, transport: n % 2 ? 'ws' : 'tcp' }));
		}
		await Promise.all(clients.map((client) => client.subscribe(chat)));
		await Promise.all(clients.flatMap((client) => Array.from({ length: 20 }, (_, n) => client.publish(chat, { event: 'history', ref: String(n) }))));
		await Promise.all(clients.map((client) => client.fence()));
		const answers = clients.flatMap((client) => client.take(chat));
		const refused = answers.filter((event) => event.event === 'error' && event.code === 'rate_limited');
		const answered = answers.filter((event) => event.event === 'history');
		assert.ok(refused.length > 200, `${refused.length} refused, ${answered.length} answered`);
		assert.ok(refused.every((event) => event.retry_ms >= 1000));
		await goOn(couple);
	});

	test('of connections that say nothing, or half of something, hold nobody up', async () => {
		const couple = await stage.couple();
		const sockets = [];
		for (let n = 0; n < 300; n++) {
			const socket = connectSocket({ host: stage.broker.host, port: n % 2 ? stage.broker.wsPort : stage.broker.tcpPort });
			socket.on('error', () => {});
			// The first half of a CONNECT, of an HTTP request, or nothing.
			socket.write(n % 4 === 0 ? Buffer.from([0x10, 0x7f, 0, 4, 77, 81]) : n % 4 === 1 ? 'GET /mqtt HT' : '');
			sockets.push(socket);
		}
		try {
			await until('the broker to have them', () => stage.broker.log().split('New connection').length > 140);
			await goOn(couple);
			const [id] = newIds(1);
			for (const transport of /** @type {const} */ (['tcp', 'ws'])) {
				const late = await connect({ broker: stage.broker, id, transport });
				await late.enterLobby();
				await late.end();
			}
		} finally {
			sockets.forEach((socket) => socket.destroy());
		}
	});

	test('of nonsense are answered, and nothing more', async () => {
		const couple = await stage.couple();
		const [id, peer] = newIds(2);
		const chat = chatOf(id, peer);
		const eve = await connectRaw({ broker: stage.broker, id });
		await eve.subscribe(chat);
		eve.send(...Array.from({ length: 5000 }, () => ({ cmd: 'publish', topic: chat, qos: 0, payload: '{"event":"nothing"}' })));
		await goOn(couple);
		await eve.subscribe(chat);
		await goOn(couple);
	});
});

describe('floods where the limits are lifted', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('of answers to who does not read them stay with the broker within its bounds', async () => {
		const couple = await stage.couple();
		const [id, peer] = newIds(2);
		const chat = chatOf(id, peer);
		const writer = await stage.connect({ id });
		await writer.join(chat);
		for (let n = 0; n < 8; n++) {
			await writer.say(chat, 'x'.repeat(16000));
		}
		const slow = [];
		for (let n = 0; n < 10; n++) {
			const raw = await connectRaw({ broker: stage.broker, id, version: 5 });
			raw.stopReading();
			slow.push(raw);
		}
		for (let round = 0; round < 40; round++) {
			for (const raw of slow) {
				raw.send({ cmd: 'subscribe', messageId: 1 + round, subscriptions: [{ topic: chat, qos: 1 }] });
			}
			await goOn(couple);
		}
		assert.ok(stage.broker.alive());
		await goOn(couple);
	});
});
