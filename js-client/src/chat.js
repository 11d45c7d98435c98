// A user's chats, as the application sees them: the connection, the lobby, and a room for each peer.

import { Alarm, systemClock } from './clock.js';
import { Connection } from './connection.js';
import { Conversation } from './conversation.js';
import { Credentials } from './credentials.js';
import { Emitter } from './emitter.js';
import { pageEnvironment } from './environment.js';
import { ChatError, UnauthorizedError } from './errors.js';
import { storedMessage } from './message.js';
import { Outbox } from './outbox.js';
import { Owed } from './owed.js';
import { decode, encodeMessage } from './protocol.js';
import { Room } from './room.js';
import { defaultStore, memoryStore } from './store.js';
import { chatOf, isUserId, lobbyOf, peerOf } from './topic.js';
import { UnreadCounts } from './unread.js';

/** A doubtful count is asked for anew, but not for each message of many. */
const RECOUNT = 1000;

/** Where the plugin does not say when to try again. */
const PAUSE = 2000;

/**
 * @typedef {import('./message.js').Message} Message
 * @typedef {import('./connection.js').State} State
 *
 * @typedef {object} ChatOptions
 * @property {string} url the broker's: `wss://…` or `ws://…`; in Node `mqtts://…` and `mqtt://…`, too
 * @property {string} [id] this user's; not needed with a JWT
 * @property {string} [name] not needed with a JWT
 * @property {string} [token] the first one: a JWT, or the signature of `<id>:<name>`
 * @property {(need: { reason: import('./credentials.js').Reason }) => string | Promise<string>} [getToken]
 *   fetches a new one; throws an UnauthorizedError to give up
 * @property {import('./store.js').PendingStore} [store] where pending messages are kept
 *
 * @typedef {object} Unread
 * @property {number} total all unread messages
 * @property {UnreadChat[]} chats the newest first, at most the newest hundred
 *
 * @typedef {object} UnreadChat
 * @property {string} peer
 * @property {number} count
 * @property {Message} last the newest of them
 *
 * @typedef {object} ChatEvents
 * @property {State} state
 * @property {Unread} unread
 * @property {import('./protocol.js').NotificationEvent} notification a message in a chat that is not open here
 * @property {ChatError} error what no promise has told of
 *
 * @typedef {object} Surroundings what tests bring themselves
 * @property {import('./clock.js').Clock} [clock]
 * @property {import('./environment.js').Environment} [environment]
 * @property {typeof import('./link.js').openLink} [open]
 * @property {() => number} [random]
 */

/** `createChat()` makes it. */
export class Chat {
	/** @type {Emitter<ChatEvents>} */
	#events = new Emitter();
	#clock;
	#environment;
	#credentials;
	#connection;
	#store;
	/** By peer. @type {Map<string, { room: Room, core: Conversation }>} */
	#rooms = new Map();
	#counts = new UnreadCounts();
	/** @type {Unread | null} */
	#unread = null;
	#outbox;
	#owed;
	#recount;
	/** @type {{ promise: Promise<void>, resolve: () => void, reject: (error: Error) => void } | null} */
	#connecting = null;
	#counted = false;
	/** Who the store was asked about. @type {Promise<void> | null} */
	#loaded = null;
	/** @type {(() => void) | null} */
	#sleep = null;

