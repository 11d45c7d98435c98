// What each application promises, whatever it is written in.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../../../tests/stack/wait.js';
import { SECRET, copyOf, startApp, startDatabase, visit } from './app.js';
import { installation, programs } from './guide.js';
import { worksByHand } from './hand.js';

const TIMEOUT = 400000;
const LIFETIME = 3600;
const URL_OF_BROKER = 'wss://app.example.com/mqtt';

/**
 * @typedef {Awaited<ReturnType<typeof startDatabase>>} Database
 *
 * @typedef {object} Framework
 * @property {string} folder below apps/
 * @property {string} heading of its section in the guide
 * @property {boolean} [copied] the host file is copied into the application, as the guide says
 * @property {false | string} [skip]
 * @property {(port: number, folder: string) => string[]} command
 * @property {(folder: string, database: Database) => Promise<unknown>} [makeTables] such an application has a database
 * @property {NodeJS.ProcessEnv} [env]
 * @property {{ token: string, login: string, odd: string }} paths
 * @property {boolean} [idsAreNumbers] such an application has no id that the plugin would not take
 */

/** @param {string} text */
function unescape(text) {
	const named = /** @type {Record<string, string>} */ ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'' });
	return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, name) =>
		(name ? named[name] : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal))));
}

/**
 * The chat's tags in a page, each `<meta name content>` and nothing else.
 * @param {string} html
 * @returns {Record<string, string>}
 */
export function tagsIn(html) {
	const tags = [...html.matchAll(/<meta name="chat-([\w-]+)" content="([^"<>]*)"\s*\/?>/g)];
	return Object.fromEntries(tags.map(([, name, content]) => [name, unescape(content)]));
}

/**
 * A token's claims, once it is known that our secret has signed it.
 * @param {string} jwt
 */
export function claimsOf(jwt) {
	const [header, claims, signature] = jwt.split('.');
	assert.equal(signature, createHmac('sha256', SECRET).update(`${header}.${claims}`).digest('base64url'));
	assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'HS256', typ: 'JWT' });
	return JSON.parse(Buffer.from(claims, 'base64url').toString());
}

/** @param {string} code @returns {string} without what makes no difference */
const words = (code) => code.split('\n').map((line) => line.trim()).filter(Boolean).join('\n');

/**
 * The tests that all applications share.
 * @param {string} name
 * @param {Framework} framework
 * @param {(scene: { folder: () => string, start: (env?: NodeJS.ProcessEnv) => Promise<import('./app.js').App>,
 *                   app: () => import('./app.js').App, person: (who: Record<string, string>) => Promise<ReturnType<typeof visit>>,
 *                   env: () => NodeJS.ProcessEnv }) => void} [more]
 */
