// The chat over MQTT.js: one connection that comes back by itself, the lobby, and one open room.

import mqtt from '/mqtt.js';
import { Room } from '/room.js';

const CONNECT_TIMEOUT = 8000;
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 15000;
/** A message without an echo for so long is published again. */
const ECHO_TIMEOUT = 10000;
const ANSWER_TIMEOUT = 10000;
const TYPING_EVERY = 3000;
const TYPING_LASTS = 6000;
/** These are no matter of time: the same message would be refused again. */
const FINAL = ['bad_json', 'bad_event', 'bad_field', 'too_large', 'rejected', 'forbidden'];

/**
 * @typedef {object} Pending a message that is not known to be stored
 * @property {string} ref
 * @property {string} topic
 * @property {string} text
 * @property {number} published when it was last handed to the broker
 * @property {string | null} failed why it never will be stored
 */

/** @returns {string} */
function randomId() {
	return Array.from(crypto.getRandomValues(new Uint8Array(12)), (it) => it.toString(16).padStart(2, '0')).join('');
}

export class Chat {
	/** @type {'connecting' | 'online' | 'offline' | 'logged out'} */
	state = 'connecting';
	/** What went wrong last, for the reader; null when all is well. @type {string | null} */
	trouble = null;
	/** @type {Map<string, number>} unread messages by peer */
	unread = new Map();
	/** @type {Room | null} */
	room = null;
	/** @type {Pending[]} */
	pending = [];
	loadingOlder = false;

	#client = /** @type {any} */ (null);
	#clientId = `demo-${randomId()}`;
	#attempt = 0;
	#held = false;
	/** @type {Map<string, { seq: number }>} the newest message that `unread` counts, by peer */
	#counted = new Map();
	/** @type {Map<string, (event: any) => void>} questions that wait for an answer, by ref */
	#asked = new Map();
	#typed = 0;
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	#typingTimer;
	#marked = 0;

