// The application posts and edits by SQL, and the broker that carries that out is killed, again and again.
// Whatever the moment, each request is carried out once, in its order, and everybody sees what came of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { connect, endClients } from '../e2e/client.js';
import { startBroker } from '../stack/broker.js';
import { startCluster } from '../stack/cluster.js';
import { scratchFolder } from '../stack/folder.js';
import { pause, until } from '../stack/wait.js';
import { scale } from './scale.js';
import { line } from './traffic.js';

/** Somebody in a chat who comes back whenever the broker does, and asks for what they have missed. */
class Listener {
	/** @param {{ broker: () => import('../stack/broker.js').Broker, id: string, chat: string }} who */
	constructor({ broker, id, chat }) {
		Object.assign(this, { broker, id, chat });
		/** @type {Map<number, string>} text by seq, as it was first told */
		this.texts = new Map();
		this.live = 0;
		this.twice = 0;
		this.connections = 0;
		this.listening = true;
		this.done = this.#live();
	}

	async stop() {
		this.listening = false;
		await this.done;
	}

	async #live() {
		while (this.listening) {
			await this.#connection().catch(() => {});
			await pause(20);
		}
	}

	async #connection() {
		const client = await connect({ broker: this.broker(), id: this.id, transport: 'tcp' });
		this.connections++;
		await client.subscribe(this.chat);
		const told = new Set();
		let asked = -1;
		while (this.listening && client.connected()) {
			for (const event of client.take(this.chat)) {
				if (event.event === 'message') {
					this.twice += Number(told.has(event.seq));
					this.live += Number(!this.texts.has(event.seq));
					told.add(event.seq);
					this.#note([event]);
				} else if (event.event === 'history') {
					this.#note(event.messages);
				}
			}
			const upto = this.#complete();
			if (this.texts.size > upto && asked !== upto) {
				asked = upto;
				await client.publish(this.chat, { event: 'history', after: upto, limit: 200 });
			}
			await pause(10);
		}
		await client.destroy();
	}

	/** @param {any[]} messages */
	#note(messages) {
		for (const { seq, text } of messages) {
			if (!this.texts.has(seq)) {
				this.texts.set(seq, text);
			}
		}
	}

	/** The last seq up to which nothing is missing. */
	#complete() {
		let seq = 0;
		while (this.texts.has(seq + 1)) {
			seq++;
		}
		return seq;
	}

	/** @param {number} count */
	has(count) {
		return this.#complete() === count;
	}
}

test('what the application has asked for is carried out once, whenever the broker is killed', async () => {
	const dir = scratchFolder('post-kill');
	const cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { fsync: 'off' } });
	await cluster.install();
	let life = 0;
	/** @param {Partial<import('../stack/broker.js').BrokerOptions>} [ports] */
	const live = (ports) => startBroker({ dir: join(dir, `broker-${++life}`), conninfo: cluster.conninfo, options: { rate_limit: 0 }, ...ports });
	let broker = await live();
	const { tcpPort, wsPort, secrets } = broker;
	const PAIRS = 3;
	const listeners = Array.from({ length: 2 * PAIRS }, (_, i) => new Listener({
		broker: () => broker, id: `${i >> 1}${'ab'[i & 1]}`, chat: `chat/${i >> 1}a/${i >> 1}b`,
	}));
	let posts = 0;
	let edits = 0;
	let posting = true;
	/** Posts a message to each chat, and edits the first message of each; some of it in transactions that are undone. */
	async function post() {
		while (posting) {
			posts++;
			const pairs = Array.from({ length: PAIRS }, (_, i) => i);
			const wanted = pairs.map((i) => `select chat.post('${i}a', '${i}b', 'post ${posts}')`);
			if (posts > 1 && posts % 3 === 0) {
				edits++;
				wanted.push(...pairs.map((i) => `select chat.edit('${i}a', '${i}b', 1, 'edit ${edits}')`));
			}
			const undone = posts % 5 === 0 ? "begin; select chat.post('0a', '0b', 'undone'); rollback; " : '';
			await cluster.query(`${undone}begin; ${wanted.join('; ')}; commit`);
		}
	}
	const poster = post();
	try {
		const times = scale(8, 200);
		for (let i = 0; i < times; i++) {
			const before = listeners.reduce((sum, it) => sum + it.live, 0);
			await until('posts to be heard', () => listeners.reduce((sum, it) => sum + it.live, 0) > before + 20, { every: 3 });
			await pause(Math.random() * 30);
			await broker.kill();
			broker = await live({ tcpPort, wsPort, secrets });
		}
		posting = false;
		await poster;
		await until('all requests to be carried out', async () => (await cluster.query('select count(*) from chat.requests'))[0][0] === '0');
		const rows = await cluster.query(
			"select room, count(*), count(distinct text), count(*) filter (where seq > 1 and text <> 'post ' || seq), max(seq) from chat.messages group by room order by room");
		assert.deepEqual(rows, Array.from({ length: PAIRS }, (_, i) => [`${i}a/${i}b`, String(posts), String(posts), '0', String(posts)]));
		assert.deepEqual(await cluster.query("select distinct c.last_change, m.change, m.text from chat.conversations c join chat.messages m using (room) where m.seq = 1"),
			[[String(edits), String(edits), `edit ${edits}`]]);
		for (const listener of listeners) {
			await until(`${listener.id} to know all`, () => listener.has(posts));
		}
		await Promise.all(listeners.map((it) => it.stop()));
		const sum = (/** @type {'live' | 'twice' | 'connections'} */ name) => listeners.reduce((all, it) => all + it[name], 0);
		line('broker killed between posts', { times, posts: posts * PAIRS, edits: edits * PAIRS, live: sum('live'), twice: sum('twice'), connections: sum('connections') });
		assert.equal(sum('twice'), 0);
	} finally {
		posting = false;
		await poster.catch(() => {});
		await Promise.all(listeners.map((it) => it.stop()));
		await endClients();
		await broker.stop();
		await cluster.stop('immediate');
	}
});
