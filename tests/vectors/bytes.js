// The vectors' notation for bytes, and the files.

import { readFileSync } from 'node:fs';

/**
 * @typedef {string | { hex: string } | { repeat: string, times: number }} Piece
 */

/**
 * @param {Piece | Piece[]} notation
 * @returns {Buffer}
 */
export function bytesOf(notation) {
	if (Array.isArray(notation)) {
		return Buffer.concat(notation.map(bytesOf));
	}
	if (typeof notation === 'string') {
		return Buffer.from(notation);
	}
	if ('hex' in notation) {
		return Buffer.from(notation.hex.replaceAll(' ', ''), 'hex');
	}
	return Buffer.from(notation.repeat.repeat(notation.times));
}

/**
 * @param {string} file such as 'payloads.json'
 * @returns {any}
 */
export function loadVectors(file) {
	return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
}
