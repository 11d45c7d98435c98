// What concerns this user wherever they are: unread counts, and messages in chats that are not open.

import { createAlarm } from './clock.js';
import { ChatError } from './errors.js';
import { storedMessage } from './message.js';
import { PATIENCE, patience } from './protocol.js';
import { peerOf } from './topic.js';
import { createUnreadCounts } from './unread.js';

/** A doubtful count is asked for anew, but not for each message of many. */
const RECOUNT = 1000;

/**
 * @typedef {object} LobbyPorts
 * @property {import('./clock.js').Clock} clock
 * @property {() => string} me
 * @property {() => void} join subscribes, or does so again
 * @property {(unread: import('./api.js').Unread) => void} counted
 * @property {() => void} reported the plugin's own report is in
 * @property {(event: import('./protocol.js').NotificationEvent) => void} notify
 * @property {(peer: string) => import('./conversation.js').Conversation | undefined} conversation
 * @property {(error: unknown) => void} report
 */

/** @param {LobbyPorts} ports */
export function createLobby({ clock, me, join, counted, reported, notify, conversation, report }) {
	const counts = createUnreadCounts();
	/** Armed while the subscription's answer is owed; then we subscribe again. */
	const owed = createAlarm(clock);
	const recount = createAlarm(clock);
	/** @type {import('./api.js').Unread} */
	let unread = { total: 0, chats: [] };

	const changed = () => {
		const chats = counts.entries().map(({ peer, count, last }) => ({ peer, count, last: storedMessage(last, me()) }));
		unread = { total: counts.total(), chats };
		counted(unread);
	};
	const doubt = (/** @type {boolean} */ doubtful) => {
		if (doubtful && !recount.armed()) {
			recount.set(RECOUNT, join);
		}
	};
	/**
	 * A message was stored in the chat with that peer.
	 * @param {string} peer
	 * @param {import('./protocol.js').NotificationEvent} event as it is to be told to an application that is not there
	 */
	const heard = (peer, event) => {
		const news = counts.message(peer, event.message);
		doubt(news === 'doubtful');
		if (news !== 'known') {
			changed();
			if (!conversation(peer)?.wanted()) {
				notify(event);
			}
		}
	};

	return {
		heard,
		unread: () => unread,
		/** A subscription is on its way. */
		subscribing: () => owed.set(PATIENCE, join),
		down() {
			owed.clear();
			recount.clear();
		},
		/** @param {import('./protocol.js').LobbyEvent} event */
		event(event) {
			if (event.event === 'unread') {
				owed.clear();
				counts.report(event);
				changed();
				reported();
			} else if (event.event === 'error') {
				// A lobby has nothing but its subscription that could be refused.
				owed.set(patience(event), join);
				report(new ChatError(event.code, event.reason, event.retry_ms));
			} else {
				const peer = peerOf(event.chat, me());
				if (event.event === 'notification') {
					conversation(peer)?.notified(event);
					heard(peer, event);
				} else {
					doubt(counts.read(peer, event));
					conversation(peer)?.marked(me(), event.seq);
					changed();
				}
			}
		},
	};
}
