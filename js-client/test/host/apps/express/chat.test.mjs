import assert from 'node:assert/strict';
import { test } from 'node:test';

test('gives a token to whoever is logged in', async () => {
	const url = `${process.env.ORIGIN}/chat/token`;
	assert.equal((await fetch(url)).status, 401);
	const headers = { cookie: `user=${encodeURIComponent('{"id":7,"name":"Ann"}')}` };
	const token = await (await fetch(url, { headers })).text();
	assert.equal(token.split('.').length, 3);
});
