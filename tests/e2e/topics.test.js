// Which topics there are, and who may subscribe and publish to them.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { give, serviceUser } from '../stack/users.js';
import { WAYS, wayName } from './client.js';
import { newIds, useStage } from './stage.js';

const REFUSED = /** @type {Record<number, number>} */ ({ 4: 0x80, 5: 0x87 });

/** @param {number} code */
const granted = (code) => code <= 2;

/** Beside rules that would allow everything: what is refused, the plugin refuses. */
const everythingAllowed = {
	/** @param {string} dir */
	prepare: (dir) => {
		const file = join(dir, 'acl');
		writeFileSync(file, ['topic readwrite #', 'topic readwrite $hat/#', 'pattern readwrite #', 'pattern readwrite $hat/#', ''].join('\n'), { mode: 0o600 });
		give(serviceUser('mosquitto'), file);
		return `acl_file ${file}`;
	},
};

describe('topics', () => {
	const stage = useStage(everythingAllowed);

	for (const way of WAYS) {
		test(`of a user are the own lobby and the own chats, by ${wayName(way)}`, async () => {
			const [low, self, high] = newIds(3);
			const user = await stage.connect({ id: self, ...way });
			const no = REFUSED[way.version];
			const codes = await user.subscribe([
				`user/${self}`, `user/${low}`,
				`chat/${self}/${high}`, `chat/${low}/${self}`, `chat/${low}/${high}`,
			]);
			assert.ok([codes[0], codes[2], codes[3]].every(granted), String(codes));
			assert.deepEqual([codes[1], codes[4]], [no, no]);
		});
	}

	for (const version of /** @type {(4 | 5)[]} */ ([4, 5])) {
		test(`that are nearly a chat are refused, with MQTT ${version === 5 ? '5' : '3.1.1'}`, async () => {
			const user = await stage.connect({ id: '10', version });
			for (const [yes, ...no] of [
				['chat/9/10', 'chat/10/9', 'chat/9/10/', 'chat/9/10/1', 'chat/9//10', 'chat//9/10'],
				['chat/10/11', 'chat/11/10', 'chat/10', 'chat', 'chat/', 'chat/10/', 'chat//10', 'chat/10/10', 'chat/10/1 1', 'chat/10/é'],
				['chat/10/100', 'chat/100/10', `chat/10/${'x'.repeat(65)}`],
				['chat/10/2B', 'chat/2B/10'],
				['user/10', 'user', 'user/', 'user/10/', 'user/10/x', 'user//10', 'user/010', 'user/1', 'user/11'],
			]) {
				assert.ok(granted(await user.subscribe(yes)), yes);
				for (const filter of no) {
					assert.equal(await user.subscribe(filter), REFUSED[version], filter);
				}
			}
		});

		test(`with wildcards, or shared, are refused where they would reach ours, with MQTT ${version === 5 ? '5' : '3.1.1'}`, async () => {
			const user = await stage.connect({ id: '10', version });
			for (const filter of [
				'#', '+', '+/#', '+/+', '+/+/+', '+/10', '+/9/10', 'chat/#', 'chat/+', 'chat/+/10', 'chat/9/+', 'chat/9/#', 'chat/+/+', 'chat/9/10/#',
				'user/#', 'user/+', 'user/10/#', 'user/+/#',
				'$share/g/chat/9/10', '$share/g/user/10', '$share/g/chat/#', '$share/g/#', '$share/g/+/9/10', '$share/g/+/10', '$share/g/user/+',
				'$hat/#', '$hat/9/10', '$hat/+/+', '$hat/10', '$share/g/$hat/9/10', '$share/g/$hat/#',
			]) {
				assert.equal(await user.subscribe(filter), REFUSED[version], filter);
			}
		});
	}

	test('that are not ours are left to the other rules, for users too', async () => {
		const [id] = newIds(1);
		const user = await stage.connect({ id });
		for (const filter of ['news/1', 'news/#', 'Chat/1/2', 'chats/1', 'users/+', '$share/g/news/1']) {
			assert.ok(granted(await user.subscribe(filter)), filter);
		}
		await user.publish('news/1', 'x');
		await user.nextItem('news/1', () => true);
	});

	test('put the shorter id first, and ids of one length in byte order', async () => {
		for (const [id, yes, no] of [
			['b', 'chat/a/b', 'chat/b/a'], ['b', 'chat/B/b', 'chat/b/B'], ['b', 'chat/b/aa', 'chat/aa/b'],
			['b', 'chat/_/b', 'chat/b/_'], ['b', 'chat/b/~', 'chat/~/b'], ['1', 'chat/1/01', 'chat/01/1'],
			['z', 'chat/z/10', 'chat/10/z'], ['9', 'chat/9/10', 'chat/10/9'], ['a=', 'chat/a-/a=', 'chat/a=/a-'],
		]) {
			const user = await stage.connect({ id });
			const codes = await user.subscribe([yes, no]);
			assert.ok(granted(codes[0]), yes);
			assert.ok(!granted(codes[1]), no);
			await user.end();
		}
	});

	test('may be published to from outside: by a user of the chat who is not in it', async () => {
		const { bob, chat } = await stage.couple();
		const elsewhere = await stage.connect({ id: bob.id });
		assert.equal(await elsewhere.publish(chat, { event: 'message', text: 'from outside' }), 0);
		assert.equal((await bob.next(chat, 'message')).text, 'from outside');
	});

	for (const qos of /** @type {(1 | 2)[]} */ ([1, 2])) {
		test(`of others take nothing: a publish with QoS ${qos} is refused, and raises no event`, async () => {
			const { ann, bob, chat, room } = await stage.couple();
			await bob.enterLobby();
			const [stranger] = newIds(1);
			for (const version of /** @type {(4 | 5)[]} */ ([4, 5])) {
				const eve = await stage.connect({ id: stranger, version });
				await eve.enterLobby();
				const no = version === 5 ? 0x87 : 0;
				for (const topic of [chat, `user/${bob.id}`, `$hat/${room}`, `$hat/${bob.id}`, 'chat/1', `chat/${room}/`, `chat/${stranger}/${bob.id}`]) {
					assert.equal(await eve.publish(topic, { event: 'message', text: 'x' }, { qos }), no, topic);
				}
				await eve.none(null);
				await eve.end();
			}
			assert.equal((await ann.say(chat, 'we are alone')).seq, 1);
			assert.equal((await bob.next(chat, 'message')).seq, 1);
			await ann.none(chat);
			await bob.none(null);
			assert.equal((await stage.stored(room)).length, 1);
		});
	}

	test('of a lobby take what it knows from its user, and pass nothing on', async () => {
		const [id] = newIds(1);
		const user = await stage.connect({ id, version: 5 });
		await user.enterLobby();
		const twin = await stage.connect({ id });
		await twin.enterLobby();
		assert.equal(await user.publish(`user/${id}`, { event: 'message', text: 'x', ref: 'r' }), 0);
		const error = await user.next(`user/${id}`, 'error');
		assert.deepEqual([error.code, error.ref], ['bad_event', 'r']);
		assert.equal(await user.publish(`user/${id}`, { event: 'chats' }, { retain: true }), 0x87);
		await user.none(null);
		await twin.none(null);
	});

	test('of a chat refuse a publish with the retain flag, and raise no event', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		for (const qos of /** @type {(0 | 1 | 2)[]} */ ([0, 1, 2])) {
			const code = await bob.publish(chat, { event: 'message', text: 'kept' }, { qos, retain: true });
			assert.equal(code, qos === 0 ? 0 : 0x87);
			assert.equal(await ann.publish(chat, { event: 'message', text: 'kept' }, { qos, retain: true }), 0);
			await ann.publish(chat, '', { qos, retain: true });
		}
		assert.equal((await ann.say(chat, 'not kept')).seq, 1);
		assert.equal((await bob.next(chat, 'message')).text, 'not kept');
		await bob.none(chat);
		await ann.none(chat);
		assert.equal((await stage.stored(room)).length, 1);
		await bob.unsubscribe(chat);
		assert.deepEqual((await bob.join(chat)).history.messages.map((/** @type {any} */ it) => it.text), ['not kept']);
		await bob.none(chat, 'message');
	});

	test('of a user hear nothing of what others say', async () => {
		const { ann, bob, chat } = await stage.couple();
		const [stranger] = newIds(1);
		const eve = await stage.connect({ id: stranger });
		await eve.enterLobby();
		await eve.join(`chat/${ann.id}/${stranger}`);
		await eve.none(`chat/${ann.id}/${stranger}`, (event) => event.event !== 'presence_diff');
		eve.take(null);
		await ann.say(chat, 'between us');
		await bob.publish(chat, { event: 'typing' });
		await ann.next(chat, 'typing');
		await bob.publish(chat, { event: 'read', seq: 1 });
		await ann.next(chat, 'read');
		await bob.end();
		await ann.next(chat, 'presence_diff');
		await eve.none(null);
		assert.equal((await eve.enterLobby()).total, 0);
	});
});

