// What the kill -9 of one of two servers loses: ours, and Socket.IO's with its adapter for PostgreSQL. Pairs of users
// write to each other, one on each server; half-way one server is killed. Whoever was on it comes back on the other
// one, takes what `history` brings, and, with ours, sends again what was not echoed, as clients do that this project
// describes (Socket.IO's server of peers/ does not tell a repeat from a new message).

import { parseArgs } from 'node:util';
import { join } from 'node:path';
import mqttPacket from 'mqtt-packet';
import WebSocket from 'ws';
import { scratchFolder } from '../stack/folder.js';
import { signName } from '../stack/tokens.js';
import { pause, until, within } from '../stack/wait.js';
import { summary, table, withSpread } from './numbers.js';
import { SECRET, startPostgres, startSide } from './servers.js';
import { installPeers, startSocketIo } from './socketio.js';

const { values: options } = parseArgs({
	options: {
		rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '6' },
		users: { type: 'string', default: '60' }, rate: { type: 'string', default: '300' },
	},
});
const DRAIN_MS = 5000;

/**
 * @typedef {{ ready: () => void, message: (seq: number, text: string, live: boolean) => void }} Hearing
 * @typedef {{ begin: () => void, hear: (data: Buffer) => void, say: (text: string) => void }} Speaker
 * @typedef {object} Dialect
 * @property {string} path
 * @property {string[]} protocols
 * @property {boolean} repeats a client may send again what was not echoed
 * @property {(user: { id: string, topic: string, life: number }, send: (data: any) => void, hearing: Hearing) => Speaker} open
 */

/** @param {any} event @param {Hearing} hearing */
function take(event, { ready, message }) {
	if (event.event === 'message') {
		message(event.seq, event.text, true);
	} else if (event.event === 'history') {
		event.messages.forEach((/** @type {any} */ it) => message(Number(it.seq), it.text, false));
		ready();
	}
}

/** @type {Dialect} */
const SOCKETIO = {
	path: '/socket.io/?EIO=4&transport=websocket',
	protocols: [],
	repeats: false,
	open: ({ id, topic }, send, hearing) => ({
		begin: () => {},
		hear(data) {
			const text = data.toString();
			if (text[0] === '0') {
				send(`40${JSON.stringify(signName(SECRET, id, id))}`);
			} else if (text.startsWith('40')) {
				send(`42${JSON.stringify(['join', topic])}`);
			} else if (text === '2') {
				send('3');
			} else if (text.startsWith('42')) {
				take(JSON.parse(text.slice(2))[1], hearing);
			}
		},
		say: (text) => send(`42${JSON.stringify(['chat', { event: 'message', text }])}`),
	}),
};

/** @type {Dialect} */
const MQTT = {
	path: '/mqtt',
	protocols: ['mqtt'],
	repeats: true,
	open({ id, topic, life }, send, hearing) {
		const parser = mqttPacket.parser({ protocolVersion: 4 });
		const write = (/** @type {any} */ packet) => send(mqttPacket.generate(packet, { protocolVersion: 4 }));
		let messageId = 0;
		parser.on('packet', (/** @type {any} */ packet) => {
			if (packet.cmd === 'connack' && packet.returnCode === 0) {
				write({ cmd: 'subscribe', messageId: 65000, subscriptions: [{ topic, qos: 1 }] });
			} else if (packet.cmd === 'publish') {
				if (packet.qos === 1) {
					write({ cmd: 'puback', messageId: packet.messageId });
				}
				take(JSON.parse(packet.payload.toString()), hearing);
			}
		});
		return {
			begin() {
				const { username, password } = signName(SECRET, id, id);
				write({
					cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId: `bench-${id}-${life}`,
					username, password: Buffer.from(password),
				});
			},
			hear: (data) => parser.parse(data),
			say(text) {
				messageId = messageId % 60000 + 1;
				write({ cmd: 'publish', topic, qos: 1, messageId, payload: JSON.stringify({ event: 'message', text, ref: text }) });
			},
		};
	},
};

/**
 * @param {Dialect} dialect
 * @param {number[]} ports
 * @param {string} tag of this run, so that no text comes twice
 * @param {number} n from 0
 */
