// The two forms of a login, made as a host application makes them.

import { createHmac } from 'node:crypto';

/**
 * @param {string | Buffer} secret
 * @param {string | Buffer} bytes
 * @returns {Buffer}
 */
function hmac(secret, bytes) {
	return createHmac('sha256', secret).update(bytes).digest();
}

/**
 * @param {string | Buffer} secret
 * @param {string} id
 * @param {string} name
 * @returns {{ username: string, password: string }}
 */
export function signName(secret, id, name) {
	const username = `${id}:${name}`;
	return { username, password: hmac(secret, username).toString('base64') };
}

/**
 * @param {string | Buffer} secret
 * @param {object | string} claims a string is taken as the JSON text itself
 * @param {object | string} [header] likewise
 * @returns {string}
 */
export function signJwt(secret, claims, header = { alg: 'HS256', typ: 'JWT' }) {
	/** @param {object | string} part */
	const encode = (part) =>
		Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
	const signed = `${encode(header)}.${encode(claims)}`;
	return `${signed}.${hmac(secret, signed).toString('base64url')}`;
}
