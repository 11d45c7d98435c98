// The chat with one user, as the application sees it.

/**
 * @typedef {import('./message.js').Message} Message
 *
 * @typedef {object} Peer
 * @property {string} id
 * @property {string | null} name null as long as it has not been heard of
 * @property {boolean} present
 * @property {boolean} typing
 * @property {number} readSeq up to which message the peer has read; 0 for none
 *
 * @typedef {object} RoomEvents
 * @property {Message} message a message has come, or is being sent
 * @property {Message} update a message has another `status`, `seq` or place, or has been discarded
 * @property {{ user_id: string, seq: number }} read one of the two has read up to there
 * @property {Peer} typing the peer has begun or ended
 * @property {Peer} presence the peer has come or gone, or is called something else
 * @property {undefined} reset `messages` has begun anew with the newest page, as too much was missed
 */

/** One object for each peer; `chat.with(peer)` makes it. */
export class Room {
	#core;

	/** @param {import('./conversation.js').Conversation} core */
	constructor(core) {
		this.#core = core;
	}

	/** Whom this is the chat with. */
	get peer() {
		return this.#core.peer;
	}

	/** Stored messages by `seq`, then the pending ones in the order of sending. A new array after each change. */
	get messages() {
		return this.#core.messages;
	}

	/** Whether there are older messages than those in `messages`. */
	get more() {
		return this.#core.more;
	}

	/** Up to which message this user has read, on any device; 0 for none. */
	get readSeq() {
		return this.#core.readSeq;
	}

	/**
	 * Joins the chat. Waits for a connection, and for `connect()`, as long as it takes.
	 * @returns {Promise<void>} once history and presence are in
	 */
	open() {
		return this.#core.open();
	}

	/**
	 * Sends a message, and opens the room if need be.
	 * @param {string} text 1 byte to 16 KiB of UTF-8
	 * @returns {Message} at once, as 'sending'
	 */
	send(text) {
		return this.#core.send(text);
	}

	/**
	 * Sends a 'failed' message once more, as the newest one.
	 * @param {string | null} ref
	 * @returns {Message | null} null: there is no such failed message
	 */
	retry(ref) {
		return this.#core.retry(ref);
	}

	/**
	 * Forgets a 'failed' message.
	 * @param {string | null} ref
	 * @returns {boolean} false: there is no such failed message
	 */
	discard(ref) {
		return this.#core.discard(ref);
	}

	/**
	 * Fetches the page before the oldest message, and puts it in front of `messages`.
	 * @param {{ limit?: number }} [options] 1 to 200
	 * @returns {Promise<{ messages: Message[], more: boolean }>} that page alone; asked for while another one is on its way, that one
	 */
	older(options) {
		return this.#core.older(options);
	}

	/** Everything that is here now has been read. Said while the page is visible, at most once a second. */
	markRead() {
		this.#core.markRead();
	}

	/**
	 * Call it on every key: it tells the peer once in three seconds.
	 * @param {boolean} [on]
	 */
	typing(on = true) {
		this.#core.typing(on);
	}

	/**
	 * @template {keyof RoomEvents} Name
	 * @param {Name} name
	 * @param {(value: RoomEvents[Name]) => void} listener
	 * @returns {() => void} undoes it
	 */
	on(name, listener) {
		return this.#core.events.on(name, listener);
	}

	/**
	 * Leaves the chat and forgets its messages, but for the pending ones, which are still sent.
	 * @returns {Promise<void>}
	 */
	close() {
		return this.#core.close();
	}
}
