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

write('json', [
	...loadVectors('payloads.json').map((/** @type {any} */ it) => bytesOf(it.payload)),
	...['{"v":[1,[2],{"a":"\\u0062"},null]}', '{"v":-1.5e-3,"":true}', '{"v":{"a":{},"a":[]},"text":"\\ud83d\\ude00é€😀"}', '{"\\u0076":""}']
		.map((it) => Buffer.from(it)),
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

// The callbacks: steps as callbacks_fuzz.c reads them, for scenes that it would be long in finding.
const CLEAN = 4;
const MQTT5 = 2;
const SESSION = 16;
const WS = 128;
/** @param {number} slot @param {number} user @param {{ how?: number, id?: number, form?: number[], ws?: number }} [more] */
const login = (slot, user, { how = CLEAN, id = slot, form = [0], ws = 0 } = {}) =>
	[slot << 5, how | id << 5, ws + user, ...form, 1];
/** @param {number} slot @param {number} filter */
const subscribe = (slot, filter) => [slot << 5 | 6, filter];
/** @param {number} slot @param {number} topic @param {number} what @param {number} number */
const publish = (slot, topic, what, number) => [slot << 5 | 12, topic, what, number];
/** @param {number} slot */
const leave = (slot) => [slot << 5 | 4, 0];
/** @param {number} slot */
const unsubscribe = (slot) => [slot << 5 | 11, 0];
const TICK = [20];
const STORE = [24, 0];
const ANSWER_LOAD = [26, 1];
const ANSWER_MARK = [27, 1];
const AWAY = [28];
const BACK = [28 | 1 << 5];
const RELOAD = [22, 1];
const LATER = [29, 250];
const [LOBBY_1, LOBBY_2] = [10, 11];
const JWT = [4, 3]; // for three seconds more
const NEWS = 25;

const scene = [...login(0, 0), ...login(1, 0), ...login(2, 1), ...subscribe(0, 0), ...subscribe(0, LOBBY_1), ...subscribe(1, LOBBY_1), ...subscribe(2, 0)];
const scenes = [
	// In the chat, in the lobby, in both; refs, repeats, reads, histories.
	[...scene, ...TICK, ...ANSWER_LOAD, ...ANSWER_LOAD, ...publish(2, 0, 0, 1), ...STORE, ...publish(0, 0, 1, 1), ...publish(1, 0, 1, 1), ...STORE],
	[...scene, ...publish(2, 0, 3, 9), ...TICK, ...ANSWER_MARK, ...TICK, ...publish(2, 0, 5, 1), ...publish(0, 0, 6, 1), ...TICK, ...ANSWER_LOAD, ...ANSWER_LOAD, ...TICK],
	// Left before it is delivered; the lobby left and entered.
	[...scene, ...publish(2, 0, 0, 1), 23, 0, ...TICK, ...unsubscribe(0), ...TICK, ...ANSWER_LOAD, ...STORE],
	[...scene, ...leave(2), ...TICK, ...login(2, 1), ...subscribe(2, LOBBY_2), ...publish(1, 0, 2, 1), ...STORE, ...leave(0), ...leave(1)],
	// The store goes and comes.
	[...scene, ...AWAY, ...TICK, ...subscribe(1, 0), ...publish(2, 0, 3, 4), ...publish(2, 0, 1, 2), ...publish(0, 0, 5, 1), ...TICK, ...BACK, ...TICK, ...ANSWER_LOAD, ...ANSWER_MARK, ...STORE],
	// Taken over, with the old one's end late or never, and reloads in between.
	[...scene, ...login(3, 0, { id: 0 }), ...subscribe(3, 0), ...TICK, ...leave(0), ...publish(2, 0, 0, 1), ...STORE],
	[...login(0, 0, { how: CLEAN | MQTT5 | SESSION, form: JWT, ws: WS }), ...subscribe(0, 0), ...leave(0), ...LATER, ...LATER, ...RELOAD,
		...login(1, 0, { how: CLEAN | MQTT5, id: 0, form: [8, 3], ws: WS }), ...TICK],
	[...login(0, 0, { form: JWT, ws: WS }), ...login(1, 0, { id: 0, how: CLEAN | MQTT5 | SESSION }), ...leave(1), ...LATER, ...LATER, ...TICK, ...TICK],
	[...login(0, 0, { form: JWT }), ...subscribe(0, 0), ...LATER, ...LATER, ...TICK, ...RELOAD, ...TICK],
	// An ordinary client with everything that it can have, and a session.
	[...login(5, 0, { how: SESSION, form: [9] }), ...subscribe(5, 15), ...subscribe(5, NEWS), ...scene, ...publish(2, 0, 0, 1), ...STORE, ...publish(5, NEWS, 0, 1), ...publish(5, 0, 0, 1), 18 | 5 << 5, 0],
	// A client id from one to the other, and what was queued.
	[...login(0, 0, { how: CLEAN | MQTT5 | SESSION }), ...subscribe(0, 0), ...leave(0), ...login(1, 0, { how: SESSION, id: 0, form: [9] }), ...login(2, 1), ...publish(2, 0, 0, 1), ...STORE],
];
write('callbacks', scenes.flatMap((steps) => [0, 1, 8].map((options) => Buffer.from([options, ...steps]))));
