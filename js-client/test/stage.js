// The scene of a test file: a cluster, a broker, and people who use this package.

import { after, afterEach, before } from 'node:test';
import { join } from 'node:path';
import { startBroker } from '../../tests/stack/broker.js';
import { startCluster } from '../../tests/stack/cluster.js';
import { scratchFolder } from '../../tests/stack/folder.js';
import { signJwt, signName } from '../../tests/stack/tokens.js';
import { until, within } from '../../tests/stack/wait.js';
import { createChat } from '../src/chat.js';

/** Tests need no durability; what they see of Postgres is the same without. */
const SETTINGS = { fsync: 'off', shared_buffers: '16MB', max_connections: 30, log_min_messages: 'fatal' };

let lastId = 5000;

/** @param {number} n */
export function newIds(n) {
	return Array.from({ length: n }, () => String(++lastId));
}

/** Somebody may be looking, or not. */
export function fakeEnvironment() {
	/** @type {Set<() => void>} */
	const listeners = new Set();
	let visible = true;
	return {
		visible: () => visible,
		onWake(/** @type {() => void} */ listener) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		hide() {
			visible = false;
		},
		show() {
			visible = true;
			listeners.forEach((listener) => listener());
		},
	};
}

/**
 * @param {object} [given]
 * @param {Record<string, string | number | boolean>} [given.options] the plugin's
 * @param {string} [given.conf]
 */
export function useStage({ options = {}, conf = '' } = {}) {
	/** @type {import('../../tests/stack/cluster.js').Cluster} */
	let cluster;
	/** @type {import('../../tests/stack/broker.js').Broker} */
	let broker;
	/** @type {string} */
	let dir;
	let brokers = 0;
	/** @type {Set<import('../src/api.js').Chat>} */
	const chats = new Set();

	async function launch(ports = {}) {
		broker = await startBroker({ dir: join(dir, `broker-${++brokers}`), conninfo: cluster.conninfo, options, conf, ...ports });
	}
	before(async () => {
		dir = scratchFolder('client');
		cluster = await startCluster({ dir: join(dir, 'postgres'), settings: SETTINGS });
		await cluster.install();
		await launch();
	});
	afterEach(async () => {
		await within('all chats to close', Promise.all([...chats].map((chat) => chat.close())));
		chats.clear();
	});
	after(async () => {
		if (broker.alive()) {
			await broker.stop();
		}
		cluster.thaw();
		await cluster.stop('immediate');
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
		get url() {
			return `ws://127.0.0.1:${broker.wsPort}/mqtt`;
		},
		/** The same one, after its end. */
		restart: () => launch({ tcpPort: broker.tcpPort, wsPort: broker.wsPort }),

		/** @param {string} id @param {string} [name] */
		signature: (id, name = '') => signName(broker.secrets[0], id, name).password,
		/** @param {string} id @param {number} [seconds] @param {object} [claims] */
		jwt(id, seconds = 3600, claims = {}) {
			const now = Math.floor(Date.now() / 1000);
			return signJwt(broker.secrets[0], { sub: id, name: `Name of ${id}`, iat: now, exp: now + seconds, ...claims });
		},

		/**
		 * @param {string} id
		 * @param {Partial<import('../src/api.js').ChatOptions>} [given_]
		 * @param {import('../src/chat.js').Surroundings} [surroundings]
		 */
		chat(id, given_ = {}, surroundings = {}) {
			const chat = createChat({ url: stage.url, token: stage.jwt(id), ...given_ }, surroundings);
			chats.add(chat);
			return chat;
		},

		/**
		 * @param {string} id
		 * @param {Partial<import('../src/api.js').ChatOptions>} [given_]
		 * @param {import('../src/chat.js').Surroundings} [surroundings]
		 */
		async online(id, given_, surroundings) {
			const chat = stage.chat(id, given_, surroundings);
			await within(`${id} to connect`, chat.connect());
			return chat;
		},

		/**
		 * @param {string} id
		 * @param {string} peer
		 * @param {Partial<import('../src/api.js').ChatOptions>} [given_]
		 * @param {import('../src/chat.js').Surroundings} [surroundings]
		 */
		async inRoom(id, peer, given_, surroundings) {
			const chat = await stage.online(id, given_, surroundings);
			const room = chat.with(peer);
			await within(`${id} to open the chat with ${peer}`, room.open());
			return { chat, room, id };
		},

		/** Two people in their chat. */
		async couple() {
			const [a, b] = newIds(2);
			const ann = await stage.inRoom(a, b);
			const bob = await stage.inRoom(b, a);
			return { ann, bob };
		},

		/**
		 * Puts messages into a chat without anybody sending them.
		 * @param {string} a the smaller id, who sends them
		 * @param {string} b
		 * @param {number} count
		 */
		async insert(a, b, count) {
			const sender = await stage.inRoom(a, b, {}, {});
			const sent = Array.from({ length: count }, (_, n) => sender.room.send(`text ${n + 1}`));
			await within(`${count} messages to be stored`, Promise.all(sent.map((it) => it.settled)), 60000);
			await sender.chat.close();
		},

		/** @param {string} a @param {string} b */
		async stored(a, b) {
			const rows = await cluster.query(`select seq, user_id, text, ref from chat.messages where room = '${a}/${b}' order by seq`);
			return rows.map(([seq, user_id, text, ref]) => ({ seq: Number(seq), user_id, text, ref }));
		},
	};
	return stage;
}

/**
 * @param {string} what
 * @param {() => unknown} check
 * @param {number} [timeout]
 */
export function eventually(what, check, timeout = 20000) {
	return until(what, check, { timeout });
}

/** @typedef {ReturnType<typeof useStage>} Stage */