describe('what arrives', () => {
	const stage = useStage();

	test('comes with QoS 1, typing with QoS 0, and never retained', async () => {
		const [first, second] = newIds(2);
		const chat = `chat/${first}/${second}`;
		const ann = await stage.connect({ id: first });
		await ann.subscribe(chat, { qos: 2 });
		await ann.subscribe(`user/${first}`, { qos: 2 });
		const bob = await stage.connect({ id: second, version: 5 });
		await bob.join(chat);
		await bob.say(chat, 'hi');
		await ann.publish(chat, { event: 'typing' });
		await ann.publish(chat, { event: 'read', seq: 1 });
		await ann.publish(chat, { event: 'nonsense' });
		for (const [topic, event] of [
			[chat, 'history'], [chat, 'presence_state'], [chat, 'presence_diff'], [chat, 'message'], [chat, 'typing'], [chat, 'read'], [chat, 'error'],
			[`user/${first}`, 'unread'], [`user/${first}`, 'read'],
		]) {
			const { packet } = await ann.nextItem(topic, event);
			assert.equal(packet.qos, event === 'typing' ? 0 : 1, event);
			assert.equal(packet.retain, false, event);
		}
		await ann.unsubscribe(chat);
		await bob.say(chat, 'again');
		const { packet } = await ann.nextItem(`user/${first}`, 'notification');
		assert.deepEqual([packet.qos, packet.retain], [1, false]);
	});

	test('comes with QoS 0 to who subscribed so', async () => {
		const { ann, chat } = await stage.couple();
		await ann.unsubscribe(chat);
		await ann.join(chat, { qos: 0 });
		await ann.publish(chat, { event: 'message', text: 'x', ref: 'r' });
		assert.equal((await ann.nextItem(chat, 'message')).packet.qos, 0);
	});

	test('has none of the properties that a client put on its publish', async () => {
		const { bob, chat } = await stage.couple();
		const other = await stage.connect({ id: bob.id, version: 5 });
		const properties = {
			userProperties: { from: 'me' }, responseTopic: 'else/where', correlationData: Buffer.from('1'),
			contentType: 'text/plain', payloadFormatIndicator: true, messageExpiryInterval: 60,
		};
		await other.publish(chat, { event: 'message', text: 'x' }, { properties });
		await other.publish(chat, { event: 'typing' }, { properties });
		for (const event of ['message', 'typing']) {
			const { packet } = await bob.nextItem(chat, event);
			for (const name of Object.keys(properties)) {
				assert.ok(!(name in (packet.properties ?? {})), name);
			}
		}
	});

	test('is the echo also to who asked the broker not to hear itself', async () => {
		const { bob, chat } = await stage.couple();
		const other = await stage.connect({ id: bob.id, version: 5 });
		await other.subscribe(chat, { nl: true });
		await other.publish(chat, { event: 'message', text: 'x', ref: 'mine' });
		assert.equal((await other.next(chat, 'message')).ref, 'mine');
	});

	test('comes once to who is subscribed with an identifier', async () => {
		const { ann, bob, chat } = await stage.couple();
		const other = await stage.connect({ id: bob.id, version: 5 });
		await other.subscribe(chat, { properties: { subscriptionIdentifier: 7 } });
		await other.subscribe(chat, { properties: { subscriptionIdentifier: 8 } });
		await ann.say(chat, 'once');
		await other.next(chat, 'message');
		await other.none(chat, 'message');
	});
});
