import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signJwt, signName } from '../../../tests/stack/tokens.js';
import { readToken } from '../../src/token.js';

const SECRET = 'a secret for tests, of 32 bytes and more';

test('a JWT says who, until when, and for how long', () => {
	const token = signJwt(SECRET, { sub: '42', name: 'Änn', iat: 1000, exp: 1600 });
	assert.deepEqual(readToken(` ${token}\n`), { text: token, id: '42', name: 'Änn', expires: 1600000, lifetime: 600000 });
});

test('a number is an id, and without a name the id is it', () => {
	const { id, name, lifetime } = /** @type {any} */ (readToken(signJwt(SECRET, { sub: 7, exp: 1600.5 })));
	assert.deepEqual([id, name, lifetime], ['7', '7', Infinity]);
});

test('a signature says nothing but that it is one', () => {
	const { password } = signName(SECRET, '1', 'Ann');
	for (const text of [password, password.replace('=', ''), password.replaceAll('+', '-').replaceAll('/', '_')]) {
		assert.deepEqual(readToken(text), { text, id: null, name: null, expires: Infinity, lifetime: Infinity });
	}
});

test('everything else is none', () => {
	const jwt = signJwt(SECRET, { sub: '1', exp: 1 });
	for (const text of [
		'', 'token', '<!DOCTYPE html>', null, undefined, 5, {}, `${jwt}.x`, jwt.replace('.', ''), `.${jwt.split('.')[1]}.x`,
		signJwt(SECRET, { sub: '1' }), signJwt(SECRET, { exp: 1 }), signJwt(SECRET, { sub: 'a b', exp: 1 }),
		signJwt(SECRET, { sub: '1', exp: '1' }), signJwt(SECRET, '[]'), signJwt(SECRET, 'null'), signJwt(SECRET, '{'),
	]) {
		assert.equal(readToken(text), null, String(text));
	}
});
