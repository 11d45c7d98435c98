// Brokers are killed at any moment, under clients that do what a careful client does: they connect again, wherever
// haproxy lets them in, send again what was not echoed, and ask for what they have missed.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createChat } from '../../js-client/src/index.js';
import { is } from '../e2e/inbox.js';
import { startProxy } from '../stack/proxy.js';
import { signName } from '../stack/tokens.js';
import { pause, until, within } from '../stack/wait.js';
import { newIds, scale, useNodes } from './stage.js';

const PAIRS = 3;
/** Kills in one conversation; then others begin, so that none becomes so long that a client lets go of its beginning. */
const KILLS = scale(5, 10);
const EVERY = 15;

/** @typedef {ReturnType<typeof enter>} Person */

/** @type {Set<import('../../js-client/src/index.js').Chat>} */
const open = new Set();

/**
 * Somebody with this project's own client, in a chat with one other.
 * @param {import('./stage.js').Nodes} cluster
 * @param {string} id
 * @param {string} peer
 */
function enter(cluster, id, peer) {
	const { host, tcpPort, secrets } = cluster.entrance;
	/** @type {Set<() => void>} */
	const wakers = new Set();
	const environment = {
		visible: () => true,
		onWake(/** @type {() => void} */ wake) {
			wakers.add(wake);
			return () => wakers.delete(wake);
		},
	};
	const chat = createChat({
		url: `mqtt://${host}:${tcpPort}`, id, name: id, token: signName(secrets[0], id, id).password,
	}, { environment });
	open.add(chat);
	const room = chat.with(peer);
	let resets = 0;
	room.on('reset', () => resets++);
	/** @type {Promise<unknown>[]} */
	const sent = [];
	return {
		id, chat, room,
		sent,
		/** Does not wait its time before it connects again: as when a phone is looked at. */
		wake: () => wakers.forEach((wake) => wake()),
		say: () => sent.push(room.send(`${id} says ${sent.length + 1}`).settled),
		resets: () => resets,
		seqs: () => room.messages.map((it) => it.seq),
		close: () => chat.close().then(() => open.delete(chat)),
	};
}

describe('when brokers are killed', () => {
	const cluster = useNodes(3, { balancer: true });
	afterEach(async () => {
		await Promise.all([...open].map((chat) => chat.close()));
		open.clear();
	});

	/** @returns {Promise<Person[]>} everybody, in chats of two */
	async function gather() {
		const people = Array.from({ length: PAIRS }, () => newIds(2)).flatMap(([a, b]) => [enter(cluster, a, b), enter(cluster, b, a)]);
		await within('all to be in their chats', Promise.all(people.map(async (it) => {
			await it.chat.connect();
			await it.room.open();
		})));
		return people;
	}

	/** @param {Person[]} people */
	async function account(people) {
		const all = people.flatMap((it) => it.sent);
		await within('everything that was sent to be echoed', Promise.all(all), 120000);
		const stored = await cluster.postgres.query(`select room, count(*), count(distinct ref), max(seq) from chat.messages
			where user_id in (${people.map((it) => `'${it.id}'`).join()}) group by room`);
		const rows = stored.reduce((sum, [, count]) => sum + Number(count), 0);
		assert.equal(rows, all.length, 'everything is stored, and once');
		for (const [room, count, refs, last] of stored) {
			assert.deepEqual([refs, last], [count, count], `of ${room} nothing is there twice, and no number is left out`);
			for (const who of people.filter((it) => room.split('/').includes(it.id))) {
				const wanted = Array.from({ length: Number(count) }, (_, n) => n + 1);
				await until(`${who.id} to have all ${count} messages, once and in order`, () => who.seqs().join() === wanted.join(), { timeout: 60000 })
					.catch((error) => assert.deepEqual(who.seqs(), wanted, error.message));
				assert.equal(who.resets(), 0);
				await until(`${who.id} to see who else is in the chat`, () => who.room.peer.present);
			}
		}
		return all.length;
	}

	test('what was echoed is at every peer, once and in order', async () => {
		const times = scale(5, 200);
		let messages = 0;
		for (let kills = 0; kills < times;) {
			const people = await gather();
			const talking = setInterval(() => people.forEach((it) => it.say()), EVERY);
			try {
				for (let n = 0; n < KILLS && kills < times; n++, kills++) {
					const before = people.map((it) => it.room.messages.filter((one) => one.seq !== null).length);
					await until('everybody to be echoed something', () => {
						people.forEach((it) => it.chat.state !== 'online' && it.wake());
						return people.every((it, i) => it.room.messages.filter((one) => one.seq !== null).length > before[i]);
					}, { timeout: 60000 });
					await pause(Math.random() * 200);
					const victim = Math.floor(Math.random() * cluster.nodes.length);
					await cluster.kill(victim);
					await cluster.revive(victim);
				}
			} finally {
				clearInterval(talking);
			}
			messages += await account(people);
			await Promise.all(people.map((it) => it.close()));
		}
		console.log(`${times} kills, ${messages} messages: all at both users, once, in order`);
		await cluster.allIn();
	});
});

describe('a broker that ends between its commit and telling the others', () => {
	/** The way of the first one's feed to the database. @type {Awaited<ReturnType<typeof startProxy>>} */
	let proxy;
	const cluster = useNodes(2, {
		async more(stage, n) {
			proxy ??= await startProxy(stage.cluster.port);
			return n === 0 ? { cluster_database: proxy.through(stage.cluster.conninfo) } : {};
		},
	});
	afterEach(() => proxy.close());

	test('has told them by that: they read what is stored, with or without being woken', async () => {
		const { ann, bob, chat, room } = await cluster.couple();
		await ann.say(chat, 'woken');
		await bob.next(chat, is('message', { text: 'woken' }));
		proxy.hush();
		for (let n = 0; n < 5; n++) {
			await ann.publish(chat, { event: 'message', text: `not woken ${n}` });
		}
		await cluster.kill(0);
		const stored = (await cluster.stored(room)).slice(1);
		console.log(`${stored.length} of 5 were stored when it was killed`);
		for (const { seq, text } of stored) {
			const message = await bob.next(chat, 'message');
			assert.deepEqual([message.seq, message.text], [seq, text]);
		}
		await bob.none(chat, 'message');
	});
});
