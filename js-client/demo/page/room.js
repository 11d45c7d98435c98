// One conversation as this window knows it: what was said, how far each has read, who is there.
// Pure: events go in, nothing comes out but what can be looked at.

/**
 * @typedef {object} Message
 * @property {number} seq
 * @property {string} user_id
 * @property {string} text
 * @property {string} sent_at
 * @property {string} [ref]
 */

/**
 * The topic of two users' chat: the shorter id first, ids of one length in byte order.
 * @param {string} one
 * @param {string} other
 * @returns {string}
 */
export function chatTopic(one, other) {
	const inOrder = one.length === other.length ? one < other : one.length < other.length;
	return inOrder ? `chat/${one}/${other}` : `chat/${other}/${one}`;
}

export class Room {
	/** @type {Map<number, Message>} */
	#messages = new Map();
	/** @type {Set<string>} */
	present = new Set();
	/** @type {Record<string, number>} */
	read = {};
	typing = false;
	loaded = false;

	/**
	 * @param {string} me
	 * @param {string} peer
	 */
	constructor(me, peer) {
		this.me = me;
		this.peer = peer;
		this.topic = chatTopic(me, peer);
	}

	/** The messages in order, without a hole. */
	get messages() {
		return [...this.#messages.values()].sort((a, b) => a.seq - b.seq);
	}

	get first() {
		return Math.min(...this.#messages.keys());
	}

	get last() {
		return Math.max(0, ...this.#messages.keys());
	}

	/** Whether there are older messages: they are numbered from 1. */
	get more() {
		return this.#messages.size > 0 && this.first > 1;
	}

	/** What the peer sent and we have not read. */
	get unread() {
		const read = this.read[this.me] ?? 0;
		return this.messages.filter((it) => it.user_id === this.peer && it.seq > read).length;
	}

	/**
	 * @param {Message} message
	 * @returns {boolean} false: something before it is missing, and has to be asked for first
	 */
	takeMessage(message) {
		if (this.loaded && message.seq > this.last + 1) {
			return false;
		}
		this.#messages.set(message.seq, message);
		return true;
	}

	/**
	 * A page that hangs together with what is here is added to it; any other takes its place.
	 * @param {{ messages: Message[], read: Record<string, number> }} page
	 */
	takeHistory({ messages, read }) {
		if (messages.length > 0 && this.loaded) {
			const from = messages[0].seq;
			const to = messages[messages.length - 1].seq;
			if (from > this.last + 1 || to < this.first - 1) {
				this.#messages.clear();
			}
		}
		for (const message of messages) {
			this.#messages.set(message.seq, message);
		}
		for (const [id, seq] of Object.entries(read)) {
			this.takeRead(id, seq);
		}
		this.loaded = true;
	}

	/**
	 * @param {string} id
	 * @param {number} seq
	 */
	takeRead(id, seq) {
		this.read[id] = Math.max(this.read[id] ?? 0, seq);
	}

	/** @param {{ users?: object, joins?: object, leaves?: object }} event a presence_state or presence_diff */
	takePresence({ users, joins, leaves }) {
		if (users) {
			this.present = new Set(Object.keys(users));
		}
		Object.keys(leaves ?? {}).forEach((id) => this.present.delete(id));
		Object.keys(joins ?? {}).forEach((id) => this.present.add(id));
		if (!this.present.has(this.peer)) {
			this.typing = false;
		}
	}
}
