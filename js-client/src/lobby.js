// What concerns this user wherever they are: unread counts, and messages in chats that are not open.

import { createAlarm } from './clock.js';
import { errorOf } from './errors.js';
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
 * @property {import('./emitter.js').Emitter<import('./api.js').ChatEvents>['emit']} emit
 * @property {() => void} reported the plugin's own report is in
 * @property {Pick<ReturnType<typeof import('./conversations.js').createConversations>, 'get'>} conversations by peer
 * @property {(error: unknown) => void} report
 */

/** @param {LobbyPorts} ports */
export function createLobby({ clock, me, join, emit, reported, conversations, report }) {
	const counts = createUnreadCounts();
	/** Armed while the subscription's answer is owed; then we subscribe again. */
	const owed = createAlarm(clock);
	const recount = createAlarm(clock);
	/** @type {import('./api.js').Unread} */
	let unread = { total: 0, chats: [] };
	/** The plugin's own report of this connection is in. */
	let counted = false;

	const changed = () => {
		const chats = counts.entries().map(({ peer, count, last }) => ({ peer, count, last: storedMessage(last, me()) }));
		unread = { total: counts.total(), chats };
		emit('unread', unread);
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
			if (!conversations.get(peer)?.wanted()) {
				emit('notification', event);
			}
		}
	};

	return {
		unread: () => unread,
		counted: () => counted,
		/**
		 * Something has happened in a chat that we have subscribed to.
		 * @param {string} topic
		 * @param {import('./protocol.js').ChatEvent} event
		 */
		overheard(topic, event) {
			const conversation = conversations.get(peerOf(topic, me()));
			if (conversation && event.event === 'message') {
				const { event: _, ...message } = event;
				const { id, name } = conversation.room.peer;
				// For who is there for pending messages alone, to the application the room is closed.
				heard(id, { event: 'notification', chat: topic, name: name ?? '', message });
			}
		},
		/** A subscription is on its way. */
		subscribing: () => owed.set(PATIENCE, join),
		down() {
			counted = false;
			owed.clear();
			recount.clear();
		},
		/** @param {import('./protocol.js').LobbyEvent} event */
		event(event) {
			if (event.event === 'unread') {
				owed.clear();
				counts.report(event);
				changed();
				counted = true;
				reported();
			} else if (event.event === 'error') {
				// A lobby has nothing but its subscription that could be refused.
				owed.set(patience(event), join);
				report(errorOf(event));
			} else {
				const peer = peerOf(event.chat, me());
				if (event.event === 'notification') {
					conversations.get(peer)?.notified(event);
					heard(peer, event);
				} else {
					doubt(counts.read(peer, event));
					conversations.get(peer)?.marked(me(), event.seq);
					changed();
				}
			}
		},
	};
}
