// People who chat while something breaks: each publishes numbered messages with a ref, and keeps
// account of what it was told about them.

import { connect as connectSocket } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { signName } from '../stack/tokens.js';
import { pause, until } from '../stack/wait.js';

/** What one message came to, as its sender knows it. */
class Sent {
	/** @param {string} ref @param {number} connection which of the sender's connections first took it */
	constructor(ref, connection) {
		this.ref = ref;
		this.connection = connection;
		this.acknowledged = false;
		this.refused = false;
		this.echoes = 0;
	}
}

/** @type {Set<Talker>} */
const talking = new Set();

/** Stops whoever a failed test has left talking: they would go on, and the process with them. */
export async function endTalkers() {
	await Promise.all([...talking].map((it) => it.stop()));
}

/**
 * A sender in one chat. It keeps `window` messages without PUBACK, and at most `patience` of a connection
 * without an answer, connects again when it is cut off, and, when `repeats`, then sends again what it has
 * seen no echo of.
 */
export class Talker {
	/**
	 * @param {{ broker: () => import('../stack/broker.js').Broker, id: string, chat: string, tag: string,
	 *           window?: number, patience?: number, every?: number, repeats?: boolean, limit?: number }} options
	 *   `broker` because it may be another one later; `every`: ms between messages
	 */
	constructor({ broker, id, chat, tag, window = 8, patience = Infinity, every = 5, repeats = false, limit = Infinity }) {
		Object.assign(this, { broker, id, chat, tag, window, patience, every, repeats, limit });
		/** @type {Map<string, Sent>} */
		this.sent = new Map();
		/** @type {number[]} the seq of every message event, in the order of arrival, by connection */
		this.seen = [];
		/** Messages that were echoed. */
		this.echoed = 0;
		this.inversions = 0;
		this.connections = 0;
		this.talking = true;
		talking.add(this);
		this.done = this.#live();
	}

	/** No new messages from now on; resolves when the last connection is closed. */
	async stop() {
		this.talking = false;
		talking.delete(this);
		this.socket?.destroy();
		await this.done;
	}

	/** Cuts the connection; it comes back. */
	cut() {
		this.socket?.destroy();
	}

	async #live() {
		while (this.talking) {
			await this.#connection().catch(() => {});
			await pause(20);
		}
	}

	/** One connection, from CONNECT to its end. */
	#connection() {
		const broker = this.broker();
		const socket = connectSocket({ host: broker.host, port: broker.tcpPort, noDelay: true });
		this.socket = socket;
		const connection = ++this.connections;
		const parser = mqttPacket.parser({ protocolVersion: 4 });
		/** @type {Map<number, Sent>} by message id */
		const flying = new Map();
		let highest = 0;
		let messageId = 0;
		let unanswered = 0;
		/** @type {NodeJS.Timeout | undefined} */
		let timer;
		const write = (/** @type {any} */ packet) => socket.write(mqttPacket.generate(packet, { protocolVersion: 4 }));
		const publish = (/** @type {Sent} */ sent) => {
			messageId = messageId % 60000 + 1;
			flying.set(messageId, sent);
			write({
				cmd: 'publish', topic: this.chat, qos: 1, messageId,
				payload: JSON.stringify({ event: 'message', text: `text of ${sent.ref}`, ref: sent.ref }),
			});
		};
		const talk = () => {
			if (this.talking && this.sent.size < this.limit && flying.size < this.window && unanswered < this.patience && Date.now() >= (this.heldUntil ?? 0)) {
				const sent = new Sent(`${this.tag}-${this.sent.size + 1}`, connection);
				this.sent.set(sent.ref, sent);
				unanswered++;
				publish(sent);
			}
		};
		const hear = (/** @type {any} */ event) => {
			const sent = event.ref && this.sent.get(event.ref);
			const firstAnswer = sent && sent.echoes === 0 && !sent.refused;
			if (event.event === 'message') {
				// The answer to a repeat is as old as what it repeats.
				const answer = this.repeats && sent;
				this.inversions += event.seq <= highest && !answer ? 1 : 0;
				highest = Math.max(highest, event.seq);
				if (sent && event.user_id === this.id) {
					this.echoed += Number(sent.echoes === 0);
					unanswered -= Number(firstAnswer && sent.connection === connection);
					sent.echoes++;
					sent.refused = false;
				}
			} else if (event.event === 'error' && sent) {
				unanswered -= Number(firstAnswer && sent.connection === connection);
				sent.refused = true;
				this.heldUntil = Date.now() + (event.retry_ms ?? 0);
			}
		};
		parser.on('packet', (/** @type {any} */ packet) => {
			if (packet.cmd === 'connack' && packet.returnCode === 0) {
				write({ cmd: 'subscribe', messageId: 65000, subscriptions: [{ topic: this.chat, qos: 1 }] });
			} else if (packet.cmd === 'suback') {
				if (this.repeats) {
					[...this.sent.values()].filter((it) => it.echoes === 0).slice(0, 200).forEach(publish);
				}
				timer = setInterval(talk, this.every);
			} else if (packet.cmd === 'puback') {
				const sent = flying.get(packet.messageId);
				flying.delete(packet.messageId);
				if (sent) {
					sent.acknowledged = true;
				}
			} else if (packet.cmd === 'publish') {
				if (packet.qos === 1) {
					write({ cmd: 'puback', messageId: packet.messageId });
				}
				hear(JSON.parse(packet.payload.toString()));
			}
		});
		const { username, password } = signName(broker.secrets[0], this.id, this.id);
		write({
			cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60,
			clientId: `${this.tag}-${connection}`, username, password: Buffer.from(password),
		});
		return new Promise((resolve) => {
			socket.on('data', (chunk) => parser.parse(chunk));
			socket.on('error', () => {});
			socket.once('close', () => {
				clearInterval(timer);
				resolve(undefined);
			});
		});
	}
}

