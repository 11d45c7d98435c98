// The helpers for host applications: they sign what the vectors sign and what the plugin accepts.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { startBroker } from '../../../tests/stack/broker.js';
import { scratchFolder } from '../../../tests/stack/folder.js';
import { within } from '../../../tests/stack/wait.js';
import { LANGUAGES } from './languages.js';

const TIMEOUT = 30000;
const VECTORS = JSON.parse(readFileSync(new URL('../../../tests/vectors/tokens.json', import.meta.url), 'utf8'));
const SECRET = VECTORS.secrets[0];
const NOW = VECTORS.now / 1000;

/** @param {string} text @param {string} [secret] */
const hmac = (text, secret = SECRET) => createHmac('sha256', secret).update(text).digest();

/** What of the vectors is written in plain text and signed with our secret as a host signs it. */
const names = VECTORS.logins.filter((/** @type {any} */ it) => typeof it.username === 'string' && it.username.includes(':')
	&& it.password === hmac(it.username).toString('base64'));
const jwts = VECTORS.logins.filter((/** @type {any} */ it) => {
	const signed = typeof it.password === 'string' && typeof it.header === 'string' && typeof it.claims === 'string'
		? `${Buffer.from(it.header).toString('base64url')}.${Buffer.from(it.claims).toString('base64url')}` : null;
	return signed !== null && it.password === `${signed}.${hmac(signed).toString('base64url')}`;
});

/** @param {typeof LANGUAGES[string]} language @returns {string | false} why it is skipped */
function missing({ program }) {
	return spawnSync(program, ['--version'], { timeout: TIMEOUT }).status === 0 ? false : `${program} is not installed`;
}

/**
 * @param {typeof LANGUAGES[string]} language
 * @param {[string, unknown[]][]} calls
 * @param {string} [secret]
 * @returns {any[]}
 */
function call({ program, option, code, env }, calls, secret = SECRET) {
	const { status, stdout, stderr } = spawnSync(program, option === '--input-type=module' ? [option, '-e', code] : [option, code], {
		input: JSON.stringify({ calls }),
		env: { ...process.env, LANG: 'C.UTF-8', ...env, CHAT_SECRET: secret },
		timeout: TIMEOUT,
		encoding: 'utf8',
	});
	assert.equal(status, 0, stderr);
	return JSON.parse(stdout);
}

/** @param {string} jwt */
function claimsOf(jwt) {
	const [header, claims, signature] = jwt.split('.');
	assert.equal(signature, hmac(`${header}.${claims}`).toString('base64url'));
	assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'HS256', typ: 'JWT' });
	return JSON.parse(Buffer.from(claims, 'base64url').toString());
}

/** @param {string} name */
function isGoodName(name) {
	return Buffer.byteLength(name) <= 128 && !/\p{Cc}/u.test(name);
}

test('vectors_have_both_forms', () => {
	assert.ok(names.length > 15, `${names.length} signed names`);
	assert.ok(jwts.length > 30, `${jwts.length} JWTs`);
});

