// What happens in the chat with one user: the works behind a Room.

import { Emitter } from './emitter.js';
import { ChatError, isFinal } from './errors.js';
import { ReadMarks } from './marks.js';
import { Timeline } from './merge.js';
import { pendingMessage, storedMessage, unsettle } from './message.js';
import { Owed } from './owed.js';
import { Presence } from './presence.js';
import { encodeHistory, encodeRead, encodeTyping, LONGEST_PAGE, sendable, textFault } from './protocol.js';
import { randomId } from './random.js';
import { Requests } from './requests.js';
import { TypingReceiver, TypingSender } from './typing.js';

/** How many messages `older()` asks for when nobody says. */
const PAGE = 50;

/** Where the plugin does not say when to try again. */
const PAUSE = 2000;

/**
 * @typedef {import('./message.js').Message} Message
 * @typedef {import('./protocol.js').WireMessage} WireMessage
 *
 * @typedef {object} Ports what a conversation needs of its surroundings
 * @property {import('./clock.js').Clock} clock
 * @property {() => boolean} visible
 * @property {() => string | null} me
 * @property {import('./outbox.js').Outbox} outbox
 * @property {(payload: string, options?: { qos?: 0 | 1 }) => boolean} publish
 * @property {() => void} join subscribes, or does so again
 * @property {() => Promise<void>} leave
 * @property {(record: Omit<import('./store.js').PendingRecord, 'peer'>) => void} keep
 * @property {(ref: string) => void} drop
 * @property {(error: ChatError) => void} error
 *
 * @typedef {object} Pending
 * @property {Message} message
 * @property {import('./message.js').Settling} settling
 * @property {number} order
 *
 * @typedef {object} Opening
 * @property {Promise<void>} promise
 * @property {() => void} resolve
 * @property {(error: Error) => void} reject
 */

/** Counts what is sent, over all rooms: the order is kept with each message. */
let sendings = 0;

export class Conversation {
	/** @type {Emitter<import('./room.js').RoomEvents>} */
	events = new Emitter();
	#id;
	#ports;
	#timeline = /** @type {Timeline<Message>} */ (new Timeline());
	/** By ref, in the order of sending. @type {Map<string, Pending>} */
	#pending = new Map();
	/** Messages that the application has been told of. @type {WeakSet<Message>} */
	#shown = new WeakSet();
	/** @type {Message[] | null} */
	#listed = null;
	#presence = new Presence();
	/** @type {string | null} */
	#name = null;
	#peerRead = 0;
	#typingThere;
	#typingHere;
	#marks;
	#requests;
	#owed;
	/** The application wants to be here. */
	#wanted = false;
	/** We hear what is said here. */
	#joined = false;
	#has = { history: false, presence: false };
	/** @type {Opening | null} */
	#opening = null;
	#filling = false;
	/** @type {Promise<{ messages: Message[], more: boolean }> | null} */
	#olderPage = null;

	/**
	 * @param {string} id the peer's
	 * @param {Ports} ports
	 */
	constructor(id, ports) {
		this.#id = id;
		this.#ports = ports;
		const { clock, visible } = ports;
		const say = (/** @type {string} */ payload, /** @type {0 | 1} */ qos = 1) => this.#joined && ports.publish(payload, { qos });
		this.#typingThere = new TypingReceiver(clock, () => this.events.emit('typing', this.peer));
		this.#typingHere = new TypingSender(clock, (on) => say(encodeTyping(on), 0));
		this.#marks = new ReadMarks(clock, visible, (seq) => say(encodeRead(seq)));
		this.#requests = new Requests(clock, (members) => say(encodeHistory(members)));
		this.#owed = new Owed(clock, () => this.needed && ports.join());
	}

	// ---- What the application asks for

