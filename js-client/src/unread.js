// How many messages wait for this user, by peer: the plugin's count, carried on between its reports.

/**
 * @typedef {import('./protocol.js').WireMessage} WireMessage
 */

export function createUnreadCounts() {
	let sum = 0;
	/** The newest stands last. @type {Map<string, { peer: string, count: number, last: WireMessage }>} */
	let entries = new Map();
	/**
	 * Up to where each chat's messages are counted; `exact`: up to the newest of them all, not just of the unread ones.
	 * @type {Map<string, { seq: number, exact?: boolean }>}
	 */
	let seen = new Map();
	/** Whether the last report had all chats in it. */
	let complete = true;

	return {
		total: () => sum,
		/** The newest first. */
		entries: () => [...entries.values()].reverse(),
		/**
		 * The plugin's own report.
		 * @param {import('./protocol.js').UnreadEvent} event
		 */
		report({ chats, total, more }) {
			sum = total;
			complete = !more;
			entries = new Map(chats.map(({ user_id: peer, count, last }) => /** @type {const} */ ([peer, { peer, count, last }])).reverse());
			seen = new Map(chats.map(({ user_id, last: { seq } }) => [user_id, { seq }]));
		},
		/**
		 * A message in the chat with that peer, wherever it was heard of.
		 * @param {string} peer
		 * @param {WireMessage} message
		 * @returns {{ fresh: boolean, doubtful: boolean }} `fresh`: not heard of before; `doubtful`: time
		 *   for a new report, as there are messages that were not heard of
		 */
		message(peer, message) {
			const { seq, exact } = seen.get(peer) ?? { seq: 0 };
			if (message.seq <= seq) {
				return { fresh: false, doubtful: false };
			}
			const entry = entries.get(peer);
			seen.set(peer, { seq: message.seq, exact: true });
			if (message.user_id === peer) {
				sum++;
				entries.delete(peer);
				entries.set(peer, { peer, count: (entry?.count ?? 0) + 1, last: message });
			}
			return { fresh: true, doubtful: Boolean(exact && message.seq > seq + 1) || (!entry && !complete) };
		},
		/**
		 * This user has read, here or elsewhere.
		 * @param {string} peer
		 * @param {{ seq: number, count: number, total: number }} read
		 * @returns {boolean} doubtful: more is left than we have heard of
		 */
		read(peer, { seq, count, total }) {
			const entry = entries.get(peer);
			if (seq > (seen.get(peer)?.seq ?? 0)) {
				seen.set(peer, { seq });
			}
			sum = total;
			if (entry) {
				entry.count = count;
			}
			if (count === 0) {
				entries.delete(peer);
			}
			return count > 0 && (!entry || entry.last.seq <= seq);
		},
	};
}
