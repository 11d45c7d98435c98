// What becomes of each event that the plugin sends to a chat.

import { ChatError, errorOf, isFinal } from './errors.js';
import { RETRY } from './protocol.js';

/**
 * @param {import('./conversation.js').Parts} parts
 * @param {string} id the peer's
 * @param {(error: unknown) => void} report
 */
export function createEvents({ peer, attendance, pending, pages, marks, arrivals }, id, report) {
	/** @param {import('./protocol.js').PresenceStateEvent | import('./protocol.js').PresenceDiffEvent} event */
	const presence = (event) => {
		peer.presence(event);
		if (event.event === 'presence_state') {
			attendance.tell('presence');
		}
	};

	/** @param {string} [reason] */
	const forbidden = (reason) => {
		const error = new ChatError('forbidden', reason);
		attendance.fail(error);
		pages.cancel(error);
		pending.failAll(error);
	};

	/** @param {import('./protocol.js').ErrorEvent} event */
	const error = (event) => {
		if (event.ref !== undefined) {
			if (!pending.refused(event)) {
				pages.refuse(event);
			}
		} else if (event.code === 'forbidden') {
			forbidden(event.reason);
		} else if (isFinal(event.code)) {
			report(errorOf(event));
		} else {
			// It does not say what it is about: the answer to a subscription, or a read mark.
			if (attendance.postpone(event)) {
				report(errorOf(event));
			}
			marks.refused(event.retry_ms ?? RETRY);
		}
	};

	return {
		forbidden,
		/** By event. */
		handlers: {
			message: (/** @type {import('./protocol.js').WireMessage} */ event) => arrivals.take([event]),
			/** @param {import('./protocol.js').HistoryEvent} event */
			history(event) {
				Object.entries(event.read).forEach(([user_id, seq]) => arrivals.read(user_id, seq));
				(event.ref === undefined ? arrivals.page : pages.answer)(event);
			},
			read: (/** @type {import('./protocol.js').ReadEvent} */ event) => arrivals.read(event.user_id, event.seq),
			typing: (/** @type {import('./protocol.js').TypingEvent} */ event) => event.user_id === id && peer.typing(event.on),
			presence_state: presence,
			presence_diff: presence,
			error,
		},
	};
}
