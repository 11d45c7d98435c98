// How many messages wait for this user, by peer: the plugin's count, carried on between its reports.

import { isNewer } from './version.js';

/**
 * @typedef {import('./protocol.js').WireMessage} WireMessage
 */

export function createUnreadCounts() {
	let sum = 0;
	/** The newest first. @type {{ peer: string, name: string | null, count: number, last: WireMessage }[]} */
	let entries = [];
	/**
	 * Up to where each chat's messages are counted; `exact`: up to the newest of them all, not just of the unread ones.
	 * @type {Map<string, { seq: number, exact?: boolean }>}
	 */
	let seen = new Map();
	/** Whether the last report had all chats in it. */
	let complete = true;

	const seenIn = (/** @type {string} */ peer) => seen.get(peer) ?? { seq: 0 };
	const entryOf = (/** @type {string} */ peer) => entries.find((it) => it.peer === peer);

	return {
		total: () => sum,
		entries: () => entries,
		/**
		 * The plugin's own report.
		 * @param {import('./protocol.js').UnreadEvent} event
		 */
		report({ chats, total, more }) {
			sum = total;
			complete = !more;
			entries = chats.map(({ user_id, name = null, count, last }) => ({ peer: user_id, name, count, last }));
			seen = new Map(entries.map(({ peer, last: { seq } }) => [peer, { seq }]));
		},
		/**
		 * A message in the chat with that peer, wherever it was heard of.
		 * @param {string} peer
		 * @param {WireMessage} message
		 * @param {string} [name] the peer's
		 * @returns {'known' | 'news' | 'doubtful'} doubtful: news, and time for a new report, as there are messages
		 *   that were not heard of
		 */
		message(peer, message, name) {
			const { seq, exact } = seenIn(peer);
			const entry = entryOf(peer);
			if (message.seq <= seq) {
				return 'known';
			}
			seen.set(peer, { seq: message.seq, exact: true });
			if (message.user_id === peer) {
				sum++;
				entries = [{ peer, name: name ?? entry?.name ?? null, count: (entry?.count ?? 0) + 1, last: message }, ...entries.filter((it) => it !== entry)];
			}
			return (exact ? message.seq > seq + 1 : !entry && !complete) ? 'doubtful' : 'news';
		},
		/**
		 * @param {string} peer
		 * @param {WireMessage} message as it is now
		 * @returns {boolean} whether it is the last one of that chat
		 */
		changed(peer, message) {
			const entry = entryOf(peer);
			const news = isNewer(message, entry?.last);
			if (entry && news) {
				entry.last = message;
			}
			return news;
		},
		/**
		 * This user has read, here or elsewhere.
		 * @param {string} peer
		 * @param {{ seq: number, count: number, total: number }} read
		 * @returns {boolean} doubtful: more is left than we have heard of
		 */
		read(peer, { seq, count, total }) {
			const entry = entryOf(peer);
			if (seq > seenIn(peer).seq) {
				seen.set(peer, { seq });
			}
			sum = total;
			if (entry) {
				entry.count = count;
			}
			entries = entries.filter((it) => it.count > 0);
			return count > 0 && (!entry || entry.last.seq <= seq);
		},
	};
}
