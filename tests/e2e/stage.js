// The scene of a test file: one cluster, one broker, and people with ids that nobody had before.

import { after, afterEach, before } from 'node:test';
import { join } from 'node:path';
import { startBroker } from '../stack/broker.js';
import { startCluster } from '../stack/cluster.js';
import { scratchFolder } from '../stack/folder.js';
import { connect, endClients } from './client.js';
import { endRaw } from './raw.js';

/** Tests need no durability; what they see of Postgres is the same without. */
const SETTINGS = { fsync: 'off', shared_buffers: '16MB', max_connections: 30, log_min_messages: 'fatal' };

let lastId = 1000;

/**
 * Ids in the order in which a chat's topic has them.
 * @param {number} n
 * @returns {string[]}
 */
export function newIds(n) {
	return Array.from({ length: n }, () => String(++lastId));
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {string} the topic of their chat
 */
export function chatOf(one, other) {
	const before_ = one.length === other.length ? Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0 : one.length < other.length;
	return before_ ? `chat/${one}/${other}` : `chat/${other}/${one}`;
}

/** @param {string} chat */
export function roomOf(chat) {
	return chat.slice('chat/'.length);
}

/**
 * @typedef {object} StageOptions
 * @property {Record<string, string | number | boolean>} [options] the plugin's
 * @property {string[]} [secrets]
 * @property {string} [conf]
 * @property {boolean} [database] false: a broker that never finds one
 * @property {(dir: string) => string | Promise<string>} [prepare] more conf lines, from files it writes
 */

/**
 * Sets the scene before the tests of the surrounding `describe`, and clears it afterwards.
 * @param {StageOptions} [given]
 */
export function useStage({ options = {}, secrets, conf = '', database = true, prepare } = {}) {
	/** @type {import('../stack/cluster.js').Cluster} */
	let cluster;
	/** @type {import('../stack/broker.js').Broker} */
	let broker;
	/** @type {import('../stack/broker.js').Broker[]} */
	const brokers = [];
	/** @type {string} */
	let dir;

	before(async () => {
		dir = scratchFolder('e2e');
		if (database) {
			cluster = await startCluster({ dir: join(dir, 'postgres'), settings: SETTINGS });
			await cluster.install();
		}
		broker = await stage.another({ options, secrets, conf });
	});
	afterEach(async () => {
		endRaw();
		await endClients();
	});
	after(async () => {
		await endClients();
		// The broker first: it has nothing to wait for then.
		for (const it of brokers) {
			if (it.alive()) {
				await it.stop();
			}
		}
		if (cluster?.alive()) {
			cluster.thaw();
			await cluster.stop('immediate');
		}
	});

	const stage = {
		get dir() {
			return dir;
		},
		get cluster() {
			return cluster;
		},
		get broker() {
			return broker;
		},

		/**
		 * One more broker, on the same database. It starts without waiting for that, but a test does
		 * not: what a lobby is owed says that the two have met.
		 * @param {Partial<import('../stack/broker.js').BrokerOptions> & { conf?: string, meets?: boolean }} [more]
		 */
		async another({ conf: lines = '', meets = database, ...more } = {}) {
			const folder = join(dir, `broker-${brokers.length + 1}`);
			const prepared = prepare ? await prepare(dir) : '';
			const it = await startBroker({
				dir: folder,
				// Nobody listens on the discard port.
				conninfo: cluster?.conninfo ?? 'host=127.0.0.1 port=9 dbname=chat user=chat_plugin',
				...more,
				conf: `${prepared}\n${lines}`,
			});
			brokers.push(it);
			if (meets) {
				const probe = await connect({ broker: it, id: 'probe', transport: 'tcp' });
				await probe.enterLobby();
				await probe.end();
			}
			return it;
		},

		/** @param {Partial<import('./client.js').ConnectOptions>} who */
		connect(who) {
			return connect({ broker, ...who });
		},

		/**
		 * Two people, connected, both in their chat.
		 * @param {Partial<import('./client.js').ConnectOptions>} [both]
		 */
		async couple(both = {}) {
			const [first, second] = newIds(2);
			const chat = chatOf(first, second);
			const ann = await stage.connect({ id: first, name: 'Ann', version: 4, transport: 'ws', ...both });
			const bob = await stage.connect({ id: second, name: 'Bob', version: 5, transport: 'tcp', ...both });
			await ann.join(chat);
			await bob.join(chat);
			await ann.next(chat, (event) => event.event === 'presence_diff' && second in event.joins);
			await bob.next(chat, 'presence_diff');
			ann.take(chat, 'presence_diff');
			return { ann, bob, chat, room: roomOf(chat) };
		},

		/**
		 * The stored messages of a room, oldest first.
		 * @param {string} room
		 */
		async stored(room) {
			const rows = await cluster.query(
				`select seq, user_id, opponent_id, text, is_delivered, ref from chat.messages where room = '${room}' order by seq`);
			return rows.map(([seq, user_id, opponent_id, text, is_delivered, ref]) =>
				({ seq: Number(seq), user_id, opponent_id, text, is_delivered: is_delivered === 't', ref }));
		},
	};
	return stage;
}

/** @typedef {ReturnType<typeof useStage>} Stage */