for (const [name, language] of Object.entries(LANGUAGES)) {
	const skip = missing(language);
	const options = { skip, timeout: TIMEOUT };

	test(`${name}_signs_names_as_the_vectors_have_them`, options, () => {
		const results = call(language, names.map((/** @type {any} */ it) => {
			const colon = it.username.indexOf(':');
			return ['signed_name', [it.username.slice(0, colon), it.username.slice(colon + 1)]];
		}));
		names.forEach((/** @type {any} */ { why, username, password, verdict, because }, /** @type {number} */ i) => {
			if (verdict === 'accepted' || because === 'switched off') {
				assert.deepEqual(results[i], [username, password], why);
			} else if (because === 'id') {
				assert.match(results[i].error, /1 to 64/, why);
			} else {
				// A name that the plugin would refuse is made one that it takes.
				assert.equal(because, 'name', why);
				assert.ok(isGoodName(results[i][0].slice(results[i][0].indexOf(':') + 1)), why);
				assert.equal(results[i][1], hmac(results[i][0]).toString('base64'), why);
			}
		});
	});

	test(`${name}_seals_tokens_as_the_vectors_have_them`, options, () => {
		const results = call(language, jwts.map((/** @type {any} */ it) => ['seal', [it.header, it.claims]]));
		jwts.forEach((/** @type {any} */ { why, password }, /** @type {number} */ i) => assert.equal(results[i], password, why));
	});

	test(`${name}_makes_the_claims_that_the_plugin_asks_for`, options, () => {
		const [plain, odd, number, aimed, cut] = call(language, [
			['jwt', ['1', 'Ann', NOW]],
			['jwt', ['ben@example.com', 'Ben: the "second" \\ of \'us\' <b> Zoë 🎉\n', NOW]],
			['jwt', [42, '', NOW]],
			['jwt_for', ['1', 'Ann', NOW, 'chat']],
			['jwt', ['1', 'é'.repeat(200), NOW]],
		]);
		assert.deepEqual(claimsOf(plain), { sub: '1', name: 'Ann', exp: NOW + 3600 });
		assert.equal(claimsOf(odd).name, 'Ben: the "second" \\ of \'us\' <b> Zoë 🎉 ');
		assert.equal(claimsOf(number).sub, '42');
		assert.equal(claimsOf(aimed).aud, 'chat');
		assert.equal(claimsOf(cut).name, 'é'.repeat(64));
	});

	test(`${name}_refuses_a_short_secret`, options, () => {
		for (const result of call(language, [['jwt', ['1', 'Ann', NOW]], ['signed_name', ['1', 'Ann']]], 'too short')) {
			assert.match(result.error, /32 bytes/);
		}
	});

	test(`${name}_gives_a_token_to_whoever_is_logged_in`, options, () => {
		const [good, nobody] = call(language, [['token', [{ id: '7', name: 'Gil' }]], ['token', [null]]]);
		assert.equal(good.status, 200);
		assert.equal(claimsOf(good.body).sub, '7');
		assert.equal(nobody.status, 401);
		assert.equal(nobody.body, '');
		// PHP's command line keeps no headers.
		for (const { head } of [good, nobody].filter(() => name !== 'php')) {
			assert.equal(head['cache-control'], 'no-store');
		}
	});

	test(`${name}_writes_tags_that_nothing_breaks_out_of`, options, () => {
		const [tags] = call(language, [['tags', [{ id: '7', name: '"><script>' }, '/mqtt?a="b"&c=\'<', '/chat/token']]]);
		const metas = tags.split('\n');
		assert.equal(metas.length, 3);
		for (const meta of metas) {
			assert.match(meta, /^<meta name="chat-(url|token|token-url)" content="[^"<>]*">$/);
		}
		assert.ok(!tags.includes(SECRET));
	});
}

describe('a broker with the plugin', () => {
	/** @type {import('../../../tests/stack/broker.js').Broker} */
	let broker;
	before(async () => {
		// Nobody listens on the discard port: logins need no database.
		broker = await startBroker({
			dir: scratchFolder('host'), secrets: [SECRET], conninfo: 'host=127.0.0.1 port=9 dbname=chat user=chat_plugin',
		});
	});
	after(() => broker.stop());

	/** @param {{ username: string, password: string }} login */
	async function logIn(login) {
		const client = mqtt.connect({ protocol: 'mqtt', host: broker.host, port: broker.tcpPort, protocolVersion: 5, reconnectPeriod: 0, ...login });
		try {
			await within('the answer to a CONNECT', new Promise((resolve, reject) => {
				client.once('connect', resolve);
				client.once('error', reject);
				client.once('close', () => reject(new Error('closed')));
			}));
		} finally {
			client.end(true);
		}
	}

	for (const [name, language] of Object.entries(LANGUAGES)) {
		test(`${name}_logs_in_with_both_forms`, { skip: missing(language), timeout: TIMEOUT }, async () => {
			const people = [['1', 'Ann'], ['ben@example.com', 'Ben: "two" \\ \u202e 🎉'], ['__proto__', '\x1b[31m'.repeat(40)], [42, '']];
			const now = Math.floor(Date.now() / 1000);
			const results = call(language, people.flatMap(([id, person]) =>
				/** @type {[string, unknown[]][]} */ ([['signed_name', [id, person]], ['jwt', [id, person, now]]])));
			for (const result of results) {
				await logIn(Array.isArray(result) ? { username: result[0], password: result[1] } : { username: '', password: result });
			}
			const forged = results[0][1].replace(/^./, (/** @type {string} */ it) => (it === 'A' ? 'B' : 'A'));
			await assert.rejects(logIn({ username: results[0][0], password: forged }), /Not authorized|closed/);
		});
	}
});
