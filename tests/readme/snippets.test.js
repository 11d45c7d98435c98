// The programs of js-client/host/README.md that sign logins, run as they stand there, each in its own language.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { bytesOf, loadVectors } from '../vectors/bytes.js';
import { blocks, SIGNING } from './extract.js';
import { LANGUAGES, isThere, sign } from './programs.js';

const TIMEOUT = 60000;
const SECRET = 'a secret that the document shares with its tests';

/** @type {[id: string, name: string][]} */
const PEOPLE = [
	['1', 'Ann'],
	['ben@example.com', 'Ben: the "second" \\ of \'us\''],
	['~x.y_z=', 'Zoë 🎉 漢字'],
	['42', ''],
];

/**
 * The signature by a program that is none of ours.
 * @param {string} text
 * @returns {Buffer}
 */
function opensslHmac(text) {
	const key = Buffer.from(SECRET).toString('hex');
	return execFileSync('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary'],
		{ input: text, timeout: TIMEOUT });
}

/** @param {string} part */
function decode(part) {
	assert.match(part, /^[\w-]+$/);
	return JSON.parse(Buffer.from(part, 'base64url').toString());
}

for (const language of LANGUAGES) {
	const skip = isThere(language) ? false : `${language} is not installed`;

	test(`there_is_one_${language}_program`, () => {
		assert.equal(blocks(SIGNING, language).length, 1);
	});

	test(`signing_${language}_signs_names_as_openssl_does`, { skip, timeout: TIMEOUT }, () => {
		const logins = sign(language, SECRET, PEOPLE);
		const expected = PEOPLE.map(([id, name]) => `${id}:${name}`);
		assert.deepEqual(logins.map(({ username }) => username), expected);
		assert.deepEqual(logins.map(({ password }) => password),
			expected.map((username) => opensslHmac(username).toString('base64')));
	});

	test(`signing_${language}_signs_jwts_for_an_hour`, { skip, timeout: TIMEOUT }, () => {
		const before = Math.floor(Date.now() / 1000);
		const logins = sign(language, SECRET, PEOPLE);
		const after = Math.ceil(Date.now() / 1000);
		for (const [i, [id, name]] of PEOPLE.entries()) {
			const [header, claims, signature] = logins[i].jwt.split('.');
			assert.equal(signature, opensslHmac(`${header}.${claims}`).toString('base64url'));
			assert.equal(decode(header).alg, 'HS256');
			const { iat, exp, ...others } = decode(claims);
			assert.deepEqual(others, { sub: id, name });
			assert.ok(iat >= before && iat <= after, `iat ${iat}`);
			assert.equal(exp, iat + 3600);
		}
	});

	test(`signing_${language}_signs_the_names_of_the_vectors`, { skip, timeout: TIMEOUT }, () => {
		const { secrets, logins } = loadVectors('tokens.json');
		/** @type {any[]} */
		const accepted = logins.filter((/** @type {any} */ it) =>
			it.verdict === 'accepted' && typeof it.username === 'string' && /^[\w+/]{43}=$/.test(it.password));
		assert.ok(accepted.length > 5);
		/** @type {[string, string][]} */
		const people = accepted.map(({ id, name }) => [id, name]);
		const bySecret = secrets.map((/** @type {any} */ secret) => sign(language, bytesOf(secret).toString(), people));
		for (const [i, { why, password }] of accepted.entries()) {
			const passwords = bySecret.map((/** @type {any[]} */ signed) => signed[i].password);
			assert.ok(passwords.includes(password), why);
		}
	});

	test(`readme_${language}_reads_the_secret_as_the_plugin_does`, { skip, timeout: TIMEOUT }, () => {
		const good = loadVectors('secrets.json').environment.filter((/** @type {any} */ it) => it.secret !== undefined);
		assert.ok(good.length > 5);
		for (const { why, value, secret } of good) {
			const [{ password }] = sign(language, bytesOf(value).toString(), [['1', 'Ann']]);
			assert.equal(password, createHmac('sha256', bytesOf(secret)).update('1:Ann').digest('base64'), why);
		}
	});
}
