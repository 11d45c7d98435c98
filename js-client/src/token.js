// What a token says about itself. It is the plugin that verifies it.

import { isUserId } from './topic.js';

const SIGNATURE = /^[\w+/-]{43}=?$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * @typedef {object} Token
 * @property {string} text
 * @property {string | null} id null where it does not say
 * @property {string | null} name
 * @property {number} expires milliseconds since 1970; Infinity: never
 * @property {number} lifetime milliseconds, as meant by who signed it; Infinity where that is not known
 */

/**
 * @param {unknown} given
 * @returns {Token | null} null: it is neither a signature nor a JWT of somebody
 */
export function readToken(given) {
	const text = String(given ?? '').trim();
	if (SIGNATURE.test(text)) {
		return { text, id: null, name: null, expires: Infinity, lifetime: Infinity };
	}
	const { sub, name, exp, iat } = (JWT.test(text) && claimsOf(text.split('.')[1])) || {};
	const id = Number.isSafeInteger(sub) ? String(sub) : sub;
	return !isUserId(id) || !Number.isFinite(exp) ? null : {
		text,
		id,
		name: typeof name === 'string' ? name : id,
		expires: exp * 1000,
		lifetime: Number.isFinite(iat) ? (exp - iat) * 1000 : Infinity,
	};
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
