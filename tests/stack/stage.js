// The scene of a test file: one cluster, one broker, and people with ids that nobody had before.

import { after, afterEach, before } from 'node:test';
import { join } from 'node:path';
import { startBroker } from './broker.js';
import { startCluster } from './cluster.js';
import { scratchFolder } from './folder.js';

/** Tests need no durability; what they see of Postgres is the same without. */
const SETTINGS = { fsync: 'off', shared_buffers: '16MB', max_connections: 30, log_min_messages: 'fatal' };

/** Nobody listens on the discard port. */
const NO_DATABASE = 'host=127.0.0.1 port=9 dbname=chat user=chat_plugin';

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
	const inOrder = one.length === other.length ? Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0 : one.length < other.length;
	return inOrder ? `chat/${one}/${other}` : `chat/${other}/${one}`;
}

/** @param {string} chat */
export function roomOf(chat) {
	return chat.slice('chat/'.length);
}

/**
 * @typedef {import('./broker.js').Broker} Broker
 *
 * @typedef {object} StageOptions
 * @property {Record<string, string | number | boolean>} [options] the plugin's
 * @property {string[]} [secrets]
 * @property {string} [conf]
 * @property {boolean} [database] false: a broker that never finds one
 * @property {Record<string, string | number>} [settings] more of PostgreSQL's
 * @property {boolean} [broker] false: none, until a test asks for `another`
 * @property {(dir: string) => string | Promise<string>} [prepare] more conf lines, from files it writes
 *
 * @typedef {object} People the kind of clients that a test's people have
 * @property {(broker: Broker) => Promise<void>} meets resolves when broker and database have met
 * @property {() => unknown} leave ends all clients
 *
 * @typedef {Partial<import('./broker.js').BrokerOptions> & { conf?: string, meets?: boolean }} More
 */

/**
 * Sets the scene before the tests of the surrounding `describe`, and clears it afterwards.
 * @param {StageOptions} given
 * @param {People} people
 */
export function setStage({ options = {}, secrets, conf = '', database = true, broker: wanted = true, settings, prepare }, people) {
	/** @type {import('./cluster.js').Cluster} */
	let cluster;
	/** @type {Broker} */
	let broker;
	/** @type {Broker[]} */
	const brokers = [];
	/** @type {string} */
	let dir;

	before(async () => {
		dir = scratchFolder('stage');
		if (database) {
			cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { ...SETTINGS, ...settings } });
			await cluster.install();
		}
		if (wanted) {
			broker = await stage.another({ options, secrets, conf });
		}
	});
	afterEach(people.leave);
	after(async () => {
		await people.leave();
		// The brokers first: they have nothing to wait for then.
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
		/** Where browsers reach the broker. */
		get url() {
			return `ws://127.0.0.1:${broker.wsPort}/mqtt`;
		},

		/**
		 * One more broker, on the same database. It starts without waiting for that, but a test does not.
		 * @param {More} [more]
		 */
		async another({ conf: lines = '', meets = database, ...more } = {}) {
			const folder = join(dir, `broker-${brokers.length + 1}`);
			const prepared = prepare ? await prepare(dir) : '';
			const it = await startBroker({
				dir: folder, conninfo: cluster?.conninfo ?? NO_DATABASE, ...more, conf: `${prepared}\n${lines}`,
			});
			brokers.push(it);
			if (meets) {
				await people.meets(it);
			}
			return it;
		},

		/** The broker once more, after its end: on its old ports. */
		async restart() {
			const { tcpPort, wsPort } = broker;
			broker = await stage.another({ options, secrets, conf, meets: false, tcpPort, wsPort });
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
