// Node applications with the chat: Express 4, Express 5, and node:http alone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../../../tests/stack/wait.js';
import { copyOf, mustRun, startApp, visit } from './app.js';
import { claimsOf, keepsPromises } from './scene.js';

const TIMEOUT = 400000;
const ROOT = new URL('../..', import.meta.url);

for (const which of ['express-4', 'express']) {
	keepsPromises(`an application on ${which}`, {
		folder: 'express',
		heading: 'Node',
		makeTables: (_folder, database) => database.makeTables(),
		command: (port) => [process.execPath, 'server.mjs', String(port), new URL(`node_modules/${which}/index.js`, ROOT).pathname],
		env: { NODE_ENV: 'production' },
		paths: { token: '/chat/token', login: '/login', odd: '/odd' },
	}, ({ app, folder }) => {
		test('passes the test of the guide', async () => {
			await mustRun(process.execPath, ['--test', 'chat.test.mjs'], { cwd: folder(), env: { ...process.env, NODE_TEST_CONTEXT: undefined, ORIGIN: app().origin } });
		});

		test('answers 500 when it is not known who is logged in, and goes on', async () => {
			for (const route of ['/chat/token-of-nobody-knows', '/chat/token-without-a-reason']) {
				const { status, text } = await visit(app()).get(route);
				assert.equal(status, 500);
				// The framework's own page, not ours.
				assert.match(text, /Internal Server Error/);
			}
			await until('a complaint in the log', () => /the database is away/.test(app().log()));
			assert.ok(app().alive());
			assert.equal((await visit(app()).get('/')).status, 200);
		});
	});
}

describe('an application on node:http alone', { timeout: TIMEOUT }, () => {
	/** @type {import('./app.js').App} */
	let app;
	before(async () => {
		const folder = await copyOf('express');
		app = await startApp(folder, (port) => [process.execPath, 'plain.mjs', String(port)]);
	});
	after(() => app.stop());

	test('gives a fresh token to whoever is logged in', async () => {
		assert.equal(claimsOf((await visit(app).get('/chat/token')).text).sub, '7');
	});

	test('answers 500 when it is not known who is logged in, and goes on', async () => {
		const { status, text } = await visit(app).get('/chat/token-of-nobody-knows');
		assert.deepEqual([status, text], [500, '']);
		await until('a complaint in the log', () => /the database is away/.test(app.log()));
		assert.equal((await visit(app).get('/')).status, 200);
	});
});
