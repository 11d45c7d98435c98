// What a phone does with a chat, with each library, each version of MQTT and each way to the broker.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, describe, test } from 'node:test';
import { MOSQUITTO } from '../stack/broker.js';
import { freePort } from '../stack/ports.js';
import { signJwt } from '../stack/tokens.js';
import { chatOf, newIds, useStage } from '../e2e/stage.js';
import { is } from '../e2e/inbox.js';
import { makeCertificates } from './certificates.js';
import { LIBRARIES, VERSIONS, endPhones, startPhone } from './phone.js';

const LIFETIME_S = 3600;
const TAKEN_OVER = 0x8e;
/** How the libraries call the end of a connection that nobody gave a reason for. */
const CLOSED = [0, 1, 7];
/** Mosquitto 2.1.2 leaves the old connection open there, without the plugin too. */
const KEEPS_THE_OLD_ONE = /mosquitto version 2\.1/.test(spawnSync(MOSQUITTO, ['-h'], { encoding: 'utf8' }).stdout) ? 'WebSockets over TLS' : '';
const NOT_AUTHORISED = { 3: 5, 4: 5, 5: 0x87 };
const SUBSCRIPTION_REFUSED = { 4: 0x80, 5: 0x87 };

describe('a phone', () => {
	let tlsPort = 0;
	let wssPort = 0;
	let authority = '';
	const stage = useStage({
		async prepare(dir) {
			const files = await makeCertificates(dir);
			authority = files.authority;
			[tlsPort, wssPort] = [await freePort(), await freePort()];
			const secure = [`certfile ${files.certificate}`, `keyfile ${files.key}`];
			return [`listener ${tlsPort} 127.0.0.1`, ...secure, `listener ${wssPort} 127.0.0.1`, 'protocol websockets', ...secure].join('\n');
		},
	});
	afterEach(endPhones);

	/** @type {Record<string, () => { uri: string, authority?: string }>} */
	const WAYS = {
		TCP: () => ({ uri: `tcp://127.0.0.1:${stage.broker.tcpPort}` }),
		WebSockets: () => ({ uri: `ws://127.0.0.1:${stage.broker.wsPort}/mqtt` }),
		TLS: () => ({ uri: `ssl://127.0.0.1:${tlsPort}`, authority }),
		'WebSockets over TLS': () => ({ uri: `wss://127.0.0.1:${wssPort}/mqtt`, authority }),
	};

	for (const [library, command] of Object.entries(LIBRARIES)) {
		const skip = command ? false : `${library} is not installed`;
		for (const [name, version] of Object.entries(VERSIONS)) {
			for (const [way, where] of Object.entries(WAYS)) {
				/** @param {string} id @param {{ clientId?: string, secret?: string }} [more] */
				const phoneOf = (id, { clientId = `phone-${id}`, secret = stage.broker.secrets[0] } = {}) => startPhone({
					command: /** @type {string[]} */ (command),
					version,
					clientId,
					username: id,
					password: signJwt(secret, { sub: id, name: 'Phil', exp: Math.floor(Date.now() / 1000) + LIFETIME_S }),
					...where(),
				});

				describe(`with ${library}, MQTT ${name}, ${way}`, { skip }, () => {
					test('chats', async () => {
						const [a, p] = newIds(2);
						const chat = chatOf(a, p);
						const ann = await stage.connect({ id: a, name: 'Ann' });
						await ann.join(chat);
						await ann.say(chat, 'are you there?');

						const phone = phoneOf(p);
						await phone.said('connected');
						await phone.tell(`subscribe user/${p}`);
						const unread = await phone.next(`user/${p}`, 'unread');
						assert.deepEqual([unread.total, unread.chats[0].last.text], [1, 'are you there?']);

						await phone.tell(`subscribe ${chat}`);
						assert.equal((await phone.next(chat, 'history')).messages.length, 1);
						assert.deepEqual((await phone.next(chat, 'presence_state')).users, { [a]: { name: 'Ann' }, [p]: { name: 'Phil' } });

						const text = 'Ja! Zoë 漢字 🎉';
						await phone.tell(`publish ${chat} ${JSON.stringify({ event: 'message', text, ref: 'r1' })}`);
						const echo = await phone.next(chat, is('message', { ref: 'r1' }));
						assert.deepEqual([echo.seq, echo.user_id, echo.text], [2, p, text]);
						assert.equal((await ann.next(chat, is('message', { ref: 'r1' }))).text, text);
						await phone.tell(`publish ${chat} {"event":"read","seq":2}`);
						assert.equal((await ann.next(chat, is('read', { user_id: p }))).seq, 2);

						await phone.tell(`unsubscribe ${chat}`);
						await ann.say(chat, 'are you gone?');
						const { message, name: sender } = await phone.next(`user/${p}`, 'notification');
						assert.deepEqual([message.seq, message.text, sender], [3, 'are you gone?', 'Ann']);
					});

					test('takes its place over after a change of network', async () => {
						const [a, p] = newIds(2);
						const chat = chatOf(a, p);
						const ann = await stage.connect({ id: a, name: 'Ann' });
						await ann.join(chat);
						const before = phoneOf(p);
						await before.said('connected');
						await before.tell(`subscribe ${chat}`);
						await before.next(chat, 'history');
						await ann.next(chat, (event) => p in (event.joins ?? {}));

						const after = phoneOf(p);
						await after.said('connected');
						if (way !== KEEPS_THE_OLD_ONE) {
							// Mosquitto 2.0.11 closes without a word; 2.0.22 and 2.1.2 tell MQTT 5 why.
							assert.ok([...CLOSED, TAKEN_OVER].includes((await before.said('lost')).code));
						}
						await ann.next(chat, (event) => p in (event.leaves ?? {}));
						await ann.say(chat, 'still there?');
						await after.tell(`subscribe ${chat}`);
						const { messages } = await after.next(chat, 'history');
						await ann.next(chat, (event) => p in (event.joins ?? {}));
						assert.deepEqual(messages.map((/** @type {any} */ it) => it.text), ['still there?']);
						before.mustLack(chat, 'message');
					});

					test('is refused what is not its own', async () => {
						const [a, b, p] = newIds(3);
						const ann = await stage.connect({ id: a, name: 'Ann' });
						await ann.join(chatOf(a, b));
						const phone = phoneOf(p);
						await phone.said('connected');
						const code = await phone.tell(`subscribe ${chatOf(a, b)}`);
						// MQTT 3.1 has no way to say it.
						assert.ok(version === 3 || code === SUBSCRIPTION_REFUSED[version], `${code}`);
						await ann.say(chatOf(a, b), 'for two');
						await phone.tell(`subscribe user/${p}`);
						await phone.next(`user/${p}`, 'unread');
						phone.mustLack(chatOf(a, b));
						const forger = phoneOf(p, { clientId: 'another', secret: 'a secret that is another one than the broker\'s' });
						assert.equal((await forger.said('refused')).code, NOT_AUTHORISED[version]);
					});
				});
			}
		}
	}
});
