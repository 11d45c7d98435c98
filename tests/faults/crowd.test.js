// A crowd comes, chats and goes in every way there is, again and again: the next time takes no more memory than the
// one before, and nobody stays in the books.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import mqttPacket from 'mqtt-packet';
import { PLUGIN, startBroker } from '../stack/broker.js';
import { startCluster } from '../stack/cluster.js';
import { scratchFolder } from '../stack/folder.js';
import { isSanitized } from '../stack/sanitizer.js';
import { signName } from '../stack/tokens.js';
import { pause, until, within } from '../stack/wait.js';
import { scale } from './scale.js';
import { line } from './traffic.js';

const AT_ONCE = 50;
/** What leaks, leaks each time; where all is slow more may wait at once than before, and take memory once. */
const ROUNDS = 7;
const GROWTH = 1024;

/**
 * One user's visit.
 * @param {import('../stack/broker.js').Broker} broker
 * @param {number} n
 */
async function visit(broker, n) {
	const [id, peer] = n % 2 === 0 ? [`u${n}`, `u${n + 1}`] : [`u${n}`, `u${n - 1}`];
	const [a, b] = id.length < peer.length || (id.length === peer.length && id < peer) ? [id, peer] : [peer, id];
	const chat = `chat/${a}/${b}`;
	const version = n % 3 === 0 ? 5 : 4;
	const socket = connectSocket({ host: broker.host, port: broker.tcpPort, noDelay: true });
	const parser = mqttPacket.parser({ protocolVersion: version });
	const write = (/** @type {any[]} */ ...packets) =>
		socket.write(Buffer.concat(packets.map((it) => mqttPacket.generate(it, { protocolVersion: version }))));
	socket.on('data', (chunk) => parser.parse(chunk));
	socket.on('error', () => {});
	const closed = new Promise((resolve) => {
		socket.once('close', resolve);
	});
	const echoed = new Promise((resolve) => {
		parser.on('packet', (/** @type {any} */ packet) => {
			if (packet.cmd === 'publish' && packet.qos === 1) {
				write({ cmd: 'puback', messageId: packet.messageId });
			}
			if (packet.cmd === 'publish' && JSON.parse(packet.payload.toString()).event === 'message') {
				resolve(undefined);
			}
		});
	});
	const { username, password } = signName(broker.secrets[0], id, `User ${n}`);
	write(
		{
			cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clean: true, keepalive: 60,
			clientId: `crowd-${n}`, username, password: Buffer.from(password),
			...(n % 5 === 0 ? { will: { topic: chat, payload: Buffer.from('{"event":"message","text":"boo"}'), qos: 1, retain: false } } : {}),
		},
		{ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `user/${id}`, qos: 1 }, { topic: chat, qos: 1 }] },
		{ cmd: 'publish', topic: chat, qos: 1, messageId: 2, payload: JSON.stringify({ event: 'message', text: 'hello', ref: `r${n}` }) },
		{ cmd: 'publish', topic: chat, qos: 0, payload: JSON.stringify({ event: 'typing' }) },
		{ cmd: 'publish', topic: chat, qos: 1, messageId: 3, payload: JSON.stringify({ event: 'read', seq: 1 }) },
		{ cmd: 'publish', topic: chat, qos: 1, messageId: 4, payload: JSON.stringify({ event: 'history', before: 5 }) },
	);
	await within(`the echo for user ${n}`, Promise.race([echoed, closed]), 60000);
	switch (n % 4) {
	case 0:
		write({ cmd: 'unsubscribe', messageId: 5, unsubscriptions: [chat] });
		write({ cmd: 'disconnect' });
		socket.end();
		break;
	case 1:
		socket.destroy();
		break;
	case 2:
		socket.resetAndDestroy?.();
		socket.destroy();
		break;
	default: {
		// Somebody with the same client id takes over; and that one just goes.
		const second = connectSocket({ host: broker.host, port: broker.tcpPort });
		second.on('error', () => {});
		second.write(mqttPacket.generate({
			cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60,
			clientId: `crowd-${n}`, username, password: Buffer.from(password),
		}));
		await within(`user ${n} to be taken over`, closed, 60000);
		second.destroy();
	}
	}
	socket.destroy();
	await closed;
}

/** @param {number} pid @returns {number} KiB */
function residentOf(pid) {
	return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

test('a crowd that came and went leaves nothing behind', async () => {
	const dir = scratchFolder('crowd');
	const cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { fsync: 'off' } });
	await cluster.install();
	const broker = await startBroker({ dir: join(dir, 'broker'), conninfo: cluster.conninfo, options: { rate_limit: 0 } });
	const users = scale(2000, 25000);
	/** @type {number[]} */
	const sizes = [];
	// The address sanitizer keeps what was freed, and looks for leaks by itself.
	const grows = () => !isSanitized(PLUGIN) && sizes[sizes.length - 1] - sizes[sizes.length - 2] >= GROWTH;
	try {
		for (let round = 0; round < 3 || (grows() && round < ROUNDS); round++) {
			let next = 0;
			await Promise.all(Array.from({ length: AT_ONCE }, async () => {
				while (next < users) {
					await visit(broker, next++);
				}
			}));
			await pause(3000);
			sizes.push(residentOf(broker.pid));
		}
	} finally {
		await broker.stop();
		await cluster.stop('immediate');
	}
	const left = /in the books: (.*)/.exec(broker.log())?.[1];
	line('crowd', { users, resident_KiB: sizes.join(' / '), left });
	assert.equal(left, '0 clients, 0 users, 0 rooms');
	assert.ok(!grows(), `it grew each time, in KiB: ${sizes.join(' / ')}`);
	await until('the broker to be gone', () => !broker.alive());
});
