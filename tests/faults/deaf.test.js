// Readers that never read, and clients that ask for history and never read the answer: others are served as
// before, and what the broker keeps for the deaf ones is bounded by max_queued_bytes for each.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import mqttPacket from 'mqtt-packet';
import { startBroker } from '../stack/broker.js';
import { startCluster } from '../stack/cluster.js';
import { scratchFolder } from '../stack/folder.js';
import { signName } from '../stack/tokens.js';
import { pause, until } from '../stack/wait.js';
import { compare, watch } from './bystander.js';
import { scale } from './scale.js';
import { Talker, audit, endTalkers, line } from './traffic.js';

/** What the example configuration allows to wait for one client, and its messages on the way. */
const BYTES_EACH = 2097152 + 1048576;
const SLACK = 64 << 20;

/**
 * Connects, subscribes, sends what it is given, and never reads a byte.
 * @param {import('../stack/broker.js').Broker} broker
 * @param {string} id
 * @param {string} chat
 * @param {object[]} events
 */
function deaf(broker, id, chat, events) {
	const socket = connectSocket({ host: broker.host, port: broker.tcpPort, noDelay: true });
	socket.on('error', () => {});
	socket.pause();
	const { username, password } = signName(broker.secrets[0], id, id);
	const generate = (/** @type {any} */ packet) => mqttPacket.generate(packet, { protocolVersion: 4 });
	socket.write(Buffer.concat([
		generate({
			cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 0,
			clientId: `deaf-${id}`, username, password: Buffer.from(password),
		}),
		generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: chat, qos: 1 }] }),
		...events.map((event) => generate({ cmd: 'publish', topic: chat, qos: 0, payload: JSON.stringify(event) })),
	]));
	return socket;
}

/** @param {number} pid @returns {number} bytes */
function residentOf(pid) {
	return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

test('clients that never read harm nobody and cost a bounded amount', async () => {
	const dir = scratchFolder('deaf');
	const cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { fsync: 'off' } });
	await cluster.install();
	await cluster.query("insert into chat.messages (room, seq, user_id, opponent_id, text) "
		+ "select 'h/i', n, 'h', 'i', repeat('x', 4000) from generate_series(1, 400) n; "
		+ "insert into chat.conversations (room, last_seq, b_unread, b_waiting, a_last_seq, a_last_at) values ('h/i', 400, 400, true, 400, now())");
	const broker = await startBroker({ dir: join(dir, 'broker'), conninfo: cluster.conninfo, options: { rate_limit: 0 } });
	const sockets = [];
	try {
		const talkers = ['1', '2'].map((id) => new Talker({ broker: () => broker, id, chat: 'chat/1/2', tag: `t${id}`, every: 2 }));
		await until('the talkers to be echoed', () => talkers.every((it) => [...it.sent.values()].some((sent) => sent.echoes > 0)));
		let calm = true;
		const without = watch(broker, 'watcher', () => !calm);
		await pause(2000);
		calm = false;
		const samples = await without;
		const before = residentOf(broker.pid);
		const readers = scale(50, 200);
		const askers = scale(25, 100);
		for (let i = 0; i < readers; i++) {
			// 100 clients a user at most.
			sockets.push(deaf(broker, i % 2 === 0 ? '1' : '2', 'chat/1/2', []));
		}
		for (let i = 0; i < askers; i++) {
			sockets.push(deaf(broker, i % 2 === 0 ? 'h' : 'i', 'chat/h/i',
				Array.from({ length: 60 }, () => ({ event: 'history', limit: 200 }))));
		}
		let deafened = true;
		const during = watch(broker, 'watcher', () => !deafened);
		await pause(scale(4000, 20000));
		deafened = false;
		const disturbed = await during;
		const grown = residentOf(broker.pid) - before;
		for (const talker of talkers) {
			talker.limit = 0;
		}
		await until('all messages to be echoed', () => talkers.every((it) => [...it.sent.values()].every((sent) => sent.echoes > 0)), { timeout: 60000 });
		await Promise.all(talkers.map((it) => it.stop()));
		const figures = await audit(cluster, talkers);
		const bound = (readers + askers) * BYTES_EACH + SLACK;
		line('deaf', {
			readers, askers, ...compare(samples, disturbed), lost: figures.lost,
			grown_MiB: (grown / 1048576).toFixed(1), bound_MiB: (bound / 1048576).toFixed(0),
		});
		assert.equal(figures.lost, 0);
		assert.equal(figures.inversions, 0);
		assert.ok(grown < bound, `grew by ${grown} bytes`);
	} finally {
		await endTalkers();
		for (const socket of sockets) {
			socket.destroy();
		}
		await broker.stop();
		await cluster.stop('immediate');
	}
});
