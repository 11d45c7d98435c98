// Mutated packets of all types to a real broker: MQTT 3.1.1 and 5, TCP and WebSockets, before a CONNECT
// and after one with a good token.  The broker lives, two bystanders go on chatting and hear nothing of
// it.  In a build with sanitizers the end of the broker shows what they have found.
//
// FUZZ_SEED repeats a run, FUZZ_CONNECTIONS says how long it is.

import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import { test } from 'node:test';
import mqttPacket from 'mqtt-packet';
import { chatOf, newIds, useStage } from '../e2e/stage.js';
import { signJwt, signName } from '../stack/tokens.js';
import { SLOW } from '../stack/wait.js';

const SEED = Number(process.env.FUZZ_SEED || randomInt(2 ** 31));
const CONNECTIONS = Number(process.env.FUZZ_CONNECTIONS || '1200');
const AT_ONCE = 24;

/** Mulberry32: small, and the same everywhere. @param {number} seed */
function generator(seed) {
	let state = seed >>> 0;
	const next = () => {
		state = (state + 0x6D2B79F5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
	return {
		/** @param {number} n */
		below: (n) => Math.floor(next() * n),
		/** @param {number} chance */
		maybe: (chance) => next() < chance,
		/** @template T @param {readonly T[]} list @returns {T} */
		one: (list) => list[Math.floor(next() * list.length)],
	};
}

/** @typedef {ReturnType<typeof generator>} Random */

const PAYLOADS = [
	'{"event":"message","text":"fuzz"}', '{"event":"message","text":"fuzz","ref":"r"}', '{"event":"typing"}', '{"event":"read","seq":1}',
	'{"event":"history","limit":200}', '{"event":"history","before":0}', '{"event":"message","text":"\\ud83d\\ude00%n%s\\u0001"}', '', '{', '[]',
	'{"event":"message","text":"x","text":"y"}', `{"event":"message","text":"${'x'.repeat(16385)}"}`, `${'['.repeat(60000)}`,
];

/**
 * @param {Random} random
 * @param {{ self: string, topics: string[] }} who
 */
function topicOf(random, { topics }) {
	return random.maybe(0.7) ? random.one(topics)
		: random.one(['#', '+', '+/+/+', '$share/g/chat/1/2', '$share//#', '$share', '$hat/1/2', '$SYS/#', '$CONTROL/x', '', '/', 'chat//', 'chat/1/2/3', 'a\u0000b', '\ufeff', 'x'.repeat(65535), '/'.repeat(250)]);
}

/**
 * One good packet of any type, as an object for mqtt-packet.
 * @param {Random} random
 * @param {any} who
 * @param {number} version
 * @returns {any}
 */
function packetOf(random, who, version) {
	const messageId = 1 + random.below(20);
	const properties = version === 5 && random.maybe(0.4) ? random.one(/** @type {object[]} */ ([
		{ topicAlias: 1 + random.below(12) }, { userProperties: { a: 'b' } }, { messageExpiryInterval: 1 }, { responseTopic: who.topics[0] },
		{ payloadFormatIndicator: true }, { correlationData: Buffer.from('x') }, { subscriptionIdentifier: 1 + random.below(5) },
	])) : undefined;
	const qos = random.below(3);
	switch (random.below(15)) {
	case 0: case 1: case 2: case 3:
		return { cmd: 'publish', topic: topicOf(random, who), payload: random.one(PAYLOADS), qos, messageId, retain: random.maybe(0.1), dup: qos > 0 && random.maybe(0.2), properties };
	case 4: case 5: case 6:
		return { cmd: 'subscribe', messageId, subscriptions: Array.from({ length: 1 + random.below(4) }, () =>
			({ topic: topicOf(random, who), qos, nl: random.maybe(0.2), rap: random.maybe(0.2), rh: random.below(3) })) };
	case 7:
		return { cmd: 'unsubscribe', messageId, unsubscriptions: [topicOf(random, who)] };
	case 8: case 9:
		return { cmd: random.one(['puback', 'pubrec', 'pubrel', 'pubcomp']), messageId, reasonCode: random.one([0, 0x80, 0x92]) };
	case 10:
		return { cmd: 'pingreq' };
	case 11:
		return version === 5 ? { cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'x' } } : { cmd: 'pingresp' };
	case 12:
		return { cmd: 'disconnect', reasonCode: random.one([0, 4]) };
	case 13:
		return random.one(/** @type {any[]} */ ([{ cmd: 'connack', returnCode: 0, reasonCode: 0 }, { cmd: 'suback', messageId, granted: [0] }, { cmd: 'unsuback', messageId, granted: [0] }]));
	default:
		return connectOf(random, who, version);
	}
}

/** @param {Random} random @param {any} who @param {number} version */
function connectOf(random, who, version) {
	const { username, password } = random.maybe(0.5) ? signName(who.secret, who.self, 'fuzz')
		: { username: '', password: signJwt(who.secret, { sub: who.self, exp: Math.floor(Date.now() / 1000) + 600 }) };
	return {
		cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clean: true, clientId: `fuzz-${random.below(40)}-${who.self}`, keepalive: 10, username, password: Buffer.from(password),
		...(random.maybe(0.3) ? { will: { topic: random.one(who.topics), payload: Buffer.from(random.one(PAYLOADS)), qos: random.below(3), retain: random.maybe(0.3) } } : {}),
		...(version === 5 && random.maybe(0.3) ? { properties: { sessionExpiryInterval: random.below(3), receiveMaximum: 1 + random.below(30), topicAliasMaximum: 5 } } : {}),
	};
}

/**
 * @param {Random} random
 * @param {Buffer} bytes
 */
function mutate(random, bytes) {
	let out = Buffer.from(bytes);
	for (let n = random.below(4); n > 0 && out.length > 0; n--) {
		const at = random.maybe(0.5) ? random.below(Math.min(out.length, 12)) : random.below(out.length);
		switch (random.below(6)) {
		case 0:
			out[at] ^= 1 << random.below(8);
			break;
		case 1:
			out[at] = random.one([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
			break;
		case 2:
			out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + random.below(4))]);
			break;
		case 3:
			out = Buffer.concat([out.subarray(0, at), Buffer.from(Array.from({ length: random.below(6) }, () => random.below(256))), out.subarray(at)]);
			break;
		case 4:
			out = out.subarray(0, at);
			break;
		default:
			out = Buffer.concat([out, out.subarray(at)]);
		}
	}
	return out;
}

