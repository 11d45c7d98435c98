// Who is connecting: the two forms of a token, and each way in which one is refused.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { signJwt, signName } from '../stack/tokens.js';
import { until } from '../stack/wait.js';
import { WAYS, connect, refusalOf, wayName } from './client.js';
import { chatOf, newIds, useStage } from './stage.js';

const FIRST = 'the first secret, long enough to be one';
const SECOND = 'the second secret, also live for a while';
const FOREIGN = 'a secret that nobody has told the plugin';

const CONNACK = /** @type {Record<number, number>} */ ({ 4: 5, 5: 0x87 });

const now = () => Math.floor(Date.now() / 1000);

/** @param {object} [claims] */
const claimsOf = (claims) => ({ sub: 'jane', exp: now() + 3600, ...claims });

/** @param {string} text */
const unpadded = (text) => text.replace(/=+$/, '');

/** @param {string} text */
const urlSafe = (text) => text.replaceAll('+', '-').replaceAll('/', '_');

/** A signed name whose password has both characters that differ between the alphabets. */
function telltaleName() {
	for (let n = 0; ; n++) {
		const login = signName(FIRST, 'alphabet', `name ${n}`);
		if (login.password.includes('+') && login.password.includes('/')) {
			return login;
		}
	}
}

/**
 * The HMAC of any digest over header and claims.
 * @param {string} digest
 * @param {object} header
 */
function jwtSignedWith(digest, header) {
	const signed = [header, claimsOf({})].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
	return `${signed}.${createHmac(digest, FIRST).update(signed).digest('base64url')}`;
}

/** @param {number} length a token of exactly so many characters */
function jwtOfLength(length) {
	const exp = now() + 3600;
	for (let header = 0; header < 4; header++) {
		for (let claims = Math.floor(length * 3 / 4) - 200; ; claims++) {
			const token = signJwt(FIRST, { sub: 'long', exp, pad: 'x'.repeat(claims) }, { alg: 'HS256', pad: 'y'.repeat(header) });
			if (token.length === length) {
				return token;
			}
			if (token.length > length) {
				break;
			}
		}
	}
	throw new Error(`no token of ${length} characters`);
}