	get peer() {
		return { id: this.#id, name: this.#name, present: this.#presence.has(this.#id), typing: this.#typingThere.on, readSeq: this.#peerRead };
	}

	get messages() {
		this.#listed ??= [
			...this.#timeline.items,
			// Own ones that are stored, but behind a hole: the application has them already.
			...this.#timeline.held.filter((message) => this.#shown.has(message)),
			...[...this.#pending.values()].map(({ message }) => message),
		];
		return this.#listed;
	}

	get more() {
		return this.#timeline.more;
	}

	get readSeq() {
		return this.#marks.confirmed;
	}

	/** Whether the application is here. */
	get wanted() {
		return this.#wanted;
	}

	/** @returns {Promise<void>} */
	open() {
		this.#wanted = true;
		if (this.#opened) {
			return Promise.resolve();
		}
		if (!this.#opening) {
			this.#opening = opening();
			this.#ports.join();
		}
		return this.#opening.promise;
	}

	/** @param {string} given */
	send(given) {
		if (typeof given !== 'string') {
			throw new TypeError('a message is a string');
		}
		const pending = { ref: randomId(), user_id: this.#ports.me() ?? '', text: sendable(given), sent_at: new Date() };
		const { message, settling } = pendingMessage(pending);
		this.#pending.set(pending.ref, { message, settling, order: ++sendings });
		this.#typingHere.over();
		this.#show([message]);
		this.#submit(pending.ref);
		this.open().catch(() => {});
		return message;
	}

	/** @param {string | null} ref */
	retry(ref) {
		const pending = this.#failed(ref);
		if (!pending) {
			return null;
		}
		const { message } = pending;
		Object.assign(message, { status: 'sending', error: null, sent_at: new Date() });
		pending.settling = unsettle(message);
		pending.order = ++sendings;
		this.#pending.delete(String(ref));
		this.#pending.set(String(ref), pending);
		this.#changed([message]);
		this.#submit(String(ref));
		this.open().catch(() => {});
		return message;
	}

	/** @param {string | null} ref */
	discard(ref) {
		const pending = this.#failed(ref);
		if (pending) {
			this.#pending.delete(String(ref));
			this.#ports.drop(String(ref));
			this.#changed([pending.message]);
		}
		return pending !== null;
	}

	/** @param {{ limit?: number }} [options] */
	older({ limit = PAGE } = {}) {
		if (!Number.isInteger(limit) || limit < 1 || limit > LONGEST_PAGE) {
			return Promise.reject(new ChatError('bad_field', `a page has 1 to ${LONGEST_PAGE} messages`));
		}
		this.#olderPage ??= this.#fetchOlder(limit).finally(() => {
			this.#olderPage = null;
		});
		return this.#olderPage;
	}

	markRead() {
		const { items } = this.#timeline;
		for (let at = items.length - 1; at >= 0; at--) {
			if (!items[at].mine) {
				this.#marks.want(Number(items[at].seq));
				return;
			}
		}
	}

	/** @param {boolean} on */
	typing(on) {
		this.#typingHere.set(Boolean(on));
	}

	/** @returns {Promise<void>} */
	async close() {
		this.#typingHere.set(false);
		this.#forget(new ChatError('closed', 'the room was closed'));
		if (!this.needed) {
			await this.#leave();
		}
	}

	// ---- What the chat tells us

	/** Whether we have to be subscribed: for the application, or for the answers to what is pending. */
	get needed() {
		return this.#wanted || [...this.#pending.values()].some(({ message }) => message.status === 'sending');
	}

