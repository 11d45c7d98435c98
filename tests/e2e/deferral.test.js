// What is not ours: ordinary logins and ordinary topics, beside the chat.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { join } from 'node:path';
import { run } from '../stack/children.js';
import { signJwt } from '../stack/tokens.js';
import { give, serviceUser } from '../stack/users.js';
import { WAYS, refusalOf, wayName } from './client.js';
import { newIds, useStage } from './stage.js';

/** Passwords of ordinary accounts, some nearly a token. */
const ACCOUNTS = /** @type {Record<string, string>} */ ({
	sensor: 'an ordinary password',
	boss: 'another one',
	long43: 'A'.repeat(43),
	long44: `${'A'.repeat(43)}=`,
	dotted: 'a.b',
	moredots: 'a.b.c.d',
	emptypart: 'a..c',
	unsigned: 'a.b.',
	foreign: 'a.b!.c',
	shaped: 'aa.bb.cc',
});

const ACL = `
user sensor
topic readwrite plant/#
user boss
topic readwrite #
topic readwrite $hat/#
topic readwrite chat/#
topic readwrite user/#
pattern readwrite own/%u/#
`;

/**
 * @param {string} dir
 * @returns {Promise<string>}
 */
async function passwordFile(dir) {
	const file = join(dir, 'passwords');
	writeFileSync(file, Object.entries(ACCOUNTS).map(([name, password]) => `${name}:${password}\n`).join(''), { mode: 0o600 });
	const { code, stderr } = await run('mosquitto_passwd', ['-U', file]);
	assert.equal(code, 0, stderr);
	give(serviceUser('mosquitto'), file);
	return `password_file ${file}`;
}

/** @param {string} dir */
function aclFile(dir) {
	const file = join(dir, 'acl');
	writeFileSync(file, ACL, { mode: 0o600 });
	give(serviceUser('mosquitto'), file);
	return `acl_file ${file}`;
}

/** @param {string} username */
const account = (username) => ({ id: undefined, username, password: ACCOUNTS[username] });

/** @param {number} code */
const granted = (code) => code <= 2;

