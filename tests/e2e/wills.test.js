// Wills: on a topic of ours they reach nobody, whatever way a connection ends.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { give, serviceUser } from '../stack/users.js';
import { WAYS, wayName } from './client.js';
import { connectRaw } from './raw.js';
import { chatOf, newIds, roomOf, useStage } from './stage.js';

const PAYLOAD = JSON.stringify({
	event: 'message', seq: 1, user_id: '0', text: 'a last word', sent_at: '2026-01-01T00:00:00.000Z', chat: 'chat/1/2', name: 'ghost', total: 5, chats: [],
});

/** Everybody may do everything, as far as the broker's own rules go. */
const setting = {
	conf: 'allow_anonymous true',
	/** @param {string} dir */
	prepare: (dir) => {
		const file = join(dir, 'acl');
		writeFileSync(file, 'topic readwrite #\ntopic readwrite $hat/#\npattern readwrite #\npattern readwrite $hat/#\n', { mode: 0o600 });
		give(serviceUser('mosquitto'), file);
		return `acl_file ${file}`;
	},
};

describe('a Will', () => {
	const stage = useStage(setting);

	/** A user in a chat and in the own lobby, who would hear it. */
	async function audience() {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await stage.connect({ id: first });
		await ann.join(chat);
		await ann.enterLobby();
		ann.take(null);
		return { ann, id: second, chat };
	}

	/**
	 * Nobody has heard it: not who was there, not who comes later, not the database.
	 * @param {any} ann
	 * @param {string} id
	 * @param {string} chat
	 */
	async function unheard(ann, id, chat) {
		await ann.none(null, (/** @type {any} */ event) => event.event !== 'presence_diff');
		assert.equal((await stage.stored(roomOf(chat))).length, 0);
		const late = await stage.connect({ id, transport: 'tcp' });
		assert.deepEqual((await late.join(chat)).history.messages, []);
		await late.enterLobby();
		await late.none(null, (/** @type {any} */ event) => event.event !== 'presence_diff');
		assert.equal((await ann.say(chat, 'first')).seq, 1);
	}

	for (const way of WAYS) {
		for (const retain of [false, true]) {
			test(`${retain ? 'with the retain flag ' : ''}on a chat or a lobby is unheard when the connection is cut, by ${wayName(way)}`, async () => {
				for (const topicOf of [
					(/** @type {any} */ chat) => chat,
					(/** @type {any} */ _, /** @type {string} */ peer) => `user/${peer}`,
					(/** @type {any} */ _, /** @type {any} */ __, /** @type {string} */ self) => `user/${self}`,
					(/** @type {string} */ chat) => `$hat/${roomOf(chat)}`,
				]) {
					const { ann, id, chat } = await audience();
					const topic = topicOf(chat, ann.id, id);
					const own = await stage.connect({ id, transport: 'tcp' });
					await own.join(chat);
					await own.enterLobby();
					const bob = await stage.connect({ id, ...way, will: { topic, payload: Buffer.from(PAYLOAD), qos: 1, retain } });
					await bob.join(chat);
					own.take(null);
					await bob.destroy();
					// Its end is known once an own Will on an open topic is out.
					await cutAndHeard(way);
					await own.none(null, (/** @type {any} */ event) => event.event !== 'presence_diff');
					await own.end();
					await unheard(ann, id, chat);
				}
			});
		}
	}

	/**
	 * A connection with a Will on an open topic is cut after the one in question; when that Will is
	 * heard, the other's time has come too.
	 * @param {object} way
	 * @param {object} [will]
	 */
	async function cutAndHeard(way, will = {}) {
		const observer = await stage.connect({ username: undefined, password: undefined, transport: 'tcp' });
		const [id] = newIds(1);
		await observer.subscribe(`open/${id}`);
		const control = await stage.connect({ id, ...way, will: { topic: `open/${id}`, payload: Buffer.from('gone'), qos: 1, retain: false, ...will } });
		await control.destroy();
		await observer.nextItem(`open/${id}`, () => true);
		await observer.end();
	}

	test('on an open topic is heard', () => cutAndHeard({ version: 4, transport: 'ws' }));

	for (const transport of /** @type {('ws' | 'tcp')[]} */ (['ws', 'tcp'])) {
		test(`that waits, as MQTT 5 has it, is unheard too, over ${transport}`, async () => {
			const { ann, id, chat } = await audience();
			const will = { topic: chat, payload: Buffer.from(PAYLOAD), qos: /** @type {const} */ (1), retain: false, properties: { willDelayInterval: 1 } };
			const bob = await stage.connect({ id, version: 5, transport, properties: { sessionExpiryInterval: 60 }, will });
			await bob.join(chat);
			await bob.destroy();
			const properties = { sessionExpiryInterval: 60 };
			const observer = await stage.connect({ username: undefined, password: undefined, transport: 'tcp' });
			await observer.subscribe('open/later');
			const control = await stage.connect({ id, version: 5, transport, properties, will: { ...will, topic: 'open/later' } });
			await control.destroy();
			await observer.nextItem('open/later', () => true);
			await unheard(ann, id, chat);
		});
	}

	for (const from of WAYS) {
		test(`is unheard when the client identifier is taken over from ${wayName(from)}`, async () => {
			const { ann, id, chat } = await audience();
			const clientId = 'with a Will';
			for (const to of WAYS) {
				const before = await stage.connect({ id, clientId, ...from, will: { topic: chat, payload: Buffer.from(PAYLOAD), qos: 2, retain: true } });
				await before.join(chat);
				const after = await stage.connect({ id, clientId, ...to });
				await before.ended();
				await after.join(chat);
				await after.none(chat, (/** @type {any} */ event) => event.event !== 'presence_diff');
				await after.end();
			}
			await unheard(ann, id, chat);
		});
	}

	test('is unheard when the client says goodbye with it, as MQTT 5 can', async () => {
		const { ann, id, chat } = await audience();
		const bob = await stage.connect({ id, version: 5, will: { topic: chat, payload: Buffer.from(PAYLOAD), qos: 1, retain: false } });
		await bob.join(chat);
		await bob.end({ reasonCode: 4 });
		await cutAndHeard({ version: 5, transport: 'ws' });
		await unheard(ann, id, chat);
	});

	test('is unheard when the client falls silent', async () => {
		const { ann, id, chat } = await audience();
		const silent = await connectRaw({
			broker: stage.broker, id, keepalive: 3,
			connect: { will: { topic: chat, payload: Buffer.from(PAYLOAD), qos: 1, retain: false } },
		});
		await silent.subscribe(chat);
		await ann.next(chat, (/** @type {any} */ event) => id in (event.joins ?? {}));
		await ann.next(chat, (/** @type {any} */ event) => id in (event.leaves ?? {}));
		await cutAndHeard({ version: 4, transport: 'tcp' });
		await unheard(ann, id, chat);
	});

	test('of a stranger, or of a client without a token, is unheard', async () => {
		const { ann, id, chat } = await audience();
		const [stranger] = newIds(1);
		for (const topic of [chat, `user/${ann.id}`]) {
			for (const login of [{ id: stranger }, { username: undefined, password: undefined }]) {
				for (const way of WAYS) {
					const eve = await stage.connect({ ...login, ...way, will: { topic, payload: Buffer.from(PAYLOAD), qos: 1, retain: true } });
					await eve.destroy();
				}
			}
		}
		for (const way of WAYS) {
			await cutAndHeard(way);
		}
		await unheard(ann, id, chat);
	});

	test('that repeats what the plugin has just said is unheard', async () => {
		const { ann, id, chat } = await audience();
		const bob = await stage.connect({ id });
		await bob.join(chat);
		const { payload } = await (async () => {
			await bob.publish(chat, { event: 'message', text: 'said once' });
			return ann.nextItem(chat, 'message');
		})();
		const ghost = await stage.connect({ id, will: { topic: chat, payload, qos: 1, retain: false } });
		await bob.publish(chat, { event: 'typing' });
		const typing = (await ann.nextItem(chat, 'typing')).payload;
		const other = await stage.connect({ id, transport: 'tcp', will: { topic: chat, payload: typing, qos: 0, retain: false } });
		await ghost.destroy();
		await other.destroy();
		for (const way of WAYS) {
			await cutAndHeard(way);
		}
		await ann.none(chat, (/** @type {any} */ event) => !['presence_diff', 'peer'].includes(event.event));
	});

	test('is unheard when the broker ends', async () => {
		const broker = await stage.another(setting);
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await stage.connect({ broker, id: first });
		await ann.join(chat);
		await ann.enterLobby();
		ann.take(null);
		for (const topic of [chat, `user/${first}`]) {
			for (const way of WAYS) {
				const bob = await stage.connect({ broker, id: second, ...way, will: { topic, payload: Buffer.from(PAYLOAD), qos: 1, retain: true } });
				await bob.join(chat);
			}
		}
		await broker.stop();
		await ann.ended();
		ann.mustLack(null, (event) => !['presence_diff', 'peer'].includes(event.event ?? ''));
		assert.equal((await stage.stored(roomOf(chat))).length, 0);
	});
});
