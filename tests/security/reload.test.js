// SIGHUP, which logrotate sends every night: Mosquitto asks again about every session that it has, and
// 2.0 reads new WebSocket logins meanwhile.
//
// CHAT_TEST_LONG=1 makes it last: ten times as many forged logins, and a minute of reloads.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect, refusalOf } from '../e2e/client.js';
import { chatOf, newIds, useStage } from '../e2e/stage.js';
import { ended, start } from '../stack/children.js';
import { signJwt, signName } from '../stack/tokens.js';
import { makeFolder, serviceUser } from '../stack/users.js';
import { SLOW, until } from '../stack/wait.js';

const LONG = process.env.CHAT_TEST_LONG === '1';
const FORGED = LONG ? 10000 : 1000;
const AT_ONCE = 40;
const SECRET = 'the secret of these tests, long enough';
const OTHER = 'a secret that this broker never had at all';

/** @param {import('../stack/broker.js').Broker} broker */
const reloadsOf = (broker) => broker.log().split('Reloading config').length - 1;

/**
 * Reloads again and again while `work` goes on: from a process of its own, as this one is busy.
 * @param {import('../stack/broker.js').Broker} broker
 * @param {() => Promise<unknown>} work
 * @param {() => void} [each]
 */
async function whileReloading(broker, work, each = () => {}) {
	const hangup = await start('sh', ['-c', 'while kill -HUP "$0" 2>/dev/null; do sleep 0.002; done', String(broker.pid)]);
	const timer = setInterval(each, 5);
	try {
		await work();
	} finally {
		clearInterval(timer);
		hangup.signal('SIGKILL');
		await ended('the process that sends SIGHUP', hangup);
	}
}