describe('logins', () => {
	const stage = useStage({ secrets: [FIRST, SECOND] });

	/**
	 * Whether the plugin knows this login as that user with that name.
	 * @param {object} login
	 * @param {string} id
	 * @param {string} name
	 */
	async function loginIs(login, id, name) {
		const client = await connect({ broker: stage.broker, id, transport: 'tcp', ...login });
		const chat = chatOf(id, id === '0' ? '1' : '0');
		const { presence } = await client.join(chat);
		assert.deepEqual(presence.users, { [id]: { name } });
		await client.end();
	}

	/**
	 * By TCP, which connects faster; that WebSockets are no different is tested apart.
	 * @param {object} login
	 */
	async function isRefused(login) {
		for (const version of /** @type {(4 | 5)[]} */ ([4, 5])) {
			assert.equal(await refusalOf({ broker: stage.broker, version, transport: 'tcp', ...login }), CONNACK[version]);
		}
	}

	/**
	 * @param {object | string} claims
	 * @param {object | string} [header]
	 */
	const jwt = (claims, header) => ({ username: '', password: signJwt(FIRST, claims, header) });

	describe('with a signed name', () => {
		for (const way of WAYS) {
			test(`is accepted by ${wayName(way)}`, async () => {
				const [id] = newIds(1);
				const client = await stage.connect({ id, name: 'Ann', ...way });
				assert.equal((await client.enterLobby()).total, 0);
			});

			test(`is refused by ${wayName(way)} when another secret signed it`, async () => {
				const code = await refusalOf({ broker: stage.broker, id: '1', secret: FOREIGN, ...way });
				assert.equal(code, CONNACK[way.version]);
			});
		}

		test('is accepted with each live secret', async () => {
			for (const secret of [FIRST, SECOND]) {
				await loginIs(signName(secret, '5', 'Eve'), '5', 'Eve');
			}
		});

		test('is split at the first colon, so a name may have colons', async () => {
			await loginIs(signName(FIRST, '6', 'a:b::c'), '6', 'a:b::c');
		});

		test('may have an empty name', async () => {
			await loginIs(signName(FIRST, '7', ''), '7', '');
		});

		test('may have a name of 128 bytes in any script, and no more', async () => {
			const name = `${'é'.repeat(60)}${'名'.repeat(2)}xx`;
			assert.equal(Buffer.byteLength(name), 128);
			await loginIs(signName(FIRST, '8', name), '8', name);
			await isRefused(signName(FIRST, '8', `${name}x`));
			await isRefused(signName(FIRST, '8', `${'é'.repeat(64)}x`));
		});

		test('may use either alphabet, with or without its padding', async () => {
			const { username, password } = telltaleName();
			const [id, name] = username.split(':');
			for (const form of [password, unpadded(password), urlSafe(password), urlSafe(unpadded(password))]) {
				await loginIs({ username, password: form }, id, name);
			}
		});

		test('may end with one newline, as some encoders leave it, but not with two', async () => {
			const { username, password } = signName(FIRST, '9', 'Ruby');
			await loginIs({ username, password: `${password}\n` }, '9', 'Ruby');
			await loginIs({ username, password: `${unpadded(password)}\n` }, '9', 'Ruby');
			await isRefused({ username, password: `${password}\n\n` });
		});

		test('is refused when the signature is of another id or another name', async () => {
			const { password } = signName(FIRST, '10', 'Ann');
			await isRefused({ username: '11:Ann', password });
			await isRefused({ username: '10:ann', password });
			await isRefused({ username: '10:Ann ', password });
			await isRefused({ username: '1:0Ann', password });
		});

		test('is refused when a character of the signature is wrong or missing', async () => {
			const { username, password } = signName(FIRST, '12', 'Ann');
			for (const at of [0, 20, 41]) {
				const other = password[at] === 'A' ? 'B' : 'A';
				await isRefused({ username, password: password.slice(0, at) + other + password.slice(at + 1) });
			}
			await isRefused({ username, password: password.slice(1) });
			await isRefused({ username, password: password.slice(0, 42) });
			await isRefused({ username, password: `A${password}` });
			await isRefused({ username, password: '' });
		});

		test('is refused without a password', async () => {
			await isRefused({ username: '12:Ann', password: undefined });
		});

		test('may have any id of the alphabet, of up to 64 characters', async () => {
			for (const id of ['Az_.@~=-09', 'x'.repeat(64), '0', '=', '-', '.', '007', 'a@b.example']) {
				await loginIs(signName(FIRST, id, 'N'), id, 'N');
			}
		});

		test('is refused with an id that is none', async () => {
			for (const id of ['', 'x'.repeat(65), 'a b', 'a/b', 'a+', '#', 'é', 'a,b', 'a*', 'a"b', '$a', '%31', '名', 'a%']) {
				await isRefused(signName(FIRST, id, 'N'));
			}
		});

		test('tells 1 and 01 apart', async () => {
			const one = await stage.connect({ id: '1' });
			const other = await stage.connect({ id: '01' });
			await one.join('chat/1/01');
			const { presence } = await other.join('chat/1/01');
			assert.deepEqual(Object.keys(presence.users).sort(), ['01', '1']);
			assert.ok(await one.subscribe('user/01') >= 0x80);
		});
	});

	describe('with a JWT', () => {
		for (const way of WAYS) {
			test(`is accepted by ${wayName(way)}`, async () => {
				const [id] = newIds(1);
				const client = await stage.connect({ ...way, id, username: '', password: signJwt(SECOND, claimsOf({ sub: id })) });
				assert.equal((await client.enterLobby()).total, 0);
			});

			test(`is refused by ${wayName(way)} when another secret signed it`, async () => {
				const code = await refusalOf({ broker: stage.broker, username: '', password: signJwt(FOREIGN, claimsOf({})), ...way });
				assert.equal(code, CONNACK[way.version]);
			});
		}

		test('gives the name of its claim, or else the id', async () => {
			await loginIs(jwt(claimsOf({ name: 'Jane: D\u00fc' })), 'jane', 'Jane: D\u00fc');
			await loginIs(jwt(claimsOf({ name: '' })), 'jane', '');
			await loginIs(jwt(claimsOf({})), 'jane', 'jane');
		});

		test('takes the name in escapes as well', async () => {
			await loginIs(jwt(`{"sub":"jane","exp":${now() + 60},"name":"\\u00e9\\ud83d\\ude00"}`), 'jane', 'é😀');
		});

		test('takes an integer subject as its digits', async () => {
			for (const sub of [0, 42, Number.MAX_SAFE_INTEGER]) {
				await loginIs(jwt(claimsOf({ sub })), String(sub), String(sub));
			}
		});

		test('is refused with a subject that is no id', async () => {
			const exp = now() + 3600;
			for (const sub of ['-1', '1.5', '1.0', '1e3', '9007199254740992', 'true', 'null', '["1"]', '{}', '""', '"a b"', '"a/b"', '"a:b"', `"${'x'.repeat(65)}"`]) {
				await isRefused(jwt(`{"sub":${sub},"exp":${exp}}`));
			}
			await isRefused(jwt({ exp }));
		});

		test('may come with the id as the username, and with no other', async () => {
			const { password } = jwt(claimsOf({}));
			await loginIs({ username: 'jane', password }, 'jane', 'jane');
			await isRefused({ username: 'Jane', password });
			await isRefused({ username: 'jane:', password });
			await isRefused({ username: 'jane:Jane', password });
			await isRefused({ username: 'joe', password });
		});

		test('needs a time of expiry, which may have passed by the leeway', async () => {
			await isRefused(jwt({ sub: 'jane' }));
			await loginIs(jwt(claimsOf({ exp: now() + 1000.5 })), 'jane', 'jane');
			await loginIs(jwt(claimsOf({ exp: now() - 10 })), 'jane', 'jane');
			await isRefused(jwt(claimsOf({ exp: now() - 40 })));
			await isRefused(jwt(claimsOf({ exp: 0 })));
		});

		test('is not yet accepted before its time, but for the leeway', async () => {
			await loginIs(jwt(claimsOf({ nbf: now() - 1000 })), 'jane', 'jane');
			await loginIs(jwt(claimsOf({ nbf: now() + 15, iat: now() })), 'jane', 'jane');
			await isRefused(jwt(claimsOf({ nbf: now() + 100 })));
		});

		test('is refused with times that are not numbers', async () => {
			for (const claim of ['exp', 'nbf', 'iat']) {
				for (const value of [String(now()), null, true, [], {}]) {
					await isRefused(jwt(claimsOf({ [claim]: value })));
				}
			}
		});

		test('is refused when its name is not one', async () => {
			for (const name of [7, null, [], 'x'.repeat(129), 'é'.repeat(65), 'a\nb', 'a\u001fb', 'a\u007fb', '\u0001']) {
				await isRefused(jwt(claimsOf({ name })));
			}
		});

		test('does not look at the audience unless configured', async () => {
			await loginIs(jwt(claimsOf({ aud: 'somebody else' })), 'jane', 'jane');
		});

		test('is accepted with claims and header members of others', async () => {
			await loginIs(jwt(claimsOf({ role: 'x', nested: { a: [1, null] } }), { alg: 'HS256', kid: '1' }), 'jane', 'jane');
		});

		test('is refused unless its header says HS256', async () => {
			for (const header of [{}, { typ: 'JWT' }, ...['none', 'None', 'RS256', 'HS384', 'HS512', 'hs256', 'ES256', '', null, 256, ['HS256']].map((alg) => ({ alg }))]) {
				await isRefused(jwt(claimsOf({}), header));
			}
		});

		test('is refused without a signature, whatever the header says', async () => {
			const unsigned = jwt(claimsOf({}), { alg: 'none' }).password.replace(/[^.]+$/, '');
			await isRefused({ username: '', password: unsigned });
			await isRefused({ username: 'jane', password: unsigned });
			await isRefused({ username: '', password: unsigned.slice(0, -1) });
		});

		test('is refused with a signature of another length', async () => {
			await isRefused({ username: '', password: jwtSignedWith('sha512', { alg: 'HS512' }) });
			await isRefused({ username: '', password: jwtSignedWith('sha384', { alg: 'HS384' }) });
			await isRefused({ username: '', password: jwtSignedWith('sha512', { alg: 'HS256' }) });
			const { password } = jwt(claimsOf({}));
			await isRefused({ username: '', password: password.slice(0, -1) });
			await isRefused({ username: '', password: `${password}AA` });
		});

		test('is refused when claims or signature belong to another token', async () => {
			const mine = jwt(claimsOf({ sub: 'me' })).password.split('.');
			const theirs = jwt(claimsOf({ sub: 'them' })).password.split('.');
			await isRefused({ username: '', password: [mine[0], theirs[1], mine[2]].join('.') });
		});

		test('is refused with critical headers', async () => {
			await isRefused(jwt(claimsOf({}), { alg: 'HS256', crit: ['exp'] }));
			await isRefused(jwt(claimsOf({}), { alg: 'HS256', crit: [] }));
		});

		test('may be 4 KiB long, and no longer', async () => {
			await loginIs({ username: '', password: jwtOfLength(4096) }, 'long', 'long');
			await isRefused({ username: '', password: jwtOfLength(4097) });
		});

		test('is refused with claims or header that are not one strict JSON object', async () => {
			const good = JSON.stringify(claimsOf({})).slice(1, -1);
			for (const claims of [
				`{${good},"sub":"joe"}`, `{${good},"x":1,"x":1}`, `{${good},"s\\u0075b":"joe"}`,
				`{${good}}{}`, `{${good}} x`, `[{${good}}]`, `{${good},}`, `{${good}`, '"jane"', 'null',
				`{${good},"x":"\\ud800"}`, `{${good},"x":"\\u0000"}`, `{${good},"\\u0000":1}`, `{${good},"x":"a\tb"}`,
			]) {
				await isRefused(jwt(claims));
			}
			for (const header of ['{"alg":"HS256","alg":"HS256"}', '{"alg":"none","alg":"HS256"}', '{"alg":"HS256"}x', '["HS256"]', '{"alg":"HS256","x":"\\udfff"}']) {
				await isRefused(jwt(claimsOf({}), header));
			}
		});

		test('is refused with claims that are not UTF-8', async () => {
			const claims = Buffer.from(JSON.stringify(claimsOf({ name: 'J?' })).replace('?', '\xff'), 'latin1');
			const signed = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${claims.toString('base64url')}`;
			const password = `${signed}.${createHmac('sha256', FIRST).update(signed).digest('base64url')}`;
			await isRefused({ username: '', password });
		});
	});

	describe('by any token', () => {
		for (const way of WAYS) {
			test(`ask for a clean session with ${wayName(way)}`, async () => {
				const [id] = newIds(1);
				const code = await refusalOf({ broker: stage.broker, id, clean: false, ...way });
				assert.equal(code, CONNACK[way.version]);
			});
		}

		test('may keep a session that starts clean on MQTT 5', async () => {
			const [id] = newIds(1);
			const client = await stage.connect({ id, version: 5, properties: { sessionExpiryInterval: 60 } });
			assert.equal((await client.enterLobby()).total, 0);
		});

		test('are known to the broker as chat: and the id', async () => {
			const [id] = newIds(1);
			const signed = await stage.connect({ id, name: 'a name' });
			const token = await stage.connect({ id, username: '', password: signJwt(FIRST, claimsOf({ sub: id })) });
			for (const { clientId } of [signed, token]) {
				const line = stage.broker.log().split('\n').find((it) => it.includes(` as ${clientId} `));
				assert.match(String(line), new RegExp(`u'chat:${id}'`));
			}
		});

		test('that are refused are logged with the user that they claim and the address', async () => {
			const [id] = newIds(1);
			const login = { username: '', password: signJwt(FOREIGN, claimsOf({ sub: id })), clientId: `refused-${id}` };
			// More than once: there is a limit on the lines of a second.
			await until('the line', async () => {
				await isRefused(login);
				return stage.broker.log().includes(`chat: ${id} from 127.0.0.1 (refused-${id}): login refused: `);
			});
		});

		test('leave neither token nor secret in the log', async () => {
			const [id] = newIds(1);
			const good = signName(FIRST, id, 'Ann');
			const bad = signName(FOREIGN, id, 'Ann');
			const expired = signJwt(FIRST, claimsOf({ exp: 1 }));
			await (await stage.connect({ id, ...good })).end();
			await isRefused(bad);
			await isRefused({ username: '', password: expired });
			for (const word of [FIRST, SECOND, good.password, bad.password, expired, expired.split('.')[2]]) {
				assert.ok(!stage.broker.log().includes(word));
			}
		});
	});

	describe('whose JWT expires', () => {
		/** So long before now that it expires, leeway included, in a moment: one that a slow machine needs to log all of them in. */
		const ALMOST = 20;

		test('are disconnected, on MQTT 5 with the reason', async () => {
			const [first, second, watcher] = newIds(3);
			const exp = () => now() - ALMOST;
			const five = await stage.connect({ id: first, version: 5, username: '', password: signJwt(FIRST, { sub: first, exp: exp() }) });
			const four = await stage.connect({ id: second, version: 4, transport: 'tcp', username: '', password: signJwt(FIRST, { sub: second, exp: exp() }) });
			const peer = await stage.connect({ id: watcher });
			await peer.join(`chat/${first}/${watcher}`);
			await five.join(`chat/${first}/${watcher}`);
			await four.enterLobby();
			assert.equal(await five.ended(), 0x98);
			await four.ended();
			await peer.next(`chat/${first}/${watcher}`, (event) => event.event === 'presence_diff' && first in event.leaves);
			await peer.fence();
		});
	});

	describe('of a client identifier that is open', () => {
		const clientId = 'somebody has this one open';

		test('are refused to another user, and leave the owner alone', async () => {
			const [owner, other, peer] = newIds(3);
			const mine = await stage.connect({ id: owner, clientId });
			const chat = `chat/${owner}/${peer}`;
			await mine.join(chat);
			for (const way of WAYS) {
				assert.equal(await refusalOf({ broker: stage.broker, id: other, clientId, ...way }), CONNACK[way.version]);
			}
			assert.equal((await mine.say(chat, 'still here')).seq, 1);
		});

		test('are refused with a forged token, and leave the owner alone', async () => {
			const [owner, peer] = newIds(2);
			const mine = await stage.connect({ id: owner, clientId, version: 5, transport: 'tcp' });
			const chat = `chat/${owner}/${peer}`;
			await mine.join(chat);
			for (const way of WAYS) {
				assert.equal(await refusalOf({ broker: stage.broker, id: owner, secret: FOREIGN, clientId, ...way }), CONNACK[way.version]);
				assert.equal(await refusalOf({ broker: stage.broker, username: undefined, password: undefined, clientId, ...way }), CONNACK[way.version]);
			}
			assert.equal((await mine.say(chat, 'still here')).seq, 1);
		});

		for (const way of WAYS) {
			test(`take it over for the same user by ${wayName(way)}`, async () => {
				const [owner, peer] = newIds(2);
				const before = await stage.connect({ id: owner, clientId });
				const after = await stage.connect({ id: owner, clientId, ...way });
				await before.ended();
				await after.join(`chat/${owner}/${peer}`);
				assert.equal((await after.say(`chat/${owner}/${peer}`, 'here now')).seq, 1);
			});
		}

		test('are free to anybody once it is closed', async () => {
			const [owner, other] = newIds(2);
			const mine = await stage.connect({ id: owner, clientId: 'used twice' });
			await mine.end();
			const theirs = await stage.connect({ id: other, clientId: 'used twice' });
			assert.equal((await theirs.enterLobby()).total, 0);
			await theirs.destroy();
			const again = await stage.connect({ id: owner, clientId: 'used twice', transport: 'tcp' });
			assert.equal((await again.enterLobby()).total, 0);
		});
	});
});

describe('logins where signed names are off', () => {
	const stage = useStage({ secrets: [FIRST], options: { signed_names: 'false' }, database: false });

	test('are refused with a signed name and accepted with a JWT', async () => {
		assert.equal(await refusalOf({ broker: stage.broker, id: '1', version: 4 }), 5);
		assert.equal(await refusalOf({ broker: stage.broker, id: '1', version: 5 }), 0x87);
		await stage.connect({ id: '1', username: '', password: signJwt(FIRST, claimsOf({ sub: '1' })) });
	});
});

describe('logins where an audience is asked for', () => {
	const stage = useStage({ secrets: [FIRST], options: { jwt_audience: 'the chat' }, database: false });
	/** @param {object} claims */
	const login = (claims) => ({ username: '', password: signJwt(FIRST, claimsOf(claims)) });

	test('have it as a string or in an array', async () => {
		for (const aud of ['the chat', ['the chat'], ['another', 'the chat']]) {
			await (await stage.connect({ id: 'jane', ...login({ aud }) })).end();
		}
	});

	test('are refused without it', async () => {
		for (const claims of [{}, { aud: '' }, { aud: 'another' }, { aud: 'the chat ' }, { aud: [] }, { aud: ['another'] }, { aud: null }, { aud: 7 }, { aud: { 'the chat': true } }]) {
			assert.equal(await refusalOf({ broker: stage.broker, ...login(claims) }), 5);
		}
	});

	test('do not need it in a signed name', async () => {
		await stage.connect({ id: '1' });
	});
});