	/**
	 * Pending messages of an earlier page.
	 * @param {import('./store.js').PendingRecord[]} records in the order of sending
	 */
	restore(records) {
		const later = [...this.#pending];
		this.#pending.clear();
		const earlier = records.filter(({ ref }) => later.every(([known]) => known !== ref)).map((record) => this.#revive(record));
		for (const pending of earlier) {
			this.#pending.set(String(pending.message.ref), pending);
		}
		for (const [ref, pending] of later) {
			this.#pending.set(ref, pending);
		}
		const sending = earlier.map(({ message }) => message).filter(({ status }) => status === 'sending');
		this.#ports.outbox.addBefore(this.#id, sending.map(({ ref, text }) => ({ ref: String(ref), text })));
		this.#show(earlier.map(({ message }) => message));
	}

	/**
	 * @param {import('./store.js').PendingRecord} record
	 * @returns {Pending}
	 */
	#revive({ ref, text, sent_at, error }) {
		const { message, settling } = pendingMessage({ ref, user_id: this.#ports.me() ?? '', text, sent_at: new Date(sent_at) });
		if (error) {
			Object.assign(message, { status: 'failed', error: new ChatError(error.code, error.reason) });
			settling.reject(/** @type {ChatError} */ (message.error));
		}
		return { message, settling, order: ++sendings };
	}

	/** Who we are is known only now: what was sent before is kept from here on. */
	keepAll() {
		for (const [ref, { message }] of this.#pending) {
			message.user_id = this.#ports.me() ?? '';
			this.#keep(ref);
		}
	}

	subscribing() {
		this.#timeline.joining();
		this.#owed.due();
	}

	/** @param {boolean} granted */
	subscribed(granted) {
		if (!granted) {
			this.#forbidden();
			return;
		}
		this.#joined = true;
		this.#marks.forget();
		this.#marks.flush();
		this.#requests.again();
		this.#ports.outbox.ready(this.#id);
	}

	down() {
		this.#joined = false;
		this.#owed.settled();
		this.#marks.forget();
		this.#typingHere.over();
		this.#typingThere.set(false);
	}

	/** Somebody looks at the page again. */
	wake() {
		this.#marks.flush();
	}

	/**
	 * The chat has ended.
	 * @param {ChatError} error
	 * @param {boolean} forget
	 */
	ended(error, forget) {
		if (forget) {
			this.#forget(error);
		} else {
			this.#opening?.reject(error);
			this.#opening = null;
			this.#requests.cancel(error);
		}
	}

	/** @param {import('./protocol.js').ChatEvent} event */
	event(event) {
		switch (event.event) {
			case 'message': return this.#take([event]);
			case 'history': return this.#history(event);
			case 'read': return this.marked(event.user_id, event.seq);
			case 'typing': return event.user_id === this.#id ? this.#typingThere.set(event.on !== false) : undefined;
			case 'presence_state': return this.#presenceState(event);
			case 'presence_diff': return this.#presenceChange(() => this.#presence.diff(event.joins, event.leaves));
			default: return this.#error(event);
		}
	}

	/**
	 * A message of this chat that came by way of the lobby.
	 * @param {WireMessage} wire
	 * @param {string | undefined} name its sender's
	 */
	notified(wire, name) {
		if (wire.user_id === this.#id && name !== undefined && name !== this.#name) {
			this.#name = name;
			this.events.emit('presence', this.peer);
		}
		this.#take([wire]);
	}

	/**
	 * @param {string} user_id who has read
	 * @param {number} seq up to where
	 */
	marked(user_id, seq) {
		const mine = user_id === this.#ports.me();
		const known = mine ? this.#marks.confirmed : this.#peerRead;
		if (!(seq > known) || (!mine && user_id !== this.#id)) {
			return;
		}
		if (mine) {
			this.#marks.confirm(seq);
		} else {
			this.#peerRead = seq;
		}
		const read = this.#timeline.items.filter((it) => it.mine !== mine && it.status === 'sent' && Number(it.seq) <= seq);
		for (const message of read) {
			message.status = 'read';
		}
		this.#changed(read);
		this.events.emit('read', { user_id, seq });
	}

	// ---- Messages

	/** @param {WireMessage[]} wires stored messages, in order */
	#take(wires) {
		const messages = wires.map((wire) => this.#adopt(wire));
		if (this.#wanted) {
			this.#released(this.#timeline.add(messages));
		}
	}

	/**
	 * The object for a stored message: the pending one that it was, the one that we have, or a new one.
	 * @param {WireMessage} wire
	 * @returns {Message}
	 */
	#adopt(wire) {
		const me = this.#ports.me() ?? '';
		const own = wire.user_id === me && wire.ref !== undefined ? this.#pending.get(wire.ref) : undefined;
		if (own) {
			return this.#stored(own, wire);
		}
		const known = this.#timeline.find(wire.seq);
		if (known?.user_id === wire.user_id && known.text === wire.text) {
			return known;
		}
		const message = storedMessage(wire, me);
		message.status = wire.seq <= (message.mine ? this.#peerRead : this.#marks.confirmed) ? 'read' : 'sent';
		return message;
	}

	/**
	 * @param {Pending} pending
	 * @param {WireMessage} wire
	 */
	#stored({ message, settling }, { seq, sent_at }) {
		const ref = /** @type {string} */ (message.ref);
		this.#pending.delete(ref);
		this.#ports.drop(ref);
		Object.assign(message, { seq, sent_at: new Date(sent_at), status: seq <= this.#peerRead ? 'read' : 'sent', error: null });
		// After the caller has put it into its place.
		queueMicrotask(() => {
			this.#changed([message]);
			settling.resolve();
			this.#leaveIfDone();
		});
		this.#ports.outbox.answered(this.#id, ref);
		return message;
	}

	/** @param {Message[]} messages that have taken their places */
	#released(messages) {
		this.#listed = null;
		if (messages.some((message) => !message.mine)) {
			this.#typingThere.set(false);
		}
		if (this.#opened) {
			this.#show(messages);
		}
		this.#fill();
	}

	/** @param {Message[]} messages */
	#show(messages) {
		this.#listed = null;
		for (const message of messages.filter((it) => !this.#shown.has(it))) {
			this.#shown.add(message);
			this.events.emit('message', message);
		}
	}

	/** @param {Message[]} messages */
	#changed(messages) {
		this.#listed = null;
		for (const message of messages) {
			this.events.emit('update', message);
		}
	}

	/** @param {import('./protocol.js').HistoryEvent} event */
	#history(event) {
		for (const [user_id, seq] of Object.entries(event.read)) {
			this.marked(user_id, Number(seq));
		}
		if (event.ref !== undefined) {
			this.#requests.answer(event);
			return;
		}
		if (!this.#wanted) {
			this.#owed.settled();
			this.#take(event.messages);
			return;
		}
		this.#has.history = true;
		const { released, reset } = this.#timeline.newest(event.messages.map((wire) => this.#adopt(wire)), Boolean(event.more));
		if (reset) {
			this.#listed = null;
			this.#timeline.items.forEach((message) => this.#shown.add(message));
			this.events.emit('reset', undefined);
		}
		this.#released(released);
		this.#settleOwed();
	}

	/** Fetches what is missing, if anything is. */
	async #fill() {
		if (this.#filling) {
			return;
		}
		this.#filling = true;
		try {
			for (let after = this.#timeline.gap; after !== null; after = this.#timeline.gap) {
				const page = await this.#requests.ask({ after, limit: LONGEST_PAGE });
				this.#take(page.messages);
				if (this.#timeline.gap === after && page.messages.length === 0) {
					this.#released(this.#timeline.skip());
				}
			}
		} catch (error) {
			this.#report(error);
		} finally {
			this.#filling = false;
		}
	}

	/** @param {number} limit */
	async #fetchOlder(limit) {
		await this.open();
		for (;;) {
			const [first] = this.#timeline.items;
			if (!first || !this.#timeline.more) {
				return { messages: [], more: false };
			}
			const page = await this.#requests.ask({ before: first.seq, limit });
			const messages = page.messages.map((/** @type {WireMessage} */ wire) => this.#adopt(wire));
			if (this.#timeline.older(messages, Boolean(page.more))) {
				messages.forEach((/** @type {Message} */ message) => this.#shown.add(message));
				this.#listed = null;
				return { messages, more: this.#timeline.more };
			}
		}
	}

	// ---- Sending

	/** @param {string | null} ref */
	#failed(ref) {
		const pending = this.#pending.get(String(ref));
		return pending?.message.status === 'failed' ? pending : null;
	}

	/** @param {string} ref */
	#submit(ref) {
		const { message: { text } } = /** @type {Pending} */ (this.#pending.get(ref));
		const fault = textFault(text);
		if (fault) {
			this.#fail(ref, new ChatError(fault, 'text has 1 byte to 16 KiB'));
		} else {
			this.#keep(ref);
			this.#ports.outbox.add(this.#id, ref, text);
		}
	}

	/** @param {string} ref */
	#keep(ref) {
		const { message: { text, sent_at, error }, order } = /** @type {Pending} */ (this.#pending.get(ref));
		this.#ports.keep({
			ref, text, order, sent_at: sent_at.getTime(),
			error: error && { code: error.code, reason: error.reason },
		});
	}