describe('beside a password_file and an acl_file', () => {
	const stage = useStage({ prepare: async (dir) => `${await passwordFile(dir)}\n${aclFile(dir)}` });

	/**
	 * An acl_file grants every SUBSCRIBE in 2.0, and looks when something is to be delivered.
	 * @param {import('./client.js').Client} client
	 * @param {string} topic
	 */
	async function readsNothing(client, topic) {
		await client.subscribe(topic);
		const boss = await stage.connect(account('boss'));
		await boss.publish(topic, 'secret');
		await client.none(topic);
	}

	for (const way of WAYS) {
		test(`ordinary clients use their topics by ${wayName(way)}`, async () => {
			const sensor = await stage.connect({ ...account('sensor'), ...way });
			assert.ok(granted(await sensor.subscribe('plant/+')));
			await sensor.publish('plant/1', 'warm');
			assert.equal((await sensor.nextItem('plant/1', () => true)).payload.toString(), 'warm');
		});

		test(`a wrong password is refused by ${wayName(way)}`, async () => {
			const code = await refusalOf({ broker: stage.broker, username: 'sensor', password: 'wrong', ...way });
			assert.ok([4, 5, 0x86, 0x87].includes(Number(code)));
		});
	}

	test('ordinary clients keep to the rules of the acl_file', async () => {
		const sensor = await stage.connect({ ...account('sensor'), version: 5 });
		const boss = await stage.connect(account('boss'));
		await boss.subscribe('office/#');
		assert.equal(await sensor.publish('office/1', 'x'), 0x87);
		await boss.none('office/1');
	});

	test('ordinary clients may keep a session', async () => {
		const session = { ...account('sensor'), clean: false, clientId: 'a session of the sensor' };
		const first = await stage.connect(session);
		await first.subscribe('plant/#');
		await first.end();
		const other = await stage.connect(account('boss'));
		await other.publish('plant/7', 'while you were out');
		const second = await stage.connect(session);
		assert.equal((await second.nextItem('plant/7', () => true)).payload.toString(), 'while you were out');
	});

	for (const username of ['long43', 'long44', 'dotted', 'moredots', 'emptypart', 'unsigned', 'foreign']) {
		test(`the password of ${username} has no token's shape, and lets in`, async () => {
			const client = await stage.connect(account(username));
			await client.fence();
		});
	}

	test('a password with the shape of a JWT is refused, even where the password_file has it', async () => {
		assert.equal(await refusalOf({ broker: stage.broker, ...account('shaped') }), 5);
	});

	test('a good JWT does not let in under the name of an ordinary account', async () => {
		const password = signJwt(stage.broker.secrets[0], { sub: '1', exp: Date.now() / 1000 + 60 });
		assert.equal(await refusalOf({ broker: stage.broker, username: 'boss', password }), 5);
	});

	test('a user whose id is an ordinary account has none of its rights', async () => {
		const user = await stage.connect({ id: 'boss', version: 5 });
		assert.equal(await user.publish('office/1', 'x'), 0x87);
		await readsNothing(user, 'office/1');
	});

	test('other rules know a user as chat: and the id', async () => {
		const [id] = newIds(1);
		const user = await stage.connect({ id });
		assert.ok(granted(await user.subscribe(`own/chat:${id}/x`)));
		await user.publish(`own/chat:${id}/x`, 'mine');
		assert.equal((await user.nextItem(`own/chat:${id}/x`, () => true)).payload.toString(), 'mine');
		await readsNothing(user, `own/${id}/x`);
	});

	test('nobody takes the name of a user by an ordinary login', async () => {
		for (const password of ['', 'x', 'an ordinary password', 'A'.repeat(43)]) {
			const code = await refusalOf({ broker: stage.broker, username: 'chat:1', password });
			assert.ok([4, 5].includes(Number(code)));
		}
	});

	describe('a client identifier that is open', () => {
		const clientId = 'open to one';

		for (const way of WAYS) {
			test(`to a user is refused to an ordinary login by ${wayName(way)}`, async () => {
				const [id, peer] = newIds(2);
				const user = await stage.connect({ id, clientId });
				await user.join(`chat/${id}/${peer}`);
				const code = await refusalOf({ broker: stage.broker, ...account('boss'), clientId, ...way });
				assert.equal(code, way.version === 5 ? 0x87 : 5);
				assert.equal((await user.say(`chat/${id}/${peer}`, 'still here')).seq, 1);
			});

			test(`to an ordinary client is refused to a user by ${wayName(way)}`, async () => {
				const [id] = newIds(1);
				const sensor = await stage.connect({ ...account('sensor'), clientId });
				const code = await refusalOf({ broker: stage.broker, id, clientId, ...way });
				assert.equal(code, way.version === 5 ? 0x87 : 5);
				await sensor.subscribe('plant/#');
				await sensor.publish('plant/2', 'still here');
				await sensor.nextItem('plant/2', () => true);
			});
		}

		test('to an ordinary client is taken over by an ordinary login, as ever', async () => {
			const before = await stage.connect({ ...account('sensor'), clientId });
			const after = await stage.connect({ ...account('sensor'), clientId });
			await before.ended();
			await after.fence();
		});

		test('to an ordinary client is free to a user once it is closed', async () => {
			const [id] = newIds(1);
			const sensor = await stage.connect({ ...account('sensor'), clientId });
			await sensor.end();
			const user = await stage.connect({ id, clientId });
			assert.equal((await user.enterLobby()).total, 0);
		});
	});

	describe('whatever the acl_file says', () => {
		for (const filter of ['#', 'chat/#', 'chat/+/+', '+/+/+', 'user/#', 'user/+', '$share/g/#', '$share/g/chat/+/+', '$share/g/user/+']) {
			test(`an ordinary subscriber of ${filter} reads nothing of a chat`, async () => {
				const boss = await stage.connect({ ...account('boss'), version: 5 });
				await boss.subscribe(filter);
				const { ann, bob, chat } = await stage.couple();
				await bob.enterLobby();
				await ann.say(chat, 'between us');
				await bob.publish(chat, { event: 'read', seq: 1 });
				await bob.next(`user/${bob.id}`, 'read');
				await bob.publish(chat, { event: 'typing' });
				await ann.next(chat, 'typing');
				await bob.unsubscribe(chat);
				await ann.next(chat, 'presence_diff');
				await ann.say(chat, 'to your lobby');
				await bob.next(`user/${bob.id}`, 'notification');
				await boss.none(null, () => true);
			});
		}

		test('an ordinary subscriber of exactly the chat or a lobby reads nothing', async () => {
			const { ann, bob, chat } = await stage.couple();
			const boss = await stage.connect(account('boss'));
			for (const filter of [chat, `user/${bob.id}`]) {
				await boss.subscribe(filter);
			}
			await bob.enterLobby();
			await ann.say(chat, 'between us');
			await bob.publish(chat, { event: 'read', seq: 1 });
			await bob.next(`user/${bob.id}`, 'read');
			await boss.none(null, () => true);
		});

		for (const version of /** @type {(4 | 5)[]} */ ([4, 5])) {
			test(`an ordinary publisher with MQTT ${version === 5 ? '5' : '3.1.1'} writes nothing to chats and lobbies`, async () => {
				const { ann, bob, chat, room } = await stage.couple();
				await bob.enterLobby();
				const boss = await stage.connect({ ...account('boss'), version });
				for (const qos of /** @type {(0 | 1 | 2)[]} */ ([0, 1, 2])) {
					for (const retain of [false, true]) {
						for (const topic of [chat, `user/${bob.id}`, `$hat/${room}`]) {
							const code = await boss.publish(topic, { event: 'message', text: 'forged' }, { qos, retain });
							assert.equal(code, version === 5 && qos > 0 ? 0x87 : 0);
						}
					}
				}
				assert.equal((await ann.say(chat, 'true')).seq, 1);
				assert.equal((await bob.next(chat, 'message')).text, 'true');
				await ann.none(chat);
				await bob.none(null);
				const late = await stage.connect({ id: bob.id });
				assert.equal((await late.join(chat)).history.messages.length, 1);
				await late.none(chat, 'message');
			});
		}

		test('the topics of the plugin itself are closed to ordinary clients', async () => {
			const boss = await stage.connect(account('boss'));
			for (const filter of ['$hat/#', '$hat/1/2', '$hat/+/+', '$share/g/$hat/#', '$share/g/$hat/1/2']) {
				assert.ok(!granted(await boss.subscribe(filter)), filter);
			}
		});
	});
});