/**
 * What the database has, held against what the senders were told.
 * @param {import('../stack/cluster.js').Cluster} cluster
 * @param {Talker[]} talkers
 */
export async function audit(cluster, talkers) {
	/** @type {Map<string, { count: number, seq: number }>} */
	const stored = new Map();
	for (const [ref, seq] of await cluster.query('select ref, seq from chat.messages where ref is not null order by room, seq')) {
		const row = stored.get(ref) ?? { count: 0, seq: 0 };
		stored.set(ref, { count: row.count + 1, seq: Number(seq) });
	}
	const figures = { sent: 0, acknowledged: 0, refused: 0, stored: 0, lost: 0, twice: 0, echoedAndLost: 0, disordered: 0, inversions: 0, gaps: 0 };
	for (const talker of talkers) {
		figures.inversions += talker.inversions;
		/** @type {Map<number, number>} */
		const last = new Map();
		for (const sent of talker.sent.values()) {
			const count = stored.get(sent.ref)?.count ?? 0;
			figures.sent++;
			figures.acknowledged += Number(sent.acknowledged);
			figures.refused += Number(sent.refused);
			figures.stored += Number(count > 0);
			figures.lost += Number(sent.acknowledged && !sent.refused && count === 0);
			figures.echoedAndLost += Number(sent.echoes > 0 && count === 0);
			figures.twice += Number(count > 1);
			if (count > 0 && !talker.repeats && !sent.refused) {
				const seq = stored.get(sent.ref)?.seq ?? 0;
				figures.disordered += Number(seq < (last.get(sent.connection) ?? 0));
				last.set(sent.connection, seq);
			}
		}
	}
	const [[gaps]] = await cluster.query(
		'select count(*) from (select 1 from chat.messages group by room having max(seq) <> count(*) or min(seq) <> 1) x');
	figures.gaps = Number(gaps);
	return figures;
}

/**
 * Gives what was acknowledged, and not refused, time to be stored. What is not by then is lost, as the account
 * will say.
 * @param {import('../stack/cluster.js').Cluster} cluster
 * @param {Talker[]} talkers
 */
export async function untilStored(cluster, talkers) {
	await until('what was acknowledged to be stored', async () => (await audit(cluster, talkers)).lost === 0,
		{ every: 700, timeout: 60000 }).catch(() => {});
}

/** One line of figures. @param {string} title @param {Record<string, unknown>} figures */
export function line(title, figures) {
	console.log(`${title}: ${Object.entries(figures).map(([name, value]) => `${name} ${value}`).join(', ')}`);
}