describe('a reload under load', () => {
	const stage = useStage({ secrets: [SECRET], options: { rate_limit: 0 } });

	test(`lets in none of ${FORGED} forged logins over WebSockets, and throws nobody out`, async (t) => {
		const { broker } = stage;
		const couple = await stage.couple({ transport: 'ws' });
		const { ann, bob, chat } = couple;
		const [expired, ordinary] = newIds(2);
		// Tokens that have expired, of somebody who was here with them: as the broker knows them, too.
		const old = signJwt(SECRET, { sub: expired, exp: Math.floor(Date.now() / 1000) - 22 });
		const was = await connect({ broker, id: expired, username: '', password: old, clientId: 'expired', version: 5, properties: { sessionExpiryInterval: 600 } });
		await was.destroy();
		await until('the token to have expired', () => refusalOf({ broker, username: '', password: old }).catch(() => null), { every: 300 });
		const now = Math.floor(Date.now() / 1000);
		const forgeries = [
			() => ({ ...signName(OTHER, ann.id, 'forged') }),
			() => ({ username: '', password: signJwt(OTHER, { sub: ann.id, exp: now + 3600 }) }),
			() => ({ username: `chat:${ann.id}`, password: signJwt(OTHER, { sub: ann.id, exp: now + 3600 }) }),
			() => ({ username: `chat:${expired}`, password: old, clientId: 'expired', clean: false, version: /** @type {const} */ (5) }),
			() => ({ username: `chat:${expired}`, password: old, clientId: 'expired', version: /** @type {const} */ (5) }),
			() => ({ username: `chat:${ordinary}`, password: undefined }),
			() => ({ username: `${ann.id}:Ann`, password: signName(SECRET, bob.id, 'Ann').password }),
			() => ({ username: `chat:${ann.id}`, password: 'x', clientId: ann.clientId }),
		];
		let tried = 0;
		let said = 0;
		await whileReloading(broker, async () => {
			while (tried < FORGED) {
				await Promise.all(Array.from({ length: AT_ONCE }, (_, n) =>
					refusalOf({ broker, transport: 'ws', ...forgeries[(tried + n) % forgeries.length]() })));
				tried += AT_ONCE;
				await ann.say(chat, String(++said));
				assert.equal((await bob.next(chat, 'message')).text, String(said));
			}
		});
		assert.ok(reloadsOf(broker) > 20);
		assert.ok(ann.connected() && bob.connected());
		await ann.none(null);
		await bob.none(null);
		t.diagnostic(`reload: ${tried} forged logins, 0 got in, ${reloadsOf(broker)} reloads, ${said} messages`);
	});

	test('and with secrets that come, go and are broken, leaves every live token alone', async (t) => {
		const broker = await stage.another({ secrets: [SECRET], options: { rate_limit: 0 } });
		const people = newIds(6);
		const clients = [];
		for (const [n, id] of people.entries()) {
			for (const version of /** @type {(4 | 5)[]} */ ([4, 5])) {
				const login = n % 2 ? {} : { username: '', password: signJwt(SECRET, { sub: id, exp: Math.floor(Date.now() / 1000) + 3600 }) };
				clients.push(await connect({ broker, id, version, transport: n % 3 ? 'ws' : 'tcp', ...login }));
			}
		}
		const chat = chatOf(people[0], people[1]);
		for (const client of clients.slice(0, 4)) {
			await client.join(chat);
		}
		for (const client of clients.slice(0, 4)) {
			await client.fence();
			client.take(null);
		}
		let turn = 0;
		const files = [[SECRET], [SECRET, OTHER], [OTHER], 'short', '', [SECRET]];
		let said = 0;
		const end = Date.now() + (LONG ? 60000 : 3000) * SLOW;
		await whileReloading(broker, async () => {
			while (Date.now() < end) {
				await clients[0].say(chat, String(++said));
				assert.equal((await clients[3].next(chat, 'message')).text, String(said));
			}
		}, () => broker.writeSecrets(files[turn++ % files.length]));
		for (const client of clients) {
			assert.ok(client.connected(), client.clientId);
			await client.fence();
		}
		for (const client of clients.slice(1, 3)) {
			assert.equal(client.take(chat, 'message').length, said);
		}
		// And nobody has come or gone in the eyes of the others.
		clients[0].mustLack(chat, 'presence_diff');
		t.diagnostic(`reload: ${reloadsOf(broker)} reloads, ${said} messages, ${clients.length} clients, nobody thrown out`);
	});

	test('with expired tokens connected disconnects those, once their time is up, and nobody else', async () => {
		const broker = await stage.another({ secrets: [SECRET] });
		const [lasting, ...ending] = newIds(9);
		const stays = await connect({ broker, id: lasting });
		const clients = [];
		for (const [n, id] of ending.entries()) {
			// The leeway of 30 s is nearly over, but not while they log in.
			const password = signJwt(SECRET, { sub: id, exp: Math.floor(Date.now() / 1000) - 20 });
			clients.push(await connect({
				broker, id, username: '', password, version: n % 2 ? 5 : 4, transport: n % 3 ? 'ws' : 'tcp', ...(n === 1 || n === 3 ? { properties: { sessionExpiryInterval: 600 } } : {}),
			}));
		}
		await stays.enterLobby();
		await whileReloading(broker, () => Promise.all(clients.map((client) => client.ended(60000))));
		assert.ok(stays.connected() && broker.alive());
		await stays.fence();
		assert.equal((await broker.stop()).code, 0);
	});
});

describe('sessions that the broker has kept over its own restart', () => {
	const stage = useStage();

	test('are left alone by a reload, and so is the broker', async () => {
		const store = join(stage.dir, 'persistence');
		mkdirSync(store);
		makeFolder(serviceUser('mosquitto'), store);
		const conf = `persistence true\npersistence_location ${store}/`;
		const [first, second] = newIds(2);
		const before = await stage.another({ conf });
		for (const transport of /** @type {const} */ (['tcp', 'ws'])) {
			const client = await connect({
				broker: before, id: first, version: 5, transport, clientId: `kept by ${transport}`, properties: { sessionExpiryInterval: 600 },
			});
			await client.subscribe(`chat/${first}/${second}`);
			await client.destroy();
		}
		assert.equal((await before.stop()).code, 0);

		const after = await stage.another({ conf });
		for (let round = 0; round < 3; round++) {
			const count = reloadsOf(after);
			after.reload();
			await until('the broker to reload', () => reloadsOf(after) > count || !after.alive());
			assert.ok(after.alive(), after.log());
			const client = await connect({ broker: after, id: second });
			await client.fence();
			await client.end();
		}
		assert.equal((await after.stop()).code, 0);
	});
});
