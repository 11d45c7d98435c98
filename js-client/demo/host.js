// The "existing application" in miniature: it knows its users, has a login and a page of its own,
// and signs a chat token for whoever is logged in.  All that chat asks of an application is in
// signToken() and in the route /chat/token.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const USERS = [
	{ id: '1', name: 'Ann' },
	{ id: '2', name: 'Ben' },
	{ id: '3', name: 'Cleo' },
	{ id: '4', name: 'Dario' },
];

const TOKEN_SECONDS = 3600;
const BODY_LIMIT = 4096;
const REQUEST_TIMEOUT = 10000;

/** @type {Record<string, [file: string, type: string]>} */
const FILES = {
	'/': ['page/index.html', 'text/html; charset=utf-8'],
	'/style.css': ['page/style.css', 'text/css; charset=utf-8'],
	'/page.js': ['page/page.js', 'text/javascript; charset=utf-8'],
	'/chat.js': ['page/chat.js', 'text/javascript; charset=utf-8'],
	'/room.js': ['page/room.js', 'text/javascript; charset=utf-8'],
	'/mqtt.js': ['node_modules/mqtt/dist/mqtt.esm.js', 'text/javascript; charset=utf-8'],
};

/**
 * @param {Buffer} secret
 * @param {string} text
 * @returns {Buffer}
 */
function hmac(secret, text) {
	return createHmac('sha256', secret).update(text).digest();
}

/**
 * A JWT that lets its bearer chat as this user for an hour.
 * @param {Buffer} secret the one that the plugin has too
 * @param {{ id: string, name: string }} user
 * @param {number} now in seconds
 * @returns {string}
 */
export function signToken(secret, user, now = Math.floor(Date.now() / 1000)) {
	const encode = (/** @type {object} */ part) => Buffer.from(JSON.stringify(part)).toString('base64url');
	const signed = [
		encode({ alg: 'HS256', typ: 'JWT' }),
		encode({ sub: user.id, name: user.name, iat: now, exp: now + TOKEN_SECONDS }),
	].join('.');
	return `${signed}.${hmac(secret, signed).toString('base64url')}`;
}

/**
 * Sessions as a signed "<user id>.<signature>", which outlive a restart.  A page keeps its own (not in
 * a cookie, which all windows of a browser would share), so that each window can be somebody else.
 * @param {Buffer} key
 */
function sessions(key) {
	return {
		/** @param {string} id */
		begin: (id) => `${id}.${hmac(key, id).toString('base64url')}`,
		/** @param {string | undefined} header */
		user: (header) => {
			const [, id, signature] = /^Bearer ([0-9]+)\.([\w-]{43})$/.exec(header ?? '') ?? [];
			const user = USERS.find((it) => it.id === id);
			const valid = user && timingSafeEqual(Buffer.from(signature, 'base64url'), hmac(key, id));
			return valid ? user : null;
		},
	};
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {Promise<any>}
 */
async function readJson(request) {
	/** @type {Buffer[]} */
	const chunks = [];
	let length = 0;
	for await (const chunk of request) {
		length += chunk.length;
		if (length > BODY_LIMIT) {
			throw new Error('that is too long');
		}
		chunks.push(chunk);
	}
	return JSON.parse(Buffer.concat(chunks).toString());
}

/**
 * Serves the application on 127.0.0.1.
 * @param {{ port: number, secret: Buffer, sessionKey: Buffer, wsPort: number }} options
 *   `secret` is shared with the plugin and never leaves this process; `wsPort` is the broker's
 * @returns {Promise<{ address: string, stop: () => void }>}
 */
export async function startHost({ port, secret, sessionKey, wsPort }) {
	const session = sessions(sessionKey);

	/** @type {Record<string, (request: import('node:http').IncomingMessage) => Promise<[number, unknown]>>} */
	const routes = {
		'GET /users': async () => [200, USERS],
		'POST /login': async (request) => {
			const { id } = await readJson(request);
			const user = USERS.find((it) => it.id === id);
			return user ? [200, { session: session.begin(user.id) }] : [403, { error: 'nobody has that id' }];
		},
		'GET /me': async (request) => {
			const user = session.user(request.headers.authorization);
			return user ? [200, { user, users: USERS, wsPort }] : [401, { error: 'log in first' }];
		},
		'GET /chat/token': async (request) => {
			const user = session.user(request.headers.authorization);
			return user ? [200, { token: signToken(secret, user) }] : [401, { error: 'log in first' }];
		},
	};

	/**
	 * @param {import('node:http').IncomingMessage} request
	 * @param {import('node:http').ServerResponse} response
	 */
	async function answer(request, response) {
		const path = (request.url ?? '').split('?')[0];
		response.setHeader('Cache-Control', 'no-store');
		response.setHeader('X-Content-Type-Options', 'nosniff');
		const route = routes[`${request.method} ${path}`];
		if (route) {
			const [status, body] = await route(request);
			response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
			return;
		}
		const file = Object.hasOwn(FILES, path) ? FILES[path] : null;
		if (!file || request.method !== 'GET') {
			response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is nothing here.\n');
			return;
		}
		const text = await readFile(fileURLToPath(new URL(file[0], import.meta.url)));
		response.writeHead(200, {
			'Content-Type': file[1],
			// The page may talk to us and to the broker; MQTT.js keeps its timers in a worker.
			'Content-Security-Policy':
				`default-src 'self'; connect-src 'self' ws://*:${wsPort}; img-src data:; worker-src blob:; frame-ancestors 'none'`,
		}).end(text);
	}

	const server = createServer({ requestTimeout: REQUEST_TIMEOUT }, (request, response) => {
		answer(request, response).catch(() => {
			if (!response.headersSent) {
				response.writeHead(400, { 'Content-Type': 'text/plain' });
			}
			response.end('That could not be read.\n');
		});
	});
	await new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen({ port, host: '127.0.0.1' }, () => resolve(undefined));
	});
	return {
		address: `http://127.0.0.1:${port}/`,
		stop: () => {
			server.close();
			server.closeAllConnections();
		},
	};
}
