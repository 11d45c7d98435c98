// What becomes of each event that the plugin sends to a chat.

import { ChatError, errorOf, isFinal } from './errors.js';
import { RETRY } from './protocol.js';

/**
 * @param {import('./conversation.js').Parts} parts
 * @param {string} id the peer's
 * @param {import('./emitter.js').Emitter<import('./api.js').RoomEvents>['emit']} emit
 * @param {(error: unknown) => void} report
 */
export function createEvents({ peer, attendance, pending, changes, requests, marks, arrivals }, id, emit, report) {
	let closed = false;

	/** @param {boolean} now whether the chat is closed */
	const close = (now) => {
		if (closed !== now) {
			closed = now;
			emit('forbidden', now);
		}
	};

	/** @param {import('./protocol.js').PresenceStateEvent | import('./protocol.js').PresenceDiffEvent} event */
	const presence = (event) => {
		peer.presence(event);
		if (event.event === 'presence_state') {
			close(false);
			attendance.tell('presence');
		}
	};

	/** @param {import('./protocol.js').HistoryEvent | import('./protocol.js').ChangesEvent} event */
	const answered = (event) => {
		arrivals.answered(event);
		requests.answer(event);
	};

	/** @param {import('./protocol.js').ErrorEvent} event */
	const error = (event) => {
		if (event.ref !== undefined) {
			if (!pending.refused(event) && !changes.refused(event)) {
				requests.refuse(event);
			}
		} else if (event.code === 'forbidden') {
			// The chat is closed, and nobody is told who is here. What was said stays readable.
			peer.forget();
			close(true);
			attendance.tell('presence');
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
		closed: () => closed,
		/** The broker does not let us in. */
		forbidden() {
			const error = new ChatError('forbidden');
			attendance.fail(error);
			requests.cancel(error);
			pending.failAll(error);
			changes.failAll(error);
		},
		/** By event. */
		handlers: {
			message: (/** @type {import('./protocol.js').WireMessage} */ event) => arrivals.take([event]),
			/** @param {import('./protocol.js').HistoryEvent} event */
			history(event) {
				(event.ref === undefined ? arrivals.page : answered)(event);
				if (event.peer) {
					peer.facts(event.peer);
				}
			},
			changed: arrivals.changed,
			changes: answered,
			peer: peer.facts,
			read: (/** @type {import('./protocol.js').ReadEvent} */ event) => arrivals.read(event.user_id, event.seq),
			typing: (/** @type {import('./protocol.js').TypingEvent} */ event) => event.user_id === id && peer.typing(event.on),
			presence_state: presence,
			presence_diff: presence,
			error,
		},
	};
}
