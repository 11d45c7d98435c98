// A person's client: MQTT.js, with an inbox.

import mqtt from 'mqtt';
import WebSocket from 'ws';
import { signName } from '../stack/tokens.js';
import { PATIENCE, SLOW, pause, until, within } from '../stack/wait.js';
import { createInbox } from './inbox.js';

/**
 * @typedef {object} ConnectOptions
 * @property {{ host: string, tcpPort: number, wsPort: number, secrets: string[] }} broker
 * @property {string} [id] with `name`, makes a signed name; `username` and `password` say it outright
 * @property {string} [name]
 * @property {string} [secret]
 * @property {string} [username]
 * @property {string | Buffer} [password]
 * @property {4 | 5} [version]
 * @property {'ws' | 'tcp'} [transport]
 * @property {string} [clientId]
 * @property {boolean} [clean]
 * @property {number} [keepalive]
 * @property {import('mqtt').IClientOptions['will']} [will]
 * @property {import('mqtt').IClientOptions['properties']} [properties]
 * @property {{ ca: Buffer, cert?: Buffer, key?: Buffer }} [tls] over TCP
 *
 * @typedef {Awaited<ReturnType<typeof connect>>} Client
 */

/**
 * MQTT.js sends each field of a packet as a frame of its own, an empty one too, and an empty frame is
 * more than the WebSockets of Mosquitto 2.1 understand.
 */
class NoEmptyFrames extends WebSocket {
	/** @param {any} data @param {any} options @param {any} [done] */
	send(data, options, done) {
		if (data.length > 0) {
			super.send(data, options, done);
		} else {
			(done ?? options)();
		}
	}
}

/** A login that the broker did not accept: `code` is the CONNACK's, or 'closed' without one. */
class Refused extends Error {
	/** @param {number | string} code */
	constructor(code) {
		super(`login refused: ${code}`);
		this.code = code;
	}
}

let count = 0;

/** @type {Set<{ destroy: () => Promise<void> }>} */
const open = new Set();

/** Ends whatever a test has left open. */
export async function endClients() {
	await Promise.all([...open].map((client) => client.destroy()));
}

/** The four ways in: each version of the protocol, over each transport. */
export const WAYS = /** @type {{ version: 4 | 5, transport: 'ws' | 'tcp' }[]} */ ([
	{ version: 4, transport: 'ws' }, { version: 5, transport: 'ws' },
	{ version: 4, transport: 'tcp' }, { version: 5, transport: 'tcp' },
]);

/** @param {{ version: number, transport: string }} way */
export function wayName({ version, transport }) {
	return `MQTT ${version === 5 ? '5' : '3.1.1'} over ${transport === 'ws' ? 'WebSockets' : 'TCP'}`;
}

/** @param {ConnectOptions} options */
function loginOf({ id, name = id, secret, broker, username, password }) {
	if (id === undefined || username !== undefined || password !== undefined) {
		return { username, password };
	}
	return signName(secret ?? broker.secrets[0], id, /** @type {string} */ (name));
}

/**
 * @param {ConnectOptions} options
 */