/** @param {Random} random @param {Buffer} payload */
function frame(random, payload) {
	const bad = random.maybe(0.04);
	const opcode = bad ? random.below(16) : 2;
	const first = (bad && random.maybe(0.5) ? 0 : 0x80) | opcode;
	const length = bad && random.maybe(0.3) ? random.one([0, 125, 65535, 2 ** 31]) : payload.length;
	const mask = Buffer.from([1, 2, 3, 4].map(() => random.below(256)));
	const masked = bad && random.maybe(0.3) ? 0 : 0x80;
	const head = length < 126 ? Buffer.from([first, masked | length])
		: length < 65536 ? Buffer.from([first, masked | 126, length >> 8, length & 255])
			: Buffer.from([first, masked | 127, 0, 0, 0, 0, length >>> 24 & 255, length >>> 16 & 255, length >>> 8 & 255, length & 255]);
	return Buffer.concat([head, mask, Buffer.from(payload.map((byte, at) => byte ^ mask[at % 4]))]);
}

/**
 * One connection: everything that it says is decided by the seed.
 * @param {import('../stack/broker.js').Broker} broker
 * @param {number} seed
 * @param {any} who
 * @returns {Promise<number>} packets sent
 */
function attack(broker, seed, who) {
	const random = generator(seed);
	const version = random.one([4, 5]);
	const ws = random.maybe(0.5);
	const generate = (/** @type {any} */ packet) => {
		try {
			return mqttPacket.generate(packet, { protocolVersion: version });
		} catch {
			return Buffer.from([random.below(256), 0]);
		}
	};
	const pieces = [];
	const login = generate(connectOf(random, who, version));
	if (random.maybe(0.9)) {
		pieces.push(random.maybe(0.85) ? login : mutate(random, login));
	}
	for (let n = 1 + random.below(20); n > 0; n--) {
		const good = generate(packetOf(random, who, version));
		pieces.push(random.maybe(0.5) ? good : mutate(random, good));
	}
	const greeting = `GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\n\r\n`;
	const chunks = ws ? [
		random.maybe(0.95) ? Buffer.from(greeting) : mutate(random, Buffer.from(greeting)), ...pieces.map((piece) => frame(random, piece)),
	] : pieces;
	const together = random.maybe(0.5);
	const silent = random.maybe(0.1);
	return new Promise((resolve) => {
		const socket = connectSocket({ host: broker.host, port: ws ? broker.wsPort : broker.tcpPort, noDelay: true });
		const timer = setTimeout(() => socket.destroy(), 150 * SLOW);
		socket.on('error', () => {});
		socket.once('close', () => {
			clearTimeout(timer);
			resolve(pieces.length);
		});
		if (!silent) {
			socket.resume();
		}
		socket.once('connect', () => {
			if (together) {
				socket.write(Buffer.concat(chunks));
			} else {
				chunks.forEach((chunk) => socket.write(chunk));
			}
		});
	});
}

const stage = useStage({ options: { rate_limit: 100 } });

test(`mutated packets end nothing and reach nobody (FUZZ_SEED=${SEED})`, async (t) => {
	const { ann, bob, chat } = await stage.couple();
	await bob.enterLobby();
	const [self, friend] = newIds(2);
	const who = {
		self, secret: stage.broker.secrets[0],
		topics: [chat, `user/${ann.id}`, `user/${self}`, chatOf(self, friend), chatOf(self, friend), chatOf(self, ann.id), `$hat/${chat.slice(5)}`, 'else'],
	};
	let seed = SEED;
	let packets = 0;
	let connections = 0;
	while (connections < CONNECTIONS) {
		const counts = await Promise.all(Array.from({ length: AT_ONCE }, () => attack(stage.broker, seed++, who)));
		packets += counts.reduce((sum, count) => sum + count, 0);
		connections += counts.length;
		assert.ok(stage.broker.alive(), stage.broker.log().slice(-2000));
		const text = randomBytes(8).toString('hex');
		await ann.say(chat, text);
		assert.equal((await bob.next(chat, 'message')).text, text);
	}
	ann.mustLack(null);
	await bob.none(null);
	const log = stage.broker.log();
	assert.ok(!/[\0-\x08\x0b-\x1f\x7f]/.test(log.split('\n').filter((line) => /^\S+ chat: /.test(line)).join('')));
	assert.equal((await stage.broker.stop()).code, 0);
	t.diagnostic(`fuzz mqtt: ${connections} connections, ${packets} packets, seed ${SEED}`);
});