function createUser(dialect, ports, tag, n) {
	const id = String(n + 1);
	const [a, b] = [n - n % 2 + 1, n - n % 2 + 2];
	/** @type {Set<string>} own ones without an echo */
	const open = new Set();
	/** @type {Set<string>} */
	const heard = new Set();
	let highest = 0;
	let inversions = 0;
	let sent = 0;
	let life = 0;
	let over = false;
	/** @type {Speaker | null} */
	let speaker = null;
	/** @type {WebSocket} */
	let socket;
	/** @type {() => void} */
	let came = () => {};
	const isIn = new Promise((resolve) => {
		came = () => resolve(undefined);
	});

	function enter() {
		const own = new WebSocket(`ws://127.0.0.1:${ports[(n + life) % ports.length]}${dialect.path}`, dialect.protocols, { perMessageDeflate: false });
		socket = own;
		const it = dialect.open({ id, topic: `chat/${a}/${b}`, life }, (data) => own.readyState === WebSocket.OPEN && own.send(data), {
			ready() {
				speaker = it;
				if (dialect.repeats) {
					[...open].forEach(it.say);
				}
				came();
			},
			message(seq, text, live) {
				if (text.startsWith(tag) && !heard.has(text)) {
					heard.add(text);
					inversions += Number(live && seq < highest);
				}
				highest = Math.max(highest, live ? seq : 0);
				open.delete(text);
			},
		});
		life++;
		own.on('open', () => it.begin());
		own.on('message', (data) => it.hear(/** @type {Buffer} */ (data)));
		own.on('error', () => {});
		own.on('close', () => {
			speaker = null;
			if (!over) {
				setTimeout(enter, 100);
			}
		});
	}
	enter();
	const mine = `${tag}-${id}-`;
	return {
		mine, heard, isIn,
		stays: () => life === 1,
		sent: () => sent,
		inversions: () => inversions,
		say() {
			const text = `${mine}${++sent}`;
			open.add(text);
			speaker?.say(text);
		},
		leave() {
			over = true;
			socket.terminate();
		},
	};
}

/** @param {{ dialect: Dialect, servers: any[], tag: string, stored: (tag: string) => Promise<Set<string>> }} what */
async function measure({ dialect, servers, tag, stored }) {
	const users = Array.from({ length: Number(options.users) }, (_, n) => createUser(dialect, servers.map((it) => it.wsPort), tag, n));
	await within('all to be in', Promise.all(users.map((it) => it.isIn)), 60000);
	const began = Date.now();
	let killed = false;
	for (let n = 0; Date.now() - began < Number(options.seconds) * 1000; n++) {
		users[n % users.length].say();
		if (!killed && Date.now() - began > Number(options.seconds) * 500) {
			killed = true;
			servers[1].kill();
		}
		const early = n * 1000 / Number(options.rate) - (Date.now() - began);
		if (early > 0) {
			await pause(early);
		}
	}
	await pause(DRAIN_MS);
	const kept = await stored(tag);
	const sides = users.map((it, n) => ({ from: it, to: users[n ^ 1] }));
	/** @param {(text: string, to: ReturnType<typeof createUser>, from: ReturnType<typeof createUser>) => boolean} counts */
	const count = (counts) => sides.reduce((sum, { from, to }) => sum
		+ Array.from({ length: from.sent() }, (_, n) => `${from.mine}${n + 1}`).filter((text) => counts(text, to, from)).length, 0);
	const figures = {
		sent: count(() => true),
		'sent, and never stored': count((text) => !kept.has(text)),
		'echoed, and not at the peer': count((text, to, from) => from.heard.has(text) && !to.heard.has(text)),
		'stored, and not at a peer whose server lived': count((text, to) => kept.has(text) && to.stays() && !to.heard.has(text)),
		'stored, and not at a peer who came back': count((text, to) => kept.has(text) && !to.stays() && !to.heard.has(text)),
		'live, and out of order': users.reduce((sum, it) => sum + it.inversions(), 0),
	};
	users.forEach((it) => it.leave());
	return figures;
}

const dir = scratchFolder('losses');
const { cluster } = await startPostgres(dir, { max_connections: 100 });
/** @param {string} database */
const storedIn = (database) => async (/** @type {string} */ tag) => new Set((await cluster.query(
	`select text from ${database} where text like '${tag}-%'`)).map(([text]) => text));
/** @type {Record<string, any[]>} */
const found = { 'mosquitto-chat': [], 'Socket.IO': [] };
try {
	await installPeers();
	for (let round = 1; round <= Number(options.rounds); round++) {
		const folder = join(dir, String(round));
		const brokers = [];
		for (let n = 0; n < 2; n++) {
			brokers.push((await startSide({ dir: join(folder, String(n)), kind: 'chat', cluster, options: { cluster: 'true', cluster_name: `${round}/${n}` } })).broker);
		}
		await until('both brokers to be in', async () =>
			(await cluster.query(`select count(*) from chat.nodes where name like '${round}/%' and gone_at is null`))[0][0] === '2', { every: 200 });
		found['mosquitto-chat'].push(await measure({ dialect: MQTT, servers: brokers, tag: `m${round}`, stored: storedIn('chat.messages') }));
		await brokers[0].stop();

		const servers = [];
		for (let n = 0; n < 2; n++) {
			servers.push((await startSocketIo(cluster, { workers: 1, shared: true, database: 'chat' })).broker);
		}
		found['Socket.IO'].push(await measure({ dialect: SOCKETIO, servers, tag: `s${round}`, stored: storedIn('public.messages') }));
		await servers[0].stop();
	}
} finally {
	await cluster.stop('fast');
}
const names = Object.keys(found['Socket.IO'][0]);
console.log(table(['', ...Object.keys(found)], names.map((name) => [name, ...Object.values(found).map((of) => withSpread(summary(of.map((it) => it[name]))))])));
console.log(`\n${options.users} users, ${options.rate} messages/s, ${options.seconds} s with a kill -9 half-way; medians of ${options.rounds} rounds, least and most in parentheses.`);
