// Presence: who is in a chat, through every way in which a client comes and goes.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WAYS, refusalOf, wayName } from './client.js';
import { connectRaw } from './raw.js';
import { chatOf, newIds, useStage } from './stage.js';

/** @param {string} id */
const joins = (id) => (/** @type {any} */ event) => event.event === 'presence_diff' && id in event.joins;

/** @param {string} id */
const leaves = (id) => (/** @type {any} */ event) => event.event === 'presence_diff' && id in event.leaves;

describe('presence', () => {
	const stage = useStage();

	/** Somebody who watches a chat whose other user is yet to come. */
	async function watch() {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await stage.connect({ id: first, name: 'Ann' });
		await ann.join(chat);
		await ann.next(chat, joins(first));
		return { ann, id: second, chat };
	}

	for (const way of WAYS) {
		test(`of who is in the chat is told on entering, oneself included, by ${wayName(way)}`, async () => {
			const { ann, id, chat } = await watch();
			const bob = await stage.connect({ id, name: 'Bob', ...way });
			const { presence } = await bob.join(chat);
			assert.deepEqual(presence, { event: 'presence_state', users: { [ann.id]: { name: 'Ann' }, [id]: { name: 'Bob' } } });
			const diff = { event: 'presence_diff', joins: { [id]: { name: 'Bob' } }, leaves: {} };
			assert.deepEqual(await ann.next(chat, 'presence_diff'), diff);
			assert.deepEqual(await bob.next(chat, 'presence_diff'), diff);
			await ann.none(chat);
			await bob.none(chat);
		});

		for (const [how, go] of /** @type {[string, (client: any, chat: string) => Promise<unknown>][]} */ ([
			['UNSUBSCRIBE', (client, chat) => client.unsubscribe(chat)],
			['DISCONNECT', (client) => client.end()],
			['a connection that is cut', (client) => client.destroy()],
		])) {
			test(`ends with ${how} by ${wayName(way)}`, async () => {
				const { ann, id, chat } = await watch();
				const bob = await stage.connect({ id, name: 'Bob', ...way });
				await bob.join(chat);
				await ann.next(chat, joins(id));
				await go(bob, chat);
				assert.deepEqual(await ann.next(chat, 'presence_diff'), { event: 'presence_diff', joins: {}, leaves: { [id]: { name: 'Bob' } } });
				assert.deepEqual((await ann.join(chat)).presence.users, { [ann.id]: { name: 'Ann' } });
				await ann.none(chat);
			});
		}
	}

	for (const version of /** @type {(4 | 5)[]} */ ([4, 5])) {
		test(`ends when a client falls silent, with MQTT ${version === 5 ? '5' : '3.1.1'}`, async () => {
			const { ann, id, chat } = await watch();
			const silent = await connectRaw({ broker: stage.broker, id, version, keepalive: 3 });
			await silent.subscribe(chat);
			await ann.next(chat, joins(id));
			await ann.next(chat, leaves(id));
			await silent.ended();
		});
	}

	test('ends with a packet that is none', async () => {
		const { ann, id, chat } = await watch();
		const bob = await stage.connect({ id, transport: 'tcp' });
		await bob.join(chat);
		await ann.next(chat, joins(id));
		/** @type {any} */ (bob.mqtt.stream).write(Buffer.from([0xf0, 0xff, 0xff, 0xff, 0xff, 0xff]));
		await ann.next(chat, leaves(id));
	});

	test('ends with a packet that is too long for the broker', async () => {
		const { ann, id, chat } = await watch();
		const bob = await stage.connect({ id, transport: 'tcp' });
		await bob.join(chat);
		await ann.next(chat, joins(id));
		bob.mqtt.publish(chat, 'x'.repeat(1100 * 1024), { qos: 0 });
		await bob.ended();
		await ann.next(chat, leaves(id));
	});

	test('ends with a connection also where the session goes on', async () => {
		const { ann, id, chat } = await watch();
		for (const go of ['end', 'destroy']) {
			const bob = await stage.connect({ id, version: 5, clientId: 'keeps its session', properties: { sessionExpiryInterval: 60 } });
			await bob.join(chat);
			await ann.next(chat, joins(id));
			await (go === 'end' ? bob.end() : bob.destroy());
			await ann.next(chat, leaves(id));
		}
		const phone = await stage.connect({ id });
		await phone.enterLobby();
		await ann.say(chat, 'to your lobby');
		const notification = await phone.next(`user/${id}`, 'notification');
		assert.ok(!('quiet' in notification));
	});

	test('is of users: a second device neither joins nor leaves', async () => {
		const { ann, id, chat } = await watch();
		const phone = await stage.connect({ id, name: 'Bob' });
		await phone.join(chat);
		await ann.next(chat, joins(id));
		const laptop = await stage.connect({ id, name: 'Bob', version: 5, transport: 'tcp' });
		const { presence } = await laptop.join(chat);
		assert.deepEqual(Object.keys(presence.users), [ann.id, id]);
		await phone.destroy();
		await ann.none(chat);
		await laptop.none(chat, 'presence_diff');
		await laptop.end();
		await ann.next(chat, leaves(id));
		await ann.none(chat);
	});

	test('has the name of the latest login', async () => {
		const { ann, id, chat } = await watch();
		const old = await stage.connect({ id, name: 'Robert' });
		await old.join(chat);
		await ann.next(chat, joins(id));
		await stage.connect({ id, name: 'Bob' });
		assert.deepEqual((await ann.join(chat)).presence.users[id], { name: 'Bob' });
		const latest = await stage.connect({ id, name: '' });
		const { presence } = await latest.join(chat);
		assert.deepEqual(presence.users[id], { name: '' });
	});

	test('does not change with a second SUBSCRIBE or a second UNSUBSCRIBE', async () => {
		const { ann, id, chat } = await watch();
		const bob = await stage.connect({ id });
		await bob.join(chat);
		await ann.next(chat, joins(id));
		await bob.join(chat);
		await bob.join(chat, { qos: 0 });
		await ann.none(chat);
		await bob.unsubscribe(chat);
		await ann.next(chat, leaves(id));
		await bob.unsubscribe(chat);
		await ann.none(chat);
		await bob.join(chat);
		await ann.next(chat, joins(id));
		await ann.none(chat);
	});

	test('does not come from connecting, from the lobby, from publishing or from a refused SUBSCRIBE', async () => {
		const { ann, id, chat } = await watch();
		const bob = await stage.connect({ id });
		await bob.enterLobby();
		await bob.publish(chat, { event: 'message', text: 'from outside' });
		await ann.next(chat, 'message');
		for (const filter of [`$share/g/${chat}`, 'chat/#', `${chat}/`, '#']) {
			assert.ok(await bob.subscribe(filter) >= 0x80);
		}
		await ann.none(chat);
		assert.deepEqual(Object.keys((await ann.join(chat)).presence.users), [ann.id]);
	});

	test('is told to the two alone', async () => {
		const { ann, id, chat } = await watch();
		const [third] = newIds(1);
		const eve = await stage.connect({ id: third });
		await eve.enterLobby();
		const theirs = chatOf(ann.id, third);
		await eve.join(theirs);
		await eve.next(theirs, joins(third));
		const bob = await stage.connect({ id });
		await bob.join(chat);
		await ann.next(chat, joins(id));
		await bob.end();
		await ann.next(chat, leaves(id));
		await eve.none(null);
		assert.deepEqual(Object.keys((await eve.join(theirs)).presence.users), [third]);
	});

	test('is of each chat for itself', async () => {
		const { ann, id, chat } = await watch();
		const [third] = newIds(1);
		const other = chatOf(id, third);
		const bob = await stage.connect({ id });
		await bob.join(other);
		await ann.none(chat);
		await bob.join(chat);
		await ann.next(chat, joins(id));
		await bob.unsubscribe(other);
		await ann.none(chat);
		const { presence } = await (await stage.connect({ id: third })).join(other);
		assert.deepEqual(Object.keys(presence.users), [third]);
	});

	test('ends in all chats at once', async () => {
		const [self, ...others] = newIds(6);
		const user = await stage.connect({ id: self });
		const watchers = [];
		for (const other of others) {
			const chat = chatOf(self, other);
			await user.join(chat);
			const watcher = await stage.connect({ id: other });
			await watcher.join(chat);
			watchers.push({ watcher, chat });
		}
		await user.destroy();
		for (const { watcher, chat } of watchers) {
			await watcher.next(chat, leaves(self));
		}
	});

	describe('with a client identifier taken over', () => {
		for (const from of WAYS) {
			for (const to of WAYS) {
				test(`from ${wayName(from)} by ${wayName(to)}, is what the new connection does`, async () => {
					const { ann, id, chat } = await watch();
					const clientId = 'the same device';
					const before = await stage.connect({ id, name: 'Before', clientId, ...from });
					await before.join(chat);
					await ann.next(chat, joins(id));
					const after = await stage.connect({ id, name: 'After', clientId, ...to });
					await before.ended();
					await ann.next(chat, leaves(id));
					assert.deepEqual(Object.keys((await ann.join(chat)).presence.users), [ann.id]);
					await after.join(chat);
					assert.deepEqual((await ann.next(chat, 'presence_diff')).joins, { [id]: { name: 'After' } });
					await ann.none(chat);
					await ann.say(chat, 'hello');
					await after.next(chat, 'message');
					await after.none(chat, 'message');
					await after.destroy();
					await ann.next(chat, leaves(id));
				});
			}
		}
	});

	test('of a client is not touched by refused logins with its identifier', async () => {
		const { ann, id, chat } = await watch();
		const [third] = newIds(1);
		const clientId = 'wanted by many';
		const bob = await stage.connect({ id, clientId });
		await bob.join(chat);
		await ann.next(chat, joins(id));
		await bob.next(chat, joins(id));
		const secret = 'none that the plugin has ever heard of';
		for (const way of WAYS) {
			for (const login of [{ id, secret }, { id: third }, { id: ann.id }, { username: 'boss', password: 'x' }, { username: undefined }]) {
				await refusalOf({ broker: stage.broker, clientId, ...login, ...way });
			}
			await refusalOf({ broker: stage.broker, clientId, id, clean: false, ...way });
		}
		await ann.none(chat);
		await bob.none(chat);
		assert.deepEqual(Object.keys((await bob.join(chat)).presence.users).sort(), [ann.id, id]);
		await ann.say(chat, 'still there?');
		await bob.next(chat, 'message');
	});

	test('comes and goes many times', async () => {
		const { ann, id, chat } = await watch();
		for (let round = 0; round < 10; round++) {
			const way = WAYS[round % WAYS.length];
			const bob = await stage.connect({ id, name: `Bob ${round}`, ...way });
			await bob.join(chat);
			assert.deepEqual((await ann.next(chat, 'presence_diff')).joins, { [id]: { name: `Bob ${round}` } });
			await (round % 2 ? bob.end() : bob.destroy());
			await ann.next(chat, leaves(id));
		}
		await ann.none(chat);
	});

	test('of many users connecting at once is right in the end', async () => {
		const [self, ...others] = newIds(31);
		const user = await stage.connect({ id: self });
		await Promise.all(others.map(async (id, index) => {
			const client = await stage.connect({ id, ...WAYS[index % WAYS.length] });
			await client.join(chatOf(self, id));
			if (index % 3 === 0) {
				await client.destroy();
			}
		}));
		for (const [index, id] of others.entries()) {
			const chat = chatOf(self, id);
			const { presence } = await user.join(chat);
			if (index % 3 !== 0) {
				assert.ok(id in presence.users);
			} else if (id in presence.users) {
				await user.next(chat, leaves(id));
			}
		}
	});
});

