// The files for host applications, each in its own language: they sign what the vectors sign and what the
// plugin accepts.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { startBroker } from '../../../tests/stack/broker.js';
import { scratchFolder } from '../../../tests/stack/folder.js';
import { within } from '../../../tests/stack/wait.js';
import { bytesOf, loadVectors } from '../../../tests/vectors/bytes.js';
import { LANGUAGES } from './languages.js';

const TIMEOUT = 120000;
const VECTORS = loadVectors('tokens.json');
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
function missing({ program, options, there }) {
	const { status } = spawnSync(program, [...options, there], { timeout: TIMEOUT });
	return status === 0 ? false : `there is no ${program} with what its file needs`;
}

/**
 * @param {typeof LANGUAGES[string]} language
 * @param {[string, unknown[]][]} calls
 * @param {string} [secret]
 * @returns {any[]}
 */
function call({ program, options, code, env }, calls, secret = SECRET) {
	const { status, stdout, stderr } = spawnSync(program, [...options, code], {
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
			['jwt_for', ['1', 'Ann', NOW, 'chat', 60]],
			['jwt', ['1', 'é'.repeat(200), NOW]],
		]);
		assert.deepEqual(claimsOf(plain), { sub: '1', name: 'Ann', iat: NOW, exp: NOW + 3600 });
		assert.equal(claimsOf(odd).name, 'Ben: the "second" \\ of \'us\' <b> Zoë 🎉 ');
		assert.equal(claimsOf(number).sub, '42');
		assert.deepEqual(claimsOf(aimed), { sub: '1', name: 'Ann', iat: NOW, exp: NOW + 60, aud: 'chat' });
		assert.equal(claimsOf(cut).name, 'é'.repeat(64));
	});

	test(`${name}_takes_a_missing_name_for_an_empty_one`, options, () => {
		const [jwt, [username]] = call(language, [['jwt', ['1', null, NOW]], ['signed_name', ['1', null]]]);
		assert.deepEqual([claimsOf(jwt).name, username], ['', '1:']);
	});

	test(`${name}_has_no_user_without_an_id`, options, () => {
		for (const result of call(language, [['jwt', [null, 'Ann', NOW]], ['signed_name', [null, 'Ann']], ['jwt', ['', 'Ann', NOW]]])) {
			assert.ok(result.error, JSON.stringify(result));
		}
	});

	test(`${name}_reads_a_secret_as_the_plugin_does`, options, () => {
		const { environment } = loadVectors('secrets.json');
		const results = call(language, environment.map((/** @type {any} */ { value }) =>
			['signed_name_with', [bytesOf(value).toString(), '1', 'Ann']]));
		for (const [i, { why, secret }] of environment.entries()) {
			if (secret === undefined) {
				assert.match(results[i].error ?? 'accepted', /CHAT_SECRET has to be .* 32 bytes/, why);
			} else {
				assert.deepEqual(results[i], ['1:Ann', hmac('1:Ann', bytesOf(secret).toString()).toString('base64')], why);
			}
		}
	});
}

describe('a broker that asks for an audience', () => {
	/** @type {import('../../../tests/stack/broker.js').Broker} */
	let broker;
	before(async () => {
		// Nobody listens on the discard port: logins need no database.
		broker = await startBroker({
			dir: scratchFolder('host'), secrets: [SECRET], options: { jwt_audience: 'the chat' }, conninfo: 'host=127.0.0.1 port=9 dbname=chat user=chat_plugin',
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
				/** @type {[string, unknown[]][]} */ ([['signed_name', [id, person]], ['jwt_for', [id, person, now, 'the chat', 60]]])));
			for (const result of results) {
				await logIn(Array.isArray(result) ? { username: result[0], password: result[1] } : { username: '', password: result });
			}
			const forged = results[0][1].replace(/^./, (/** @type {string} */ it) => (it === 'A' ? 'B' : 'A'));
			await assert.rejects(logIn({ username: results[0][0], password: forged }), /Not authorized|closed/);
			const [aimless] = call(language, [['jwt', ['1', 'Ann', now]]]);
			await assert.rejects(logIn({ username: '1', password: aimless }), /Not authorized|closed/);
		});
	}
});
