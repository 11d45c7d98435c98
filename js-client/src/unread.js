// How many messages wait for this user, by peer: the plugin's count, carried on between its reports.

/**
 * @typedef {import('./protocol.js').WireMessage} WireMessage
 * @typedef {{ peer: string, count: number, last: WireMessage }} Entry
 */

export class UnreadCounts {
	total = 0;
	/** The newest stands last. @type {Map<string, Entry>} */
	#entries = new Map();
	/** Up to where each chat's messages are counted; `exact`: the newest of them all, not just of the unread ones. @type {Map<string, { seq: number, exact: boolean }>} */
	#seen = new Map();
	/** Whether the last report had all chats in it. */
	#complete = true;

	/** The newest first. */
	get entries() {
		return [...this.#entries.values()].reverse();
	}

	/**
	 * The plugin's own report.
	 * @param {import('./protocol.js').UnreadEvent} event
	 */
	report({ chats, total, more }) {
		this.total = total;
		this.#complete = !more;
		this.#entries = new Map([...chats].reverse().map(({ user_id: peer, count, last }) => [peer, { peer, count, last }]));
		this.#seen = new Map(chats.map(({ user_id: peer, last }) => [peer, { seq: last.seq, exact: false }]));
	}

	/**
	 * A message in the chat with that peer, wherever it was heard of.
	 * @param {string} peer
	 * @param {WireMessage} message
	 * @returns {{ fresh: boolean, doubtful: boolean }} `fresh`: not heard of before; `doubtful`: time
	 *   for a new report, as some messages were not heard of
	 */
	message(peer, message) {
		const seen = this.#seen.get(peer);
		if (seen && message.seq <= seen.seq) {
			return { fresh: false, doubtful: false };
		}
		this.#seen.set(peer, { seq: message.seq, exact: true });
		const entry = this.#entries.get(peer);
		const doubtful = Boolean(seen?.exact && message.seq > seen.seq + 1) || (!entry && !this.#complete);
		if (message.user_id === peer) {
			this.#entries.delete(peer);
			this.#entries.set(peer, { peer, count: (entry?.count ?? 0) + 1, last: message });
			this.total++;
		}
		return { fresh: true, doubtful };
	}

	/**
	 * This user has read, here or elsewhere.
	 * @param {string} peer
	 * @param {{ seq: number, count: number, total: number }} read
	 * @returns {boolean} doubtful: more is left than we have heard of
	 */
	read(peer, { seq, count, total }) {
		const entry = this.#entries.get(peer);
		const seen = this.#seen.get(peer);
		if (!seen || seen.seq < seq) {
			this.#seen.set(peer, { seq, exact: false });
		}
		this.total = total;
		if (count === 0) {
			this.#entries.delete(peer);
			return false;
		}
		if (entry) {
			entry.count = count;
		}
		return !entry || entry.last.seq <= seq;
	}
}