export async function connect(options) {
	const {
		broker, id, name = id, version = 4, transport = 'ws', clean = true, keepalive = 60, will, properties, tls,
		clientId = `e2e-${process.pid}-${++count}`,
	} = options;
	const client = mqtt.connect({
		protocol: transport === 'ws' ? 'ws' : tls ? 'mqtts' : 'mqtt',
		...(tls ? { ...tls, servername: 'localhost' } : {}),
		hostname: broker.host,
		port: transport === 'ws' ? broker.wsPort : broker.tcpPort,
		path: '/mqtt',
		protocolVersion: version,
		clean,
		clientId,
		keepalive,
		will,
		properties,
		reconnectPeriod: 0,
		resubscribe: false,
		connectTimeout: PATIENCE * SLOW,
		createWebsocket: (url, protocols) => new NoEmptyFrames(url, protocols),
		.../** @type {{ username?: string, password?: string }} */ (loginOf(options)),
	});
	const inbox = createInbox(`${id ?? options.username ?? 'a client'} (${clientId})`);
	/** Every packet from the broker, in its order: [command, topic or reason]. */
	const packets = /** @type {{ cmd: string, topic?: string }[]} */ ([]);
	/** @type {number | undefined} */
	let goodbye;
	const closed = new Promise((resolve) => {
		client.once('close', () => resolve(undefined));
	});

	client.on('packetreceive', (/** @type {any} */ packet) => packets.push({ cmd: packet.cmd, topic: packet.topic }));
	client.on('disconnect', (/** @type {any} */ packet) => {
		goodbye = packet.reasonCode;
	});
	client.on('message', (topic, payload, packet) => {
		/** @type {any} */
		let event = {};
		try {
			event = JSON.parse(payload.toString()) ?? {};
		} catch {
			// Not ours: tests of ordinary topics look at the payload.
		}
		inbox.put({ topic, event, payload, packet });
	});
	// What goes wrong later is seen as the end of the connection.
	client.on('error', () => {});

	await within(`the answer to ${clientId}'s CONNECT`, new Promise((resolve, reject) => {
		client.once('connect', resolve);
		client.once('error', (/** @type {any} */ error) => reject(new Refused(error.code ?? error.message)));
		closed.then(() => reject(new Refused('closed')));
	})).catch((error) => {
		client.end(true);
		throw error;
	});

	let refs = 0;
	const it = {
		id: /** @type {string} */ (id),
		name: /** @type {string} */ (name),
		clientId,
		version,
		mqtt: client,
		packets,
		...inbox,
		connected: () => client.connected,

		/**
		 * @template {string | string[]} T
		 * @param {T} filters
		 * @param {Partial<import('mqtt').IClientSubscribeOptions>} [opts] QoS 1 unless they say so
		 * @returns {Promise<T extends string ? number : number[]>} what the SUBACK says
		 */
		subscribe(filters, opts) {
			const answer = new Promise((resolve, reject) => {
				client.subscribe(filters, { qos: 1, ...opts }, (error, _subs, packet) => {
					const granted = /** @type {any} */ (packet)?.granted;
					if (granted) {
						resolve(typeof filters === 'string' ? granted[0] : granted);
					} else {
						reject(error ?? new Error(`no SUBACK for ${filters}`));
					}
				});
			});
			return /** @type {any} */ (within(`the SUBACK for ${filters}`, answer));
		},

		/** @param {string} topic */
		unsubscribe(topic) {
			return within(`the UNSUBACK for ${topic}`, client.unsubscribeAsync(topic));
		},

		/**
		 * @param {string} topic
		 * @param {object | string | Buffer} payload an object is an event
		 * @param {import('mqtt').IClientPublishOptions} [opts]
		 * @returns {Promise<number>} the reason code of the PUBACK or PUBREC: 0 for a good one
		 */
		publish(topic, payload, opts) {
			const raw = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
			const answer = new Promise((resolve, reject) => {
				client.publish(topic, raw, { qos: 1, ...opts }, (/** @type {any} */ error) => {
					if (!error) {
						resolve(0);
					} else if (typeof error.code === 'number') {
						resolve(error.code);
					} else {
						reject(error);
					}
				});
			});
			return /** @type {Promise<number>} */ (within(`the acknowledgement of a publish to ${topic}`, answer));
		},

		/**
		 * Everything that the broker had for us before is here afterwards. Twice, as what a plugin
		 * publishes leaves with the broker's next round.
		 */
		async fence() {
			for (let round = 0; round < 2; round++) {
				const answer = new Promise((resolve) => {
					const look = (/** @type {any} */ packet) => {
						if (packet.cmd === 'pingresp') {
							client.off('packetreceive', look);
							resolve(undefined);
						}
					};
					client.on('packetreceive', look);
					client.sendPing();
				});
				await within(`the broker's answer to a ping of ${clientId}`, answer);
			}
		},

		/**
		 * Nothing that matches has come, as far as the broker had it before now.
		 * @param {string | null} topic
		 * @param {import('./inbox.js').Match} [match]
		 */
		async none(topic, match) {
			await it.fence();
			inbox.mustLack(topic, match);
		},

		/**
		 * Enters a chat, and takes what is told on entering.
		 * @param {string} chat
		 * @param {Partial<import('mqtt').IClientSubscribeOptions>} [opts]
		 */
		async join(chat, opts) {
			const code = await it.subscribe(chat, opts);
			if (code > 2) {
				throw new Error(`${it.id} may not subscribe to ${chat}: ${code}`);
			}
			const [history, presence] = await Promise.all([inbox.next(chat, 'history'), inbox.next(chat, 'presence_state')]);
			return { history, presence };
		},

		/** Subscribes to the own lobby; resolves to its `unread`. */
		async enterLobby() {
			const code = await it.subscribe(`user/${it.id}`);
			if (code > 2) {
				throw new Error(`${it.id} may not subscribe to the own lobby: ${code}`);
			}
			return inbox.next(`user/${it.id}`, 'unread');
		},

		/**
		 * Sends a message and waits until its echo says that it is stored.
		 * @param {string} chat
		 * @param {string} text
		 * @param {Record<string, unknown>} [members]
		 */
		async say(chat, text, members = {}) {
			const ref = members.ref ?? `${clientId}-${++refs}`;
			await it.publish(chat, { event: 'message', text, ref, ...members });
			return inbox.next(chat, (event) => event.event === 'message' && event.ref === ref && event.user_id === id);
		},

		/**
		 * Publishes what must be refused; resolves to the error.
		 * @param {string} topic
		 * @param {object | string | Buffer} payload
		 */
		async refusal(topic, payload) {
			await it.publish(topic, payload);
			return inbox.next(topic, 'error');
		},

		/**
		 * Says again and again that this user types, or no longer, until the others have heard it: between brokers such
		 * news are dropped that come late. Resolves to what they have heard.
		 * @param {string} chat
		 * @param {{ next: typeof inbox.next, take: typeof inbox.take }[]} others
		 * @param {boolean} [on]
		 */
		async typesUntilHeard(chat, others, on = true) {
			const heard = (/** @type {any} */ event) => event.event === 'typing' && event.user_id === id && event.on === on;
			/** @type {any[]} */
			const events = others.map(() => null);
			await until('others to hear who types', async () => {
				await it.publish(chat, { event: 'typing', on });
				await it.fence();
				await pause(200);
				others.forEach((other, n) => {
					events[n] ??= other.take(chat, heard)[0] ?? null;
				});
				return events.every(Boolean);
			});
			return events;
		},

		/** Resolves when the connection has ended: to the DISCONNECT's reason, if there was one. */
		async ended(timeout = PATIENCE) {
			await within(`the end of ${clientId}'s connection`, closed, timeout);
			open.delete(it);
			return goodbye;
		},

		/**
		 * Says goodbye.
		 * @param {{ reasonCode?: number, properties?: object }} [opts]
		 */
		async end(opts = {}) {
			await within(`${clientId} to disconnect`, client.endAsync(false, opts));
			open.delete(it);
		},

		/** Cuts the connection without a word. */
		async destroy() {
			open.delete(it);
			/** @type {any} */ (client.stream).destroy();
			await within(`${clientId}'s connection to be cut`, closed);
			client.end(true);
		},
	};
	open.add(it);
	return it;
}

/**
 * The code with which a login is refused; throws when it is not.
 * @param {ConnectOptions} options
 * @returns {Promise<number | string>}
 */
export async function refusalOf(options) {
	try {
		const client = await connect(options);
		await client.destroy();
	} catch (error) {
		if (error instanceof Refused) {
			return error.code;
		}
		throw error;
	}
	throw new Error(`the login of ${options.id ?? options.username} was accepted`);
}
