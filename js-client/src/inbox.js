// All chats of this user, as far as they are loaded: the newest first, kept true by what is heard.

import { storedMessage } from './message.js';
import { isNewer } from './version.js';

/**
 * @typedef {import('./protocol.js').WireMessage} WireMessage
 *
 * @typedef {object} Entry
 * @property {string} peer
 * @property {string | null} name
 * @property {WireMessage | null} last
 * @property {number} count
 * @property {number} readSeq
 * @property {number} peerRead
 * @property {boolean} muted
 * @property {boolean} blocked
 * @property {boolean | null} online
 */

/** @type {Omit<Entry, 'peer'>} */
const BLANK = { name: null, last: null, count: 0, readSeq: 0, peerRead: 0, muted: false, blocked: false, online: null };

/** @param {() => string} me */
export function createInbox(me) {
	/** @type {Entry[]} */
	let entries = [];
	/** From where the next page goes on; null: there is no page yet. @type {{ next?: string, more: boolean } | null} */
	let end = null;

	const find = (/** @type {string} */ peer) => entries.find((it) => it.peer === peer);
	/** @param {Entry} entry @returns {import('./api.js').InboxChat} */
	const view = ({ peerRead, last, ...entry }) => {
		const message = last && storedMessage(last, me());
		if (message && message.seq !== null && message.seq <= (message.mine ? peerRead : entry.readSeq)) {
			message.status = 'read';
		}
		return { ...entry, last: message };
	};
	/** @param {import('./protocol.js').ChatsEntry} wire @returns {Entry} */
	const entryOf = ({ user_id, name, last, count, read, muted = false, blocked = false }) => ({
		peer: user_id, name: name ?? null, last: last ?? null, count, readSeq: read[me()] ?? 0, peerRead: read[user_id] ?? 0, muted, blocked,
		online: find(user_id)?.online ?? null,
	});
	/**
	 * @param {string} peer
	 * @param {Partial<Entry>} facts
	 * @returns {boolean} whether that is news
	 */
	const set = (peer, facts) => {
		const entry = find(peer);
		const news = entry !== undefined && Object.entries(facts).some(([name, value]) => entry[/** @type {keyof Entry} */ (name)] !== value);
		if (entry && news) {
			Object.assign(entry, facts);
		}
		return news;
	};

	return {
		set,
		/** Whether there is anything to keep true. */
		loaded: () => end !== null,
		size: () => entries.length,
		/** What the next page is asked for with; null: there is none. */
		next: () => (end === null ? {} : end.more ? { after: end.next } : null),
		list: () => entries.map(view),
		/**
		 * @param {import('./protocol.js').ChatsEvent} event
		 * @param {boolean} [first] it is the first page, once more: what was known before may be wrong
		 * @returns {import('./api.js').InboxChat[]} that page
		 */
		page({ chats, more, next }, first = false) {
			const page = chats.map(entryOf);
			entries = first ? page : [...entries, ...page.filter(({ peer }) => !find(peer))];
			end = { next, more: more && page.length > 0 };
			return page.map(view);
		},
		/**
		 * A message in the chat with that peer, wherever it was heard of.
		 * @param {string} peer
		 * @param {WireMessage} message
		 * @param {string} [name]
		 * @returns {boolean} whether that is news
		 */
		message(peer, message, name) {
			const entry = find(peer) ?? { peer, ...BLANK };
			const news = end !== null && message.seq > (entry.last?.seq ?? 0);
			if (news) {
				const count = entry.count + (message.user_id === peer ? 1 : 0);
				entries = [{ ...entry, name: name ?? entry.name, last: message, count }, ...entries.filter((it) => it !== entry)];
			}
			return news;
		},
		/** @param {string} peer @param {WireMessage} message as it is now */
		changed: (peer, message) => isNewer(message, find(peer)?.last) && set(peer, { last: message }),
	};
}