describe('where the other topics are allowed', () => {
	const stage = useStage({
		options: { other_topics: 'allow' },
		prepare: async (dir) => `${await passwordFile(dir)}\n${aclFile(dir)}`,
	});

	test('ordinary clients use any topic, and the acl_file is not asked', async () => {
		const sensor = await stage.connect(account('sensor'));
		assert.ok(granted(await sensor.subscribe('office/#')));
		await sensor.publish('office/1', 'x');
		assert.equal((await sensor.nextItem('office/1', () => true)).payload.toString(), 'x');
	});

	test('ordinary clients neither read nor write chats and lobbies', async () => {
		const { ann, bob, chat } = await stage.couple();
		const sensor = await stage.connect({ ...account('sensor'), version: 5 });
		for (const filter of ['#', chat, `user/${bob.id}`, 'chat/#', '$share/g/#']) {
			await sensor.subscribe(filter);
		}
		await bob.enterLobby();
		assert.equal(await sensor.publish(chat, { event: 'message', text: 'forged' }), 0x87);
		assert.equal(await sensor.publish(`user/${bob.id}`, { event: 'unread' }), 0x87);
		assert.equal((await ann.say(chat, 'true')).seq, 1);
		await bob.none(`user/${bob.id}`);
		await sensor.none(null);
	});

	test('the topics of the plugin itself stay closed', async () => {
		const sensor = await stage.connect({ ...account('sensor'), version: 5 });
		for (const filter of ['$hat/#', '$hat/1/2', '$share/g/$hat/#']) {
			assert.ok(!granted(await sensor.subscribe(filter)), filter);
		}
		assert.equal(await sensor.publish('$hat/1/2', 'x'), 0x87);
	});

	test('users have no other topics by that', async () => {
		const [id] = newIds(1);
		const user = await stage.connect({ id, version: 5 });
		assert.equal(await user.publish('office/1', 'x'), 0x87);
		await user.subscribe('office/1');
		const sensor = await stage.connect(account('sensor'));
		await sensor.publish('office/1', 'secret');
		await user.none('office/1');
	});
});

describe('without an acl_file', () => {
	const stage = useStage({ prepare: passwordFile, database: false });

	test('ordinary clients log in, and have no topics', async () => {
		const sensor = await stage.connect({ ...account('sensor'), version: 5 });
		assert.ok(!granted(await sensor.subscribe('plant/1')));
		assert.equal(await sensor.publish('plant/1', 'x'), 0x87);
	});

	test('the log says at the start that they have lost their topics, and how they get them back', () => {
		const lines = stage.broker.log().match(/chat: neither an acl_file nor another plugin says .*`plugin_opt_other_topics allow` gives them back/g);
		assert.equal(lines?.length, 1);
	});
});

describe('where anonymous logins are allowed', () => {
	const stage = useStage({ conf: 'allow_anonymous true', options: { other_topics: 'allow' }, database: false });

	test('a login without a token gets in, and chats with nobody', async () => {
		const guest = await stage.connect({ username: undefined, password: undefined, version: 5 });
		assert.ok(granted(await guest.subscribe('office/#')));
		assert.equal(await guest.publish('chat/1/2', { event: 'message', text: 'x' }), 0x87);
	});

	test('nothing is said of topics that nobody has lost', () => {
		assert.doesNotMatch(stage.broker.log(), /neither an acl_file/);
	});

	test('what has the shape of a token and fails is refused', async () => {
		const secret = 'some other secret than that of the plugin';
		assert.equal(await refusalOf({ broker: stage.broker, id: '1', secret }), 5);
		assert.equal(await refusalOf({ broker: stage.broker, username: '', password: signJwt(secret, { sub: '1', exp: Date.now() / 1000 + 60 }) }), 5);
		assert.equal(await refusalOf({ broker: stage.broker, version: 5, username: '', password: 'aa.bb.cc' }), 0x87);
	});
});
