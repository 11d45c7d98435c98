// mosquitto-chat for Node: signs logins, for Express, Connect or plain node:http.  Copy this file.
//
//     app.get('/chat/token', chatToken((request) => request.user));      // { id, name }, or nothing: 401
//     <head> … ${chatTags(request.user, { url: '/mqtt', tokenUrl: '/chat/token' })}
//
// The secret is the plugin's, in the environment variable CHAT_SECRET.  It never leaves the server.

import { createHmac } from 'node:crypto';

const LIFETIME = 3600;
const LONGEST_NAME = 128;

/** @typedef {{ id: string | number, name?: string }} User */

function secret() {
	const said = process.env.CHAT_SECRET ?? '';
	if (Buffer.byteLength(said) < 32) {
		throw new Error('CHAT_SECRET has to be the chat\'s secret, of 32 bytes or more');
	}
	return said;
}

/** @param {string} text */
const hmac = (text) => createHmac('sha256', secret()).update(text).digest();

/** @param {string} text */
const base64url = (text) => Buffer.from(text).toString('base64url');

/** @param {string | number} id */
function checked(id) {
	if (!/^[\w.@~=-]{1,64}$/.test(String(id))) {
		throw new RangeError('a chat user\'s id has 1 to 64 of the characters A-Z a-z 0-9 _ . @ ~ = -');
	}
	return String(id);
}

/**
 * A name as the plugin takes it: no control characters, and at most 128 bytes.
 * @param {string} name
 */
export function cleanName(name) {
	let bytes = 0;
	const plain = Buffer.from(name.replace(/\p{Cc}/gu, ' ')).toString();
	return [...plain].filter((char) => (bytes += Buffer.byteLength(char)) <= LONGEST_NAME).join('');
}

/**
 * Signs a JWT's header and claims, given as JSON.
 * @param {string} header
 * @param {string} claims
 */
export function seal(header, claims) {
	const signed = `${base64url(header)}.${base64url(claims)}`;
	return `${signed}.${hmac(signed).toString('base64url')}`;
}

/**
 * A login that ends by itself: the password; the username stays empty.
 * @param {string | number} id
 * @param {string} [name]
 * @param {{ seconds?: number, now?: number, audience?: string }} [options]
 */
export function jwt(id, name = '', { seconds = LIFETIME, now = Date.now() / 1000, audience } = {}) {
	const exp = Math.floor(now) + seconds;
	return seal('{"alg":"HS256","typ":"JWT"}', JSON.stringify({ sub: checked(id), name: cleanName(name), exp, aud: audience }));
}

/**
 * A login that never ends: username and password.
 * @param {string | number} id
 * @param {string} [name]
 * @returns {[username: string, password: string]}
 */
export function signedName(id, name = '') {
	const username = `${checked(id)}:${cleanName(name)}`;
	return [username, hmac(username).toString('base64')];
}

/**
 * The handler of the route that gives a page its token.
 * @template {import('node:http').IncomingMessage} Request
 * @param {(request: Request) => User | null | undefined | Promise<User | null | undefined>} userOf who is logged in
 * @returns {(request: Request, response: import('node:http').ServerResponse) => Promise<void>}
 */
export function chatToken(userOf) {
	return async (request, response) => {
		const user = await userOf(request);
		response.statusCode = user ? 200 : 401;
		response.setHeader('Cache-Control', 'no-store');
		response.setHeader('Content-Type', 'text/plain; charset=utf-8');
		response.end(user ? jwt(user.id, user.name) : '');
	};
}

/**
 * The tags for the page's <head> that tell its elements where the chat is and whose it is.
 * @param {User} user
 * @param {{ url: string, tokenUrl?: string }} where
 */
export function chatTags({ id, name }, { url, tokenUrl }) {
	const entity = (/** @type {string} */ char) => `&#${char.charCodeAt(0)};`;
	const tag = (/** @type {[string, string]} */ [key, value]) => `<meta name="chat-${key}" content="${value.replace(/[&<>"']/g, entity)}">`;
	const tags = { url, token: jwt(id, name), ...(tokenUrl ? { 'token-url': tokenUrl } : {}) };
	return Object.entries(tags).map(tag).join('\n');
}