	/**
	 * @param {string} ref
	 * @param {ChatError} error
	 */
	#fail(ref, error) {
		const { message, settling } = /** @type {Pending} */ (this.#pending.get(ref));
		message.status = 'failed';
		message.error = error;
		this.#keep(ref);
		this.#ports.outbox.answered(this.#id, ref);
		this.#changed([message]);
		settling.reject(error);
		this.#leaveIfDone();
	}

	/** @param {import('./protocol.js').ErrorEvent} event */
	#error(event) {
		const { code, reason = '', ref, retry_ms = PAUSE } = event;
		const pending = this.#pending.get(ref ?? '');
		if (pending?.message.status === 'sending') {
			if (isFinal(code)) {
				this.#fail(/** @type {string} */ (ref), new ChatError(code, reason));
			} else {
				this.#ports.outbox.refused(this.#id, /** @type {string} */ (ref), retry_ms);
			}
		} else if (ref === undefined && code === 'forbidden') {
			this.#forbidden(reason);
		} else if (ref === undefined && !isFinal(code)) {
			// It does not say what it is about: a subscription's answer or a read mark.
			if (this.#owed.waiting) {
				this.#owed.refused(code, retry_ms);
			}
			this.#marks.refused(retry_ms);
		} else if (!this.#requests.refuse(event) && !pending && ref === undefined) {
			this.#report(new ChatError(code, reason));
		}
	}

	// ---- Coming and going

	get #opened() {
		return this.#wanted && this.#opening === null && this.#has.history && this.#has.presence;
	}

	#settleOwed() {
		if (!this.#has.history || !this.#has.presence) {
			return;
		}
		this.#owed.settled();
		if (this.#opening) {
			this.messages.forEach((message) => this.#shown.add(message));
			this.#opening.resolve();
			this.#opening = null;
		}
	}

	/** @param {import('./protocol.js').PresenceStateEvent} event */
	#presenceState({ users }) {
		this.#has.presence = this.#wanted;
		this.#presenceChange(() => this.#presence.state(users));
		this.#settleOwed();
	}

	/** @param {() => void} change */
	#presenceChange(change) {
		const before = this.peer;
		change();
		this.#name = this.#presence.nameOf(this.#id) ?? this.#name;
		const { present, name } = this.peer;
		if (!present) {
			this.#typingThere.set(false);
		}
		if (present !== before.present || name !== before.name) {
			this.events.emit('presence', this.peer);
		}
	}

	/** @param {string} [reason] */
	#forbidden(reason = 'this chat is closed to you') {
		const error = new ChatError('forbidden', reason);
		this.#owed.settled();
		this.#requests.cancel(error);
		this.#opening?.reject(error);
		this.#opening = null;
		for (const [ref, { message }] of [...this.#pending]) {
			if (message.status === 'sending') {
				this.#fail(ref, error);
			}
		}
	}

	/** @param {ChatError} error for whoever still waits for something */
	#forget(error) {
		this.#wanted = false;
		this.#has = { history: false, presence: false };
		this.#opening?.reject(error);
		this.#opening = null;
		this.#requests.cancel(error);
		this.#marks.clear();
		this.#timeline.clear();
		this.#presence.clear();
		this.#typingThere.set(false);
		this.#typingHere.over();
		this.#listed = null;
	}

	/** A room that was kept for its pending messages alone is left with the last of them. */
	#leaveIfDone() {
		if (!this.needed && this.#joined) {
			this.#leave();
		}
	}

	async #leave() {
		this.#joined = false;
		this.#owed.settled();
		this.#ports.outbox.left(this.#id);
		await this.#ports.leave();
	}

	/** @param {unknown} error */
	#report(error) {
		if (error instanceof ChatError && error.code !== 'closed' && error.code !== 'unauthorized') {
			this.#ports.error(error);
		}
	}
}

/** @returns {Opening} */
function opening() {
	/** @type {any} */
	const it = {};
	it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
	return it;
}
