// The messages of one room that are not stored yet: what they are, and what becomes of them.

import { ChatError, isFinal } from './errors.js';
import { pendingMessage, unsettle } from './message.js';
import { RETRY, sendable, textFault } from './protocol.js';
import { randomId } from './random.js';

/**
 * @typedef {import('./api.js').Message} Message
 * @typedef {{ message: Message, settling: import('./promise.js').Deferred<Message>, order: number }} Pending
 *
 * @typedef {object} PendingPorts
 * @property {() => string | null} me
 * @property {import('./outbox.js').Outbox} outbox
 * @property {(record: import('./api.js').PendingRecord) => void} keep in the store
 * @property {(ref: string) => void} drop
 * @property {(message: Message) => void} added
 * @property {(message: Message) => void} changed
 */

/** Counts what is sent, over all rooms. */
let sendings = 0;

/**
 * @param {string} peer
 * @param {PendingPorts} ports
 */
export function createPending(peer, { me, outbox, keep, drop, added, changed }) {
	/** By ref, in the order of sending. @type {Map<string | null | undefined, Pending>} */
	let all = new Map();

	/**
	 * @param {string} ref
	 * @param {string} text
	 * @param {Date} sent_at
	 */
	const create = (ref, text, sent_at) => {
		const message = pendingMessage({ ref, user_id: me() ?? '', text, sent_at });
		return { message, settling: unsettle(message), order: ++sendings };
	};
	const store = (/** @type {Pending} */ { message: { ref, text, sent_at, error }, order }) => {
		const fault = /** @type {ChatError | null} */ (error);
		keep({ ref: String(ref), peer, text, order, sent_at: sent_at.getTime(), error: fault && { code: fault.code, reason: fault.reason } });
	};
	const fail = (/** @type {Pending} */ pending, /** @type {ChatError} */ error) => {
		const { message, settling } = pending;
		message.status = 'failed';
		message.error = error;
		store(pending);
		outbox.answered(peer, String(message.ref));
		changed(message);
		settling.reject(error);
	};
	const submit = (/** @type {Pending} */ pending) => {
		const { ref, text } = pending.message;
		const fault = textFault(text);
		if (fault) {
			fail(pending, new ChatError(fault, 'text has 1 byte to 16 KiB'));
		} else {
			store(pending);
			outbox.add({ room: peer, ref: String(ref), text });
		}
	};
	const failed = (/** @type {string | null} */ ref) => {
		const pending = all.get(ref);
		return pending?.message.status === 'failed' ? pending : null;
	};
	const sending = () => [...all.values()].filter(({ message }) => message.status === 'sending');

	return {
		messages: () => [...all.values()].map(({ message }) => message),
		waiting: () => sending().length > 0,
		/** @param {string} given */
		send(given) {
			if (typeof given !== 'string') {
				throw new TypeError('a message is a string');
			}
			const pending = create(randomId(), sendable(given), new Date());
			all.set(pending.message.ref, pending);
			added(pending.message);
			submit(pending);
			return pending.message;
		},
		/** @param {string | null} ref */
		retry(ref) {
			const pending = failed(ref);
			if (pending) {
				Object.assign(pending.message, { status: 'sending', error: null, sent_at: new Date() });
				pending.settling = unsettle(pending.message);
				pending.order = ++sendings;
				all.delete(ref);
				all.set(ref, pending);
				changed(pending.message);
				submit(pending);
			}
			return pending && pending.message;
		},
		/** @param {string | null} ref */
		discard(ref) {
			const pending = failed(ref);
			if (pending) {
				all.delete(ref);
				drop(String(ref));
				changed(pending.message);
			}
			return pending !== null;
		},
		/**
		 * Takes a message out that is stored now.
		 * @param {import('./protocol.js').WireMessage} wire
		 * @returns {Message | undefined} undefined: it is none of these
		 */
		stored({ ref, user_id, seq, sent_at }) {
			const pending = user_id === me() ? all.get(ref) : undefined;
			if (pending) {
				const { message, settling } = pending;
				all.delete(ref);
				drop(String(ref));
				Object.assign(message, { seq, sent_at: new Date(sent_at), status: 'sent', error: null });
				// First, it has to be in its place.
				queueMicrotask(() => {
					changed(message);
					settling.resolve(message);
				});
				outbox.answered(peer, String(ref));
			}
			return pending?.message;
		},
		/**
		 * @param {import('./protocol.js').ErrorEvent} event
		 * @returns {boolean} whether it was about one of these
		 */
		refused({ ref, code, reason, retry_ms = RETRY }) {
			const pending = all.get(ref);
			if (pending?.message.status === 'sending') {
				if (isFinal(code)) {
					fail(pending, new ChatError(code, reason));
				} else {
					outbox.refused(peer, String(ref), retry_ms);
				}
			}
			return pending !== undefined;
		},
		/** @param {ChatError} error */
		failAll: (error) => sending().forEach((pending) => fail(pending, error)),
		/**
		 * We know who we are: takes up what an earlier page has left, and keeps what was sent before.
		 * @param {import('./api.js').PendingRecord[]} records in the order of sending
		 */
		restore(records) {
			const later = all;
			const revived = records.filter(({ ref }) => !later.has(ref)).map(({ ref, text, sent_at, error }) => {
				const pending = create(ref, text, new Date(sent_at));
				if (error) {
					pending.message.status = 'failed';
					pending.message.error = new ChatError(error.code, error.reason);
					pending.settling.reject(pending.message.error);
				}
				return pending;
			});
			later.forEach((pending) => {
				pending.message.user_id = me() ?? '';
				store(pending);
			});
			all = new Map([...revived.map((pending) => /** @type {const} */ ([pending.message.ref, pending])), ...later]);
			outbox.addBefore(revived.map(({ message }) => message).filter(({ status }) => status === 'sending')
				.map(({ ref, text }) => ({ room: peer, ref: String(ref), text })));
			revived.forEach(({ message }) => added(message));
		},
	};
}
