// mosquitto-chat for Node: signs logins, for Express, Connect or plain node:http.
//
//     const { chatTags, chatToken } = require('mosquitto-chat/server');     // or import … from …
//     app.get('/chat/token', chatToken((request) => request.user));         // { id, name }, or nothing: 401
//     <head> … ${chatTags(request.user, { url: '/mqtt', tokenUrl: '/chat/token' })}
//
// The environment says how: CHAT_SECRET is the plugin's secret and never leaves the server; CHAT_AUDIENCE is
// the plugin's jwt_audience, where it has one; CHAT_LIFETIME is how many seconds a token is good for.
//
// CommonJS, so that Node 18 can load it with require() as well as with import.

'use strict';

const { createHmac } = require('node:crypto');

const SHORTEST_SECRET = 32;
const NOT_IN_A_SECRET = /^[ #]| $|[\0-\x1f\x7f\ufeff]/;
const LIFETIME = '3600';
const LONGEST_NAME = 128;

/** @typedef {{ id: string | number | bigint, name?: string | null }} User */

/**
 * What is needed of node:http's response, which Express' and Connect's are too.
 * @typedef {object} Response
 * @property {number} statusCode
 * @property {(name: string, value: string) => unknown} setHeader
 * @property {(text: string) => unknown} end
 */

/** Read as the plugin reads it: without the line end that a file or `echo` leaves behind it. */
function secret() {
	const said = (process.env.CHAT_SECRET ?? '').replace(/\r?\n$/, '');
	if (Buffer.byteLength(said) < SHORTEST_SECRET || NOT_IN_A_SECRET.test(said)) {
		throw new Error('CHAT_SECRET has to be the chat\'s secret: 32 bytes or more, no # in front, '
			+ 'no blank at either end, no control character and no byte order mark');
	}
	return said;
}

function lifetime() {
	const said = process.env.CHAT_LIFETIME || LIFETIME;
	if (!/^[1-9]\d{0,8}$/.test(said)) {
		throw new RangeError('CHAT_LIFETIME has to be a number of seconds, such as 3600');
	}
	return Number(said);
}

/** @param {string} text */
const hmac = (text) => createHmac('sha256', secret()).update(text).digest();

/** @param {string} text */
const base64url = (text) => Buffer.from(text).toString('base64url');

/** @param {User['id']} id */
function checked(id) {
	// String() would make an id of nothing at all: "undefined".
	const isId = ['string', 'bigint'].includes(typeof id) || Number.isSafeInteger(id);
	if (!isId || !/^[\w.@~=-]{1,64}$/.test(String(id))) {
		throw new RangeError('a chat user\'s id has 1 to 64 of the characters A-Z a-z 0-9 _ . @ ~ = -');
	}
	return String(id);
}

/**
 * A name as the plugin takes it: no control characters, and at most 128 bytes.
 * @param {string | null} [name]
 */
function cleanName(name) {
	let bytes = 0;
	const plain = Buffer.from(String(name ?? '').replace(/\p{Cc}/gu, ' ')).toString();
	return [...plain].filter((char) => (bytes += Buffer.byteLength(char)) <= LONGEST_NAME).join('');
}

/**
 * Signs a JWT's header and claims, given as JSON.
 * @param {string} header
 * @param {string} claims
 */
function seal(header, claims) {
	const signed = `${base64url(header)}.${base64url(claims)}`;
	return `${signed}.${hmac(signed).toString('base64url')}`;
}

/**
 * A login that ends by itself: the password; the username is best the id.
 * @param {User['id']} id
 * @param {User['name']} [name]
 * @param {{ seconds?: number, now?: number, audience?: string }} [options] `now` is in seconds
 */
function jwt(id, name, { seconds = lifetime(), now = Date.now() / 1000, audience = process.env.CHAT_AUDIENCE } = {}) {
	const iat = Math.floor(now);
	const claims = { sub: checked(id), name: cleanName(name), iat, exp: iat + seconds, aud: audience || undefined };
	return seal('{"alg":"HS256","typ":"JWT"}', JSON.stringify(claims));
}

/**
 * A login that never ends: username and password.
 * @param {User['id']} id
 * @param {User['name']} [name]
 * @returns {[username: string, password: string]}
 */
function signedName(id, name) {
	const username = `${checked(id)}:${cleanName(name)}`;
	return [username, hmac(username).toString('base64')];
}

/**
 * @param {Response} response
 * @param {number} status
 * @param {string} text
 */
function answer(response, status, text) {
	response.statusCode = status;
	response.setHeader('Cache-Control', 'no-store');
	response.setHeader('Content-Type', 'text/plain; charset=utf-8');
	response.setHeader('X-Content-Type-Options', 'nosniff');
	response.end(text);
}

/**
 * The handler of the route that gives a page its token.  An error goes to `next`, so that it becomes the
 * framework's 500; without a framework it is logged and answered here.
 * @template Request
 * @param {(request: Request) => User | null | undefined | Promise<User | null | undefined>} userOf who is logged in
 * @returns {(request: Request, response: Response, next?: (error: Error) => unknown) => Promise<void>}
 */
function chatToken(userOf) {
	return async (request, response, next) => {
		try {
			const user = await userOf(request);
			answer(response, user ? 200 : 401, user ? jwt(user.id, user.name) : '');
		} catch (thrown) {
			const error = thrown instanceof Error ? thrown : new Error(`who is logged in: ${thrown}`);
			if (next) {
				next(error);
			} else {
				console.error(error);
				answer(response, 500, '');
			}
		}
	};
}

/**
 * The tags for the page's <head> that tell its elements where the chat is and whose it is; none for a visitor.
 * @param {User | null | undefined} user
 * @param {{ url: string, tokenUrl?: string }} where
 */
function chatTags(user, { url, tokenUrl }) {
	if (!user) {
		return '';
	}
	const entity = (/** @type {string} */ char) => `&#${char.charCodeAt(0)};`;
	const tag = (/** @type {[string, string]} */ [key, value]) => `<meta name="chat-${key}" content="${value.replace(/[&<>"']/g, entity)}">`;
	const tags = { url, token: jwt(user.id, user.name), ...(tokenUrl ? { 'token-url': tokenUrl } : {}) };
	return Object.entries(tags).map(tag).join('\n');
}

module.exports = { chatTags, chatToken, cleanName, jwt, seal, signedName };