export function keepsPromises(name, framework, more = () => {}) {
	const { paths, skip = false } = framework;
	describe(name, { skip, timeout: TIMEOUT }, () => {
		let folder = '';
		/** @type {import('./app.js').App} */
		let app;
		/** @type {import('./app.js').App[]} */
		const started = [];
		/** @type {Database | undefined} */
		let database;

		/** @param {NodeJS.ProcessEnv} [env] */
		async function start(env = {}) {
			const it = await startApp(folder, (port) => framework.command(port, folder), { ...framework.env, ...database?.env, ...env });
			started.push(it);
			return it;
		}

		/** @param {Record<string, string>} who @param {import('./app.js').App} [where] */
		async function person(who, where = app) {
			const it = visit(where);
			const { status, text } = await it.get(`${paths.login}?${new URLSearchParams(who)}`);
			assert.equal(status, 204, `${text}\n${where.log()}`);
			return it;
		}

		before(async () => {
			folder = await copyOf(framework.folder, framework.copied ? installation(framework.heading) : '');
			if (framework.makeTables) {
				database = await startDatabase(folder);
				await framework.makeTables(folder, database);
			}
			app = await start();
		}, { timeout: TIMEOUT });

		after(async () => {
			for (const it of started) {
				await it.stop();
			}
			await database?.stop();
		}, { timeout: TIMEOUT });

		test('is what the guide says', () => {
			const shown = programs(framework.heading).filter(({ language }) => language !== 'sh');
			assert.ok(shown.length > 1, `${shown.length} programs`);
			for (const { file, code } of shown) {
				const real = words(readFileSync(join(folder, file), 'utf8'));
				assert.ok(real.includes(words(code)), `${file} has not:\n${code}`);
			}
		});

		test('tells a page who its user is', async () => {
			const ann = await person({ id: '7', name: 'Ann' });
			const { status, text, headers } = await ann.get('/');
			assert.equal(status, 200, app.log());
			const tags = tagsIn(text);
			assert.deepEqual(Object.keys(tags), ['url', 'token', 'token-url']);
			assert.equal(tags.url, URL_OF_BROKER);
			assert.equal(tags['token-url'], paths.token);
			assert.ok(text.indexOf('chat-url') < text.indexOf('</head>'));
			assert.deepEqual([claimsOf(tags.token).sub, claimsOf(tags.token).name], ['7', 'Ann']);
			// No cache between gives it to somebody else.
			assert.ok(/private|no-store/.test(headers.get('cache-control') ?? '') || /cookie/i.test(headers.get('vary') ?? ''));
		});

		test('gives a fresh token to whoever is logged in', async () => {
			const ann = await person({ id: '7', name: 'Ann' });
			const earliest = Math.floor(Date.now() / 1000);
			const { status, text, headers } = await ann.get(paths.token);
			assert.equal(status, 200, app.log());
			const { iat, exp, ...others } = claimsOf(text);
			assert.deepEqual(others, { sub: '7', name: 'Ann' });
			assert.ok(iat >= earliest && iat <= Date.now() / 1000, `iat ${iat}`);
			assert.equal(exp, iat + LIFETIME);
			assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8');
			assert.equal(headers.get('x-content-type-options'), 'nosniff');
		});

		test('lets nobody keep a token', async () => {
			for (const who of [visit(app), await person({ id: '7', name: 'Ann' })]) {
				const { headers } = await who.get(paths.token);
				assert.match(headers.get('cache-control') ?? '', /no-store/);
			}
		});

		test('has pages for visitors, without tags', async () => {
			const visitor = visit(app);
			const page = await visitor.get('/');
			assert.equal(page.status, 200, app.log());
			assert.doesNotMatch(page.text, /chat-(url|token)/);
			const token = await visitor.get(paths.token);
			assert.deepEqual([token.status, token.text.trim()], [401, '']);
		});

		for (const person_ of ['O\'Neil "<b>" & Co', 'Zoë 漢字 🎉 \u202e', '</script><!--', '{"a":"\\u0000"}']) {
			test(`writes ${JSON.stringify(person_)} as it is`, async () => {
				const it = await person({ id: '8', name: person_ });
				const { text } = await it.get('/');
				const tags = tagsIn(text);
				assert.deepEqual(Object.keys(tags), ['url', 'token', 'token-url']);
				assert.equal(claimsOf(tags.token).name, person_);
				assert.equal(claimsOf((await it.get(paths.token)).text).name, person_);
			});
		}

		test('writes an address that nothing breaks out of', async () => {
			const odd = '/mqtt?a="b"&c=\'<script>&amp;é';
			const ann = await person({ id: '7', name: 'Ann' });
			const { status, text } = await ann.get(`${paths.odd}?${new URLSearchParams({ url: odd })}`);
			assert.equal(status, 200, app.log());
			assert.equal(tagsIn(text).url, odd);
			assert.doesNotMatch(text, /<script/);
			assert.deepEqual(Object.keys(tagsIn(text)), ['url', 'token']);
		});

		test('takes a name that is missing for an empty one', async () => {
			const it = await person({ id: '9', username: 'somebody@example.com' });
			assert.equal((await it.get('/')).status, 200, app.log());
			const { status, text } = await it.get(paths.token);
			assert.equal(status, 200, app.log());
			assert.equal(claimsOf(text).name, '');
		});

		test('has an error of its own for an id that the plugin would not take, and goes on', { skip: framework.idsAreNumbers && 'ids are numbers' }, async () => {
			const it = await person({ id: 'not an id', name: 'Ann' });
			const { status, text } = await it.get(paths.token);
			assert.equal(status, 500);
			assert.doesNotMatch(text, new RegExp(SECRET));
			await until('a complaint in the log', () => /1 to 64 of the characters/.test(app.log()));
			assert.ok(app.alive());
			assert.equal((await visit(app).get('/')).status, 200);
		});

		test('gives pages of other sites no token', async () => {
			const ann = await person({ id: '7', name: 'Ann' });
			const origin = 'https://elsewhere.example';
			for (const method of ['GET', 'POST', 'OPTIONS']) {
				const { headers } = await ann.get(paths.token, { method, headers: { origin, 'access-control-request-method': 'GET' } });
				assert.equal(headers.get('access-control-allow-origin'), null, method);
			}
			// Nor does what they make a browser do change who is logged in.
			assert.equal(claimsOf((await ann.get(paths.token)).text).sub, '7');
		});

		test('signs for an audience and a time that the environment says, with a secret from a file', async () => {
			const another = await start({ CHAT_SECRET: `${SECRET}\n`, CHAT_AUDIENCE: 'the chat', CHAT_LIFETIME: '600' });
			const ann = await person({ id: '7', name: 'Ann' }, another);
			for (const token of [(await ann.get(paths.token)).text, tagsIn((await ann.get('/')).text).token]) {
				const { iat, exp, aud } = claimsOf(token);
				assert.deepEqual([exp - iat, aud], [600, 'the chat']);
			}
		});

		test('says what is wrong with the environment', async () => {
			for (const [env, complaint] of /** @type {const} */ ([
				[{ CHAT_SECRET: 'too short' }, /CHAT_SECRET has to be .* 32 bytes/],
				[{ CHAT_LIFETIME: '1h' }, /CHAT_LIFETIME has to be a number of seconds/],
			])) {
				const another = await start(env);
				const ann = await person({ id: '7', name: 'Ann' }, another);
				assert.equal((await ann.get(paths.token)).status, 500);
				await until(`${complaint} in the log`, () => complaint.test(another.log()));
				assert.equal((await visit(another).get(paths.token)).status, 401);
			}
		});

		if (framework.makeTables) {
			worksByHand({ get: (path) => visit(app).get(path), person, database: () => /** @type {Database} */ (database) });
		}
		more({ folder: () => folder, start, app: () => app, person, env: () => ({ ...process.env, LANG: 'C.UTF-8', CHAT_SECRET: SECRET, ...framework.env, ...database?.env }) });
	});
}

/** @param {boolean} there @param {string} what @returns {false | string} why a test is skipped */
export function unless(there, what) {
	return there ? false : `there is no ${what} here`;
}
