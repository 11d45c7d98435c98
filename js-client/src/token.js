// What a token says about itself. It is the plugin that verifies it.

import { isUserId } from './topic.js';

const SIGNATURE = /^[A-Za-z0-9+/_-]{43}=?$/;
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * @typedef {object} Token
 * @property {string} text
 * @property {string | null} id null where it does not say
 * @property {string | null} name
 * @property {number | null} expires milliseconds since 1970; null: never
 * @property {number | null} lifetime milliseconds, as meant by who signed it
 */

/**
 * @param {unknown} given
 * @returns {Token | null} null: it is neither a signature nor a JWT of somebody
 */
export function readToken(given) {
	const text = typeof given === 'string' ? given.trim() : '';
	if (SIGNATURE.test(text)) {
		return { text, id: null, name: null, expires: null, lifetime: null };
	}
	return JWT.test(text) ? readJwt(text) : null;
}

/**
 * @param {string} text
 * @returns {Token | null}
 */
function readJwt(text) {
	const claims = claimsOf(text.split('.')[1]);
	const id = Number.isSafeInteger(claims?.sub) ? String(claims.sub) : claims?.sub;
	if (!isUserId(id) || !Number.isFinite(claims.exp)) {
		return null;
	}
	const lifetime = Number.isFinite(claims.iat) ? (claims.exp - claims.iat) * 1000 : null;
	return { text, id, name: typeof claims.name === 'string' ? claims.name : id, expires: claims.exp * 1000, lifetime };
}

/** @param {string} part */
function claimsOf(part) {
	try {
		const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (it) => it.charCodeAt(0));
		return JSON.parse(new TextDecoder().decode(bytes));
	} catch {
		return null;
	}
}
