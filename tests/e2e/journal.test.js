// With a journal, what a client has a PUBACK for outlives the broker.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { StartError } from '../stack/broker.js';
import { makeFolder, serviceUser } from '../stack/users.js';
import { pause, until } from '../stack/wait.js';
import { useStage } from './stage.js';

/** Postgres is tried again after 5 s at the latest. */
const PATIENCE = { timeout: 60000 };

/** @param {number} n */
const upTo = (n) => Array.from({ length: n }, (_, index) => index + 1);

describe('with a journal', () => {
	const stage = useStage();
	let journals = 0;
	afterEach(async () => {
		stage.cluster.thaw();
		if (!stage.cluster.alive()) {
			await stage.cluster.start();
		}
	});

	/** The options of a broker with a journal of its own. */
	function options(more = {}) {
		const parent = join(stage.dir, `journals-${++journals}`);
		makeFolder(serviceUser('mosquitto'), parent);
		return { rate_limit: 0, journal: join(parent, 'journal'), ...more };
	}

	/**
	 * @param {any} client
	 * @param {string} chat
	 * @param {number[]} numbers
	 */
	const send = (client, chat, numbers) =>
		Promise.all(numbers.map((n) => client.publish(chat, { event: 'message', text: String(n) })));

	/**
	 * @param {string} room
	 * @param {number} count
	 */
	async function allStored(room, count) {
		await until('all to be stored', async () => (await stage.stored(room)).length >= count, PATIENCE);
		assert.deepEqual((await stage.stored(room)).map((it) => it.text), upTo(count).map(String));
	}

	test('what waited when the broker was killed is stored and sent after the next start', async () => {
		const given = options({ queue_limit: 100 });
		const broker = await stage.another({ options: given });
		const { ann, bob, chat, room } = await stage.couple({ broker });
		await stage.cluster.stop('fast');
		// Far more than the memory takes.
		await send(ann, chat, upTo(1000));
		await broker.kill();
		await Promise.all([ann.ended(), bob.ended()]);

		const next = await stage.another({ options: given, meets: false });
		assert.match(next.log(), /chat: journal: 1000 messages wait/);
		const again = await stage.connect({ broker: next, id: bob.id });
		await again.subscribe(chat);
		await stage.cluster.start();
		for (const seq of upTo(1000)) {
			const message = await again.next(chat, 'message', PATIENCE);
			assert.equal(message.seq, seq);
			assert.equal(message.text, String(seq));
		}
		await allStored(room, 1000);
		await next.stop();
		assert.match(next.log(), /all messages are stored/);
	});

	test('kills under load lose and double nothing', async () => {
		const given = options();
		const total = 2000;
		let broker = await stage.another({ options: given });
		const { ann, bob, chat, room } = await stage.couple({ broker });
		const ids = [ann.id, bob.id];
		let client = ann;
		let sent = 0;
		while (sent < total) {
			const batch = upTo(sent + 400).slice(sent);
			await send(client, chat, batch);
			sent += batch.length;
			await broker.kill();
			await client.ended();
			broker = await stage.another({ options: given });
			client = await stage.connect({ broker, id: ids[0] });
		}
		await allStored(room, total);
	});

	test('a repeat of what waits from before the start is stored once', async () => {
		const given = options();
		const broker = await stage.another({ options: given });
		const { ann, bob, chat, room } = await stage.couple({ broker });
		await stage.cluster.stop('fast');
		await ann.publish(chat, { event: 'message', text: 'once', ref: 'r' });
		await broker.kill();
		const next = await stage.another({ options: given, meets: false });
		const again = await stage.connect({ broker: next, id: ann.id });
		await again.subscribe(chat);
		await again.publish(chat, { event: 'message', text: 'once', ref: 'r' });
		await again.publish(chat, { event: 'message', text: 'twice' });
		await stage.cluster.start();
		await again.next(chat, (/** @type {any} */ event) => event.text === 'twice', PATIENCE);
		assert.deepEqual((await stage.stored(room)).map((it) => it.text), ['once', 'twice']);
		assert.ok(bob.id);
	});

	test('a broker that ends without Postgres says how many wait, and loses none', async () => {
		const given = options();
		const broker = await stage.another({ options: given });
		const { ann, chat, room } = await stage.couple({ broker });
		await stage.cluster.stop('fast');
		await send(ann, chat, upTo(37));
		// It has found out by now.
		await pause(500);
		const { code } = await broker.stop();
		assert.equal(code, 0);
		assert.match(broker.log(), /chat: shut down, 37 messages wait in the journal/);
		await stage.cluster.start();
		await stage.another({ options: given });
		await allStored(room, 37);
	});

	test('two brokers cannot share a folder', async () => {
		const given = options();
		const broker = await stage.another({ options: given });
		await assert.rejects(stage.another({ options: given }), (error) => {
			assert.ok(error instanceof StartError, String(error));
			assert.match(error.log, new RegExp(`chat: .*${given.journal} is in use by process ${broker.pid}`));
			return true;
		});
	});

	test('a folder that cannot be made is named', () => assert.rejects(
		stage.another({ options: { journal: '/no/such/folder' } }), (error) => {
			assert.ok(error instanceof StartError, String(error));
			assert.match(error.log, /chat: .*\/no\/such\/folder cannot be made/);
			return true;
		}));

	test('nothing of what was written stays in the folder once it is stored', async () => {
		const given = options();
		const broker = await stage.another({ options: given });
		const { ann, chat, room } = await stage.couple({ broker });
		await send(ann, chat, upTo(100));
		await allStored(room, 100);
		await broker.stop();
		assert.deepEqual(readdirSync(given.journal).filter((name) => name.startsWith('segment')), []);
	});
});
