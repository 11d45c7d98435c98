// Writes the seeds of the fuzz targets from the vectors: node make-corpus.js

import { mkdirSync, writeFileSync } from 'node:fs';
import { bytesOf, loadVectors } from '../vectors/bytes.js';

/** A longer input slows the fuzzer down, and what it shows a shorter one does too. */
const LONGEST = 1024;

/**
 * @param {string} target
 * @param {Buffer[]} inputs
 */
function write(target, inputs) {
	const folder = new URL(`corpus/${target}/`, import.meta.url);
	mkdirSync(folder, { recursive: true });
	inputs.filter((input) => input.length <= LONGEST).forEach((input, at) => {
		writeFileSync(new URL(`vector-${String(at).padStart(3, '0')}`, folder), input);
	});
}

const NUL = Buffer.from([0]);
const topics = loadVectors('topics.json');
write('topic', [
	...topics.topics.map((/** @type {any} */ it) => Buffer.concat([bytesOf(it.topic), NUL, bytesOf(it.topic)])),
	...topics.filters.map((/** @type {any} */ it) => Buffer.concat([bytesOf(it.topic), NUL, Buffer.from('chat/1/2')])),
]);

write('protocol', loadVectors('payloads.json').map((/** @type {any} */ it) => bytesOf(it.payload)));

write('token', loadVectors('tokens.json').logins.flatMap((/** @type {any} */ it) => {
	const username = bytesOf(it.username ?? '');
	const asItIs = Buffer.concat([NUL, username, NUL, bytesOf(it.password ?? '')]);
	// What makes the fuzz target sign: then it can change what is in it.
	if (it.claims !== undefined) {
		const text = (/** @type {any} */ part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part));
		return [asItIs, Buffer.concat([Buffer.from([1]), username, NUL, text(it.header ?? { alg: 'HS256' }), NUL, text(it.claims)])];
	}
	return it.verdict === 'accepted' ? [asItIs, Buffer.concat([Buffer.from([2]), username])] : [asItIs];
}).concat([Buffer.from('\x03a secret of a file, of 32 bytes or so\r\n\nand another one that is just as long\n')]));