describe('presence in a crowd', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('says only oneself until the database has said that the chat is open', async () => {
		const lock = stage.cluster.session();
		await lock.run('begin');
		await lock.run('lock table chat.messages in access exclusive mode');
		const ids = newIds(80);
		const people = await Promise.all(ids.map(async (id, index) => {
			const peer = ids[index ^ 1];
			return { peer, chat: chatOf(id, peer), client: await stage.connect({ id, ...WAYS[index % WAYS.length] }) };
		}));
		await Promise.all(people.map(({ client, chat }) => client.subscribe([`user/${client.id}`, chat])));
		for (const { client, chat } of people) {
			const { users } = await client.next(chat, 'presence_state');
			assert.deepEqual(Object.keys(users), [client.id]);
			client.mustLack(null, 'history');
		}
		await lock.run('commit');
		await lock.end();
		for (const { client, chat, peer } of people) {
			await client.next(chat, 'history');
			await client.next(`user/${client.id}`, 'unread');
			const { users } = await client.next(chat, 'presence_state');
			assert.deepEqual(Object.keys(users).sort(), [client.id, peer].sort());
			await client.next(chat, joins(peer));
		}
		const [{ client, chat, peer }, other] = people;
		await other.client.end();
		await client.next(chat, leaves(peer));
	});
});