	/**
	 * @param {object} options
	 * @param {string} options.url
	 * @param {string} options.me our id
	 * @param {() => Promise<string | null>} options.getToken null: we are no longer logged in
	 * @param {() => void} options.changed called after every change
	 */
	constructor({ url, me, getToken, changed }) {
		this.url = url;
		this.me = me;
		this.getToken = getToken;
		this.changed = changed;
		this.#connect();
		setInterval(() => this.#publishAgain(Date.now() - ECHO_TIMEOUT), ECHO_TIMEOUT / 4);
	}

	// ---- What the page can do

	/** @param {string} peer */
	open(peer) {
		if (this.room?.peer === peer) {
			return;
		}
		if (this.room) {
			this.#client?.unsubscribe(this.room.topic);
			this.unread.set(this.room.peer, this.room.unread);
			this.#counted.set(this.room.peer, { seq: this.room.last });
		}
		this.room = new Room(this.me, peer);
		this.loadingOlder = false;
		this.#asked.clear();
		this.#marked = 0;
		if (this.state === 'online') {
			this.#subscribe(this.room.topic);
		}
		this.changed();
	}

	/** @param {string} text */
	send(text) {
		if (!this.room) {
			return;
		}
		const message = { ref: randomId(), topic: this.room.topic, text, published: 0, failed: null };
		this.pending.push(message);
		this.#typed = 0;
		this.#publishMessage(message);
		this.changed();
	}

	/** @param {string} ref */
	retry(ref) {
		const message = this.pending.find((it) => it.ref === ref);
		if (message) {
			message.failed = null;
			this.#publishMessage(message);
			this.changed();
		}
	}

	/** @param {string} ref */
	discard(ref) {
		this.pending = this.pending.filter((it) => it.ref !== ref);
		this.changed();
	}

	typing() {
		if (this.room && this.state === 'online' && Date.now() - this.#typed > TYPING_EVERY) {
			this.#typed = Date.now();
			this.#publish(this.room.topic, { event: 'typing' }, 0);
		}
	}

	/** Asks for the page before the oldest message. */
	async older() {
		const room = this.room;
		if (!room?.more || this.loadingOlder || this.state !== 'online') {
			return;
		}
		this.loadingOlder = true;
		this.changed();
		const answer = await this.#history(room, { before: room.first });
		if (this.room === room) {
			this.loadingOlder = false;
			this.trouble = answer ? null : 'The older messages did not come. Please try again.';
			this.changed();
		}
	}

	/** Says how far we have read; the page calls it while somebody looks. */
	markRead() {
		const room = this.room;
		if (room?.loaded && this.state === 'online' && room.unread > 0 && room.last > this.#marked) {
			this.#marked = room.last;
			this.#publish(room.topic, { event: 'read', seq: room.last });
		}
	}

	// ---- The connection

	async #connect() {
		this.state = 'connecting';
		this.changed();
		/** @type {string | null} */
		let token;
		try {
			token = await this.getToken();
		} catch {
			this.#lost(null, 'The application does not answer.');
			return;
		}
		if (token === null) {
			this.state = 'logged out';
			this.changed();
			return;
		}
		const client = mqtt.connect(this.url, {
			clientId: this.#clientId,
			username: this.me,
			password: token,
			protocolVersion: 5,
			clean: true,
			connectTimeout: CONNECT_TIMEOUT,
			keepalive: 30,
			// Each attempt is a new connection with a fresh token, made by us.
			reconnectPeriod: 0,
			resubscribe: false,
		});
		this.#client = client;
		let refused = '';
		client.on('connect', () => this.#client === client && this.#online());
		client.on('message', (/** @type {string} */ topic, /** @type {Uint8Array} */ payload) => {
			if (this.#client === client) {
				this.#take(topic, JSON.parse(new TextDecoder().decode(payload)));
			}
		});
		client.on('error', (/** @type {Error & { code?: number }} */ error) => {
			refused = error.code === 0x87 ? 'The broker refused our token.' : '';
		});
		client.on('close', () => this.#lost(client, refused || 'The connection is lost.'));
	}

	/**
	 * @param {any} client
	 * @param {string} why
	 */
	#lost(client, why) {
		if (this.#client !== client) {
			return;
		}
		this.#client = null;
		client?.end(true);
		this.state = 'offline';
		this.trouble = `${why} Trying again…`;
		this.#asked.forEach((answered) => answered(null));
		this.#asked.clear();
		this.room?.takePresence({ users: {} });
		const longest = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** this.#attempt++);
		setTimeout(() => this.#connect(), longest / 2 + Math.random() * longest / 2);
		this.changed();
	}

	#online() {
		this.state = 'online';
		this.trouble = null;
		this.#attempt = 0;
		this.#held = false;
		this.#marked = 0;
		this.#subscribe(`user/${this.me}`);
		if (this.room) {
			this.#subscribe(this.room.topic);
		}
		this.#publishAgain(Infinity);
		this.changed();
	}

	/** @param {string} topic */
	#subscribe(topic) {
		this.#client?.subscribe(topic, { qos: 1 }, (/** @type {Error | null} */ error) => {
			if (error && this.state === 'online') {
				this.trouble = `The broker refused the subscription to ${topic}.`;
				this.changed();
			}
		});
	}

	/**
	 * @param {string} topic
	 * @param {object} event
	 * @param {0 | 1} [qos]
	 */
	#publish(topic, event, qos = 1) {
		// What the broker does not take now is published anew after the next connect.
		this.#client?.publish(topic, JSON.stringify(event), { qos }, () => {});
	}

	/** @param {Pending} message */
	#publishMessage(message) {
		if (this.state === 'online' && !this.#held && !message.failed) {
			message.published = Date.now();
			this.#publish(message.topic, { event: 'message', text: message.text, ref: message.ref });
		}
	}

	/**
	 * Everything that waits, in its order, when the oldest has waited since before `time`.
	 * @param {number} time
	 */
	#publishAgain(time) {
		const waiting = this.pending.filter((it) => !it.failed);
		if (waiting.length > 0 && waiting[0].published < time) {
			waiting.forEach((it) => this.#publishMessage(it));
		}
	}

	/**
	 * @param {Room} room
	 * @param {{ before?: number, after?: number }} from
	 * @returns {Promise<object | null>}
	 */
	#history(room, from) {
		const ref = randomId();
		return new Promise((resolve) => {
			const timer = setTimeout(() => this.#asked.get(ref)?.(null), ANSWER_TIMEOUT);
			this.#asked.set(ref, (event) => {
				clearTimeout(timer);
				this.#asked.delete(ref);
				resolve(event);
			});
			this.#publish(room.topic, { event: 'history', ...from, ref });
		});
	}

	// ---- What the plugin says

	/**
	 * @param {string} topic
	 * @param {any} event
	 */
	#take(topic, event) {
		const room = this.room;
		if (topic === `user/${this.me}`) {
			this.#takeFromLobby(topic, event);
		} else if (room && topic === room.topic) {
			this.#takeFromRoom(room, event);
		}
		this.changed();
	}

	/**
	 * @param {Room} room
	 * @param {any} event
	 */
	#takeFromRoom(room, event) {
		switch (event.event) {
			case 'history':
				room.takeHistory(event);
				this.trouble = null;
				this.#asked.get(event.ref)?.(event);
				event.messages.forEach((/** @type {import('./room.js').Message} */ it) => this.#settle(it));
				break;
			case 'message':
				this.#settle(event);
				if (!room.takeMessage(event)) {
					this.#fill(room);
				}
				if (event.user_id === room.peer) {
					this.#showTyping(room, false);
				}
				break;
			case 'read':
				room.takeRead(event.user_id, event.seq);
				break;
			case 'typing':
				if (event.user_id === room.peer) {
					this.#showTyping(room, event.on);
				}
				break;
			case 'presence_state':
			case 'presence_diff':
				room.takePresence(event);
				break;
			case 'error':
				this.#takeError(room, event);
				break;
		}
	}

	/**
	 * Fetches what came between the last message here and the newest.
	 * @param {Room} room
	 */
	async #fill(room) {
		const answer = /** @type {any} */ (await this.#history(room, { after: room.last }));
		if (answer?.more && this.room === room) {
			await this.#fill(room);
		}
	}

	/**
	 * @param {Room} room
	 * @param {{ code: string, reason: string, ref?: string, retry_ms?: number }} error
	 */
	#takeError(room, error) {
		const asked = error.ref && this.#asked.get(error.ref);
		const message = this.pending.find((it) => it.ref === error.ref);
		if (asked) {
			asked(null);
		} else if (message && FINAL.includes(error.code)) {
			message.failed = error.reason;
		} else if (message) {
			this.#hold(error.retry_ms ?? 1000);
		} else {
			this.trouble = error.reason;
			if (error.code === 'rate_limited') {
				setTimeout(() => this.#askAgain(room), error.retry_ms ?? 1000);
			}
		}
	}

	/**
	 * After a subscribe or a read mark that was one too many: neither is answered later by itself.
	 * @param {Room} room
	 */
	#askAgain(room) {
		if (this.room === room && this.state === 'online') {
			this.#marked = 0;
			this.#publish(room.topic, { event: 'history' });
		}
	}

	/**
	 * Keeps all messages back, so that none overtakes another, and then sends them in order.
	 * @param {number} ms
	 */
	#hold(ms) {
		this.trouble = 'The chat cannot take messages right now. They are kept, and sent as soon as it can.';
		if (!this.#held) {
			this.#held = true;
			setTimeout(() => {
				this.#held = false;
				this.#publishAgain(Infinity);
			}, ms);
		}
	}

	/**
	 * A stored message of ours is pending no longer.
	 * @param {import('./room.js').Message} message
	 */
	#settle(message) {
		if (message.user_id === this.me && message.ref) {
			const left = this.pending.filter((it) => it.ref !== message.ref);
			if (left.length < this.pending.length) {
				this.trouble = null;
			}
			this.pending = left;
		}
	}

	/**
	 * @param {Room} room
	 * @param {boolean} on
	 */
	#showTyping(room, on) {
		clearTimeout(this.#typingTimer);
		room.typing = on;
		if (on) {
			this.#typingTimer = setTimeout(() => {
				room.typing = false;
				this.changed();
			}, TYPING_LASTS);
		}
	}

	/**
	 * @param {string} topic
	 * @param {any} event
	 */
	#takeFromLobby(topic, event) {
		const peer = this.#peerOf(event.chat);
		switch (event.event) {
			case 'unread':
				this.unread = new Map(event.chats.map((/** @type {any} */ it) => [it.user_id, it.count]));
				this.#counted = new Map(event.chats.map((/** @type {any} */ it) => [it.user_id, it.last]));
				break;
			case 'notification':
				this.#settle(event.message);
				// The count that came with `unread` has it already when its seq is not above `last`.
				if (event.message.user_id !== this.me && event.message.seq > (this.#counted.get(peer)?.seq ?? 0)) {
					this.#counted.set(peer, event.message);
					this.unread.set(peer, (this.unread.get(peer) ?? 0) + 1);
				}
				break;
			case 'read':
				this.unread.set(peer, event.count);
				break;
			case 'error':
				this.trouble = event.reason;
				if (event.code === 'rate_limited') {
					setTimeout(() => this.state === 'online' && this.#subscribe(topic), event.retry_ms);
				}
				break;
		}
	}

	/**
	 * @param {string} [topic]
	 * @returns {string}
	 */
	#peerOf(topic = '') {
		const [, a, b] = topic.split('/');
		return a === this.me ? b : a;
	}
}