	/**
	 * @param {ChatOptions} options
	 * @param {Surroundings} [surroundings]
	 */
	constructor(options, { clock = systemClock, environment = pageEnvironment(), open, random } = {}) {
		checkOptions(options);
		this.#clock = clock;
		this.#environment = environment;
		this.#store = options.store ?? defaultStore();
		this.#credentials = new Credentials(options, clock);
		this.#connection = new Connection({ url: options.url, credentials: this.#credentials, clock, open, random }, {
			state: (state) => this.#stateChanged(state),
			login: () => this.#login(),
			subscribing: (topic) => this.#subscribing(topic),
			subscribed: (topic, granted) => this.#coreOf(topic)?.subscribed(granted),
			arrived: (topic, payload) => this.#arrived(topic, payload),
			down: () => this.#down(),
			error: (error) => this.#report(error, 'token'),
		});
		this.#outbox = new Outbox(clock, ({ room, ref, text }) => this.#connection.publish(this.#topicOf(room), encodeMessage(text, ref), {
			refused: () => this.#rooms.get(room)?.core.event({ event: 'error', code: 'forbidden', reason: 'the broker refused it', ref }),
		}));
		this.#owed = new Owed(clock, () => this.#connection.subscribe(this.#lobby));
		this.#recount = new Alarm(clock);
	}

	// ---- What the application asks for

	/** This user's id; null until a token has told it. */
	get id() {
		return this.#credentials.id;
	}

	/** This user's name, as the token says it. */
	get name() {
		return this.#credentials.name;
	}

	/** @returns {State} */
	get state() {
		return this.#connection.state;
	}

	/**
	 * What is unread, in all chats. A new object after each change.
	 * @returns {Unread}
	 */
	get unread() {
		const me = this.id ?? '';
		this.#unread ??= {
			total: this.#counts.total,
			chats: this.#counts.entries.map(({ peer, count, last }) => ({ peer, count, last: storedMessage(last, me) })),
		};
		return this.#unread;
	}

	/**
	 * Connects, and stays connected until `close()`.
	 * @returns {Promise<void>} once the unread counts are in; rejects with an UnauthorizedError when it ends there
	 */
	connect() {
		const over = ['idle', 'closed', 'unauthorized'].includes(this.state);
		if (!over && this.#counted) {
			return Promise.resolve();
		}
		this.#connecting ??= deferred();
		const { promise } = this.#connecting;
		if (over) {
			this.#sleep ??= this.#environment.onWake(() => this.#wake());
			this.#connection.start();
		}
		return promise;
	}

	/**
	 * The chat with another user; the same object each time.
	 * @param {string} peer
	 * @returns {Room}
	 */
	with(peer) {
		if (!isUserId(peer) || peer === this.id) {
			throw new TypeError(`no chat with ${JSON.stringify(peer)}: it takes the id of another user`);
		}
		return this.#roomOf(peer).room;
	}

	/**
	 * @template {keyof ChatEvents} Name
	 * @param {Name} name
	 * @param {(value: ChatEvents[Name]) => void} listener
	 * @returns {() => void} undoes it
	 */
	on(name, listener) {
		return this.#events.on(name, listener);
	}

	/**
	 * Closes all rooms and disconnects. What is pending is sent after the next `connect()`.
	 * @returns {Promise<void>}
	 */
	async close() {
		const error = new ChatError('closed', 'the chat was closed');
		this.#sleep?.();
		this.#sleep = null;
		const stopped = this.#connection.stop();
		for (const [peer, { core }] of this.#rooms) {
			core.ended(error, true);
			if (!core.needed) {
				this.#leave(peer);
			}
		}
		this.#connecting?.reject(error);
		this.#connecting = null;
		await stopped;
		this.#attempt(() => this.#store.close());
	}

	// ---- What the connection tells us

	/** @param {State} state */
	#stateChanged(state) {
		if (state === 'unauthorized') {
			const error = new UnauthorizedError();
			this.#rooms.forEach(({ core }) => core.ended(error, false));
			this.#connecting?.reject(error);
			this.#connecting = null;
		}
		this.#events.emit('state', state);
	}

	/** We know who we are. */
	#login() {
		this.#loaded ??= this.#load();
		return this.#loaded;
	}

	/** Takes up what an earlier page has left, and wants to hear of everything. */
	async #load() {
		const me = /** @type {string} */ (this.id);
		/** @type {import('./store.js').PendingRecord[]} */
		let records = [];
		try {
			records = await this.#store.load(me);
		} catch (error) {
			this.#report(error, 'store');
			this.#store = memoryStore();
		}
		for (const peer of new Set(records.map((record) => record.peer))) {
			if (isUserId(peer) && peer !== me) {
				this.#roomOf(peer).core.restore(records.filter((record) => record.peer === peer));
			}
		}
		this.#connection.subscribe(this.#lobby);
		for (const [peer, { core }] of this.#rooms) {
			core.keepAll();
			if (core.needed) {
				this.#connection.subscribe(this.#topicOf(peer));
			}
		}
	}

	/** @param {string} topic */
	#subscribing(topic) {
		if (topic === this.#lobby) {
			this.#owed.due();
		} else {
			this.#coreOf(topic)?.subscribing();
		}
	}

	#down() {
		this.#counted = false;
		this.#owed.settled();
		this.#recount.clear();
		this.#outbox.down();
		this.#rooms.forEach(({ core }) => core.down());
	}

	#wake() {
		this.#connection.wake();
		this.#rooms.forEach(({ core }) => core.wake());
	}

	/**
	 * @param {string} topic
	 * @param {Uint8Array} payload
	 */
	#arrived(topic, payload) {
		if (topic === this.#lobby) {
			this.#lobbyEvent(decode(payload, 'lobby'));
			return;
		}
		const peer = peerOf(topic, this.id ?? '');
		const event = decode(payload, 'chat');
		const known = peer === null ? undefined : this.#rooms.get(peer);
		if (peer !== null && known && event) {
			known.core.event(event);
			if (event.event === 'message') {
				const { event: _, ...message } = event;
				const fresh = this.#heard(peer, message);
				if (fresh && !known.core.wanted) {
					// We are there for our own messages alone; to the application the room is closed.
					this.#events.emit('notification', { event: 'notification', chat: topic, name: known.room.peer.name ?? '', message });
				}
			}
		}
	}

	/** @param {import('./protocol.js').LobbyEvent | null} event */
	#lobbyEvent(event) {
		switch (event?.event) {
			case 'unread': return this.#reported(event);
			case 'notification': return this.#notified(event);
			case 'read': return this.#read(event);
			case 'error': return this.#lobbyError(event);
		}
	}

	/** @param {import('./protocol.js').UnreadEvent} event */
	#reported(event) {
		this.#owed.settled();
		this.#counts.report(event);
		this.#counted = true;
		this.#recounted();
		this.#connecting?.resolve();
		this.#connecting = null;
	}

	/** @param {import('./protocol.js').NotificationEvent} event */
	#notified(event) {
		const peer = peerOf(event.chat, this.id ?? '');
		if (peer !== null) {
			this.#rooms.get(peer)?.core.notified(event.message, event.name);
			if (this.#heard(peer, event.message)) {
				this.#events.emit('notification', event);
			}
		}
	}

	/** @param {import('./protocol.js').LobbyReadEvent} event */
	#read(event) {
		const me = this.id ?? '';
		const peer = peerOf(event.chat, me);
		if (peer !== null) {
			this.#doubt(this.#counts.read(peer, event));
			this.#rooms.get(peer)?.core.marked(me, event.seq);
			this.#recounted();
		}
	}

	/** @param {import('./protocol.js').ErrorEvent} event */
	#lobbyError({ code, reason = '', retry_ms = PAUSE }) {
		if (code === 'rate_limited' || code === 'unavailable') {
			this.#owed.refused(code, retry_ms);
		} else {
			this.#report(new ChatError(code, reason), code);
		}
	}

	/**
	 * A message was stored in the chat with that peer.
	 * @param {string} peer
	 * @param {import('./protocol.js').WireMessage} message
	 * @returns {boolean} whether it is news
	 */
	#heard(peer, message) {
		const { fresh, doubtful } = this.#counts.message(peer, message);
		this.#doubt(doubtful);
		if (fresh && message.user_id === peer) {
			this.#recounted();
		}
		return fresh;
	}

	/** @param {boolean} doubtful whether the counts may be wrong */
	#doubt(doubtful) {
		if (doubtful && !this.#recount.armed) {
			this.#recount.set(RECOUNT, () => this.#connection.subscribe(this.#lobby));
		}
	}

	#recounted() {
		this.#unread = null;
		this.#events.emit('unread', this.unread);
	}

	// ---- Rooms

	get #lobby() {
		return lobbyOf(this.id ?? '');
	}

	/** @param {string} peer */
	#topicOf(peer) {
		return chatOf(this.id ?? '', peer);
	}

	/** @param {string} topic */
	#coreOf(topic) {
		return this.#rooms.get(peerOf(topic, this.id ?? '') ?? '')?.core;
	}

	/** @param {string} peer */
	#roomOf(peer) {
		const known = this.#rooms.get(peer);
		if (known) {
			return known;
		}
		const core = new Conversation(peer, {
			clock: this.#clock,
			visible: () => this.#environment.visible(),
			me: () => this.id,
			outbox: this.#outbox,
			publish: (payload, options) => this.#connection.publish(this.#topicOf(peer), payload, options),
			join: () => this.#join(peer),
			leave: () => this.#leave(peer),
			keep: (record) => this.id !== null && this.#attempt(() => this.#store.put(this.id ?? '', { ...record, peer })),
			drop: (ref) => this.#attempt(() => this.#store.remove(this.id ?? '', ref)),
			error: (error) => this.#report(error, error.code),
		});
		const entry = { room: new Room(core), core };
		this.#rooms.set(peer, entry);
		return entry;
	}

	/** @param {string} peer */
	#join(peer) {
		// Before that, `#load` does it for all who need it.
		if (this.id !== null) {
			this.#connection.subscribe(this.#topicOf(peer));
		}
	}

	/** @param {string} peer */
	async #leave(peer) {
		if (this.id !== null) {
			await this.#connection.unsubscribe(this.#topicOf(peer));
		}
	}

	// ---- Trouble

	/** @param {() => unknown} step of the store, which others may have written */
	async #attempt(step) {
		try {
			await step();
		} catch (error) {
			this.#report(error, 'store');
		}
	}

	/**
	 * @param {unknown} error
	 * @param {string} code where it has none
	 */
	#report(error, code) {
		const known = error instanceof ChatError;
		this.#events.emit('error', known ? error : new ChatError(code, error instanceof Error ? error.message : String(error)));
	}
}

/** @returns {{ promise: Promise<void>, resolve: () => void, reject: (error: Error) => void }} */
function deferred() {
	/** @type {any} */
	const it = {};
	it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
	return it;
}

/** @param {ChatOptions} options */
function checkOptions({ url, id, token, getToken }) {
	if (!/^(wss?|mqtts?):\/\//.test(url)) {
		throw new TypeError('url: a string that begins with wss:// or ws://');
	}
	if (id !== undefined && !isUserId(id)) {
		throw new TypeError('id: 1 to 64 characters of A-Z a-z 0-9 _ . @ ~ = -');
	}
	if (token === undefined && getToken === undefined) {
		throw new TypeError('token or getToken: one of them is needed');
	}
}

/**
 * @param {ChatOptions} options
 * @returns {Chat}
 */
export function createChat(options) {
	return new Chat(options);
}
