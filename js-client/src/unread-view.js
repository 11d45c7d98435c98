// What is unread, as the application sees it.

import { createAlarm } from './clock.js';
import { storedMessage } from './message.js';
import { createUnreadCounts } from './unread.js';

/** A doubtful count is asked for anew, but not for each message of many. */
const RECOUNT = 1000;

/**
 * @param {import('./clock.js').Clock} clock
 * @param {() => string} me
 * @param {() => void} join subscribes once more, and gets a new report for it
 * @param {import('./emitter.js').Emitter<import('./api.js').ChatEvents>['emit']} emit
 */
export function createUnread(clock, me, join, emit) {
	const counts = createUnreadCounts();
	const recount = createAlarm(clock);
	/** @type {import('./api.js').Unread} */
	let view = { total: 0, chats: [] };

	const tell = () => {
		view = { total: counts.total(), chats: counts.entries().map(({ last, ...entry }) => ({ ...entry, last: storedMessage(last, me()) })) };
		emit('unread', view);
	};
	const doubt = (/** @type {boolean} */ doubtful) => {
		if (doubtful && !recount.armed()) {
			recount.set(RECOUNT, join);
		}
	};
	return {
		view: () => view,
		down: recount.clear,
		/** @param {import('./protocol.js').UnreadEvent} event */
		report(event) {
			counts.report(event);
			tell();
		},
		/**
		 * @param {string} peer
		 * @param {import('./protocol.js').WireMessage} message
		 * @param {string} [name]
		 * @returns {boolean} whether it is news
		 */
		message(peer, message, name) {
			const news = counts.message(peer, message, name);
			doubt(news === 'doubtful');
			if (news !== 'known') {
				tell();
			}
			return news !== 'known';
		},
		/** @param {string} peer @param {import('./protocol.js').LobbyReadEvent} event */
		read(peer, event) {
			doubt(counts.read(peer, event));
			tell();
		},
		/** @param {string} peer @param {import('./protocol.js').WireMessage} message */
		changed(peer, message) {
			if (counts.changed(peer, message)) {
				tell();
			}
		},
	};
}
