// The messages of one room that are not stored yet: what they are, and what becomes of them.

import { ChatError, errorOf, isFinal } from './errors.js';
import { pendingMessage, unsettle } from './message.js';
import { faultOf, RETRY, sendable, sendableData } from './protocol.js';
import { randomId } from './random.js';

/**
 * @typedef {import('./api.js').Message} Message
 *
 * @typedef {object} PendingPorts
 * @property {() => string} me
 * @property {import('./outbox.js').Outbox} outbox
 * @property {(record: Omit<import('./api.js').PendingRecord, 'order'>) => void} keep in the store
 * @property {(ref: string) => void} drop
 * @property {(message: Message) => void} added
 * @property {(message: Message) => void} changed
 *
 * @typedef {ReturnType<typeof createPending>} Pending
 */

/** What of it is sent, and kept. @param {Message} message */
const contentOf = ({ text, data, reply_to }) => ({ text, ...(data && { data }), ...(reply_to !== null && { reply_to }) });

/**
 * @param {string} peer
 * @param {PendingPorts} ports
 */
export function createPending(peer, { me, outbox, keep, drop, added, changed }) {
	/** By ref, in the order of sending. @type {Map<any, Message>} */
	let all = new Map();
	/** How each one's `settled` is settled. @type {WeakMap<Message, import('./promise.js').Deferred<Message>>} */
	const settlings = new WeakMap();

	/** @param {Message} message which is being sent, or once more */
	const begin = (message) => {
		settlings.set(message, unsettle(message));
		return message;
	};
	const store = (/** @type {any} */ message) => {
		const { ref, sent_at, error } = message;
		keep({
			ref, peer, ...contentOf(message), sent_at: sent_at.getTime(),
			error: error && { code: error.code, reason: error.reason },
		});
	};
	const fault = (/** @type {Message} */ { text, data }) => {
		const code = faultOf(text, data);
		return code && new ChatError(code, 'text or data is missing, or too large');
	};
	const parcel = (/** @type {any} */ message) => ({ room: peer, ref: message.ref, event: 'message', members: contentOf(message) });
	const reject = (/** @type {Message} */ message, /** @type {ChatError} */ error) => {
		message.status = 'failed';
		message.error = error;
		settlings.get(message)?.reject(error);
		return message;
	};
	const fail = (/** @type {any} */ message, /** @type {ChatError} */ error) => {
		reject(message, error);
		store(message);
		outbox.answered(peer, message.ref);
		changed(message);
	};
	const submit = (/** @type {Message} */ message) => {
		const wrong = fault(message);
		if (wrong) {
			fail(message, wrong);
		} else {
			store(message);
			outbox.add(parcel(message));
		}
		return message;
	};
	const failed = (/** @type {string | null} */ ref) => {
		const message = all.get(ref);
		return message?.status === 'failed' ? message : null;
	};
	const sending = (messages = [...all.values()]) => messages.filter(({ status }) => status === 'sending');

	return {
		messages: () => [...all.values()],
		waiting: () => sending().length > 0,
		/** @param {string | { text?: string, data?: Record<string, any>, replyTo?: number }} given */
		send(given) {
			const { text, data, replyTo } = typeof given === 'object' ? { text: '', ...given } : { text: given };
			const content = { text: sendable(text), data: sendableData(data), reply_to: replyTo };
			const message = begin(pendingMessage(randomId(), me(), content, new Date()));
			const wrong = fault(message);
			if (wrong?.code === 'bad_field') {
				// There is nothing in it that anybody would want to keep.
				return reject(message, wrong);
			}
			all.set(message.ref, message);
			added(message);
			return submit(message);
		},
		/** @param {string | null} ref */
		retry(ref) {
			const message = failed(ref);
			if (message) {
				Object.assign(begin(message), { status: 'sending', error: null, sent_at: new Date() });
				all.delete(ref);
				all.set(ref, message);
				changed(message);
				submit(message);
			}
			return message;
		},
		/** @param {string | null} ref */
		discard(ref) {
			const message = failed(ref);
			if (message) {
				all.delete(ref);
				drop(String(ref));
				changed(message);
			}
			return message !== null;
		},
		/**
		 * Takes a message out that is stored now.
		 * @param {import('./protocol.js').WireMessage} wire
		 * @returns {Message | undefined} undefined: it is none of these
		 */
		stored({ ref = '', user_id, seq, sent_at }) {
			const message = user_id === me() ? all.get(ref) : undefined;
			if (message) {
				all.delete(ref);
				drop(ref);
				Object.assign(message, { seq, sent_at: new Date(sent_at), error: null });
				changed(message);
				settlings.get(message)?.resolve(message);
				outbox.answered(peer, ref);
			}
			return message;
		},
		/**
		 * @param {import('./protocol.js').ErrorEvent} event
		 * @returns {boolean} whether it was about one of these
		 */
		refused(event) {
			const { ref = '', code, retry_ms = RETRY } = event;
			const message = all.get(ref);
			if (message?.status === 'sending') {
				if (isFinal(code)) {
					fail(message, errorOf(event));
				} else {
					outbox.refused(peer, ref, retry_ms);
				}
			}
			return Boolean(message);
		},
		/** @param {ChatError} error */
		failAll: (error) => sending().forEach((message) => fail(message, error)),
		/**
		 * We know who we are: takes up what an earlier page has left, and keeps what was sent before.
		 * @param {import('./api.js').PendingRecord[]} records in the order of sending
		 */
		restore(records) {
			const later = all;
			all = new Map();
			for (const record of records.filter(({ ref }) => !later.has(ref))) {
				const { ref, sent_at, error } = record;
				const message = begin(pendingMessage(ref, me(), record, new Date(sent_at)));
				all.set(ref, message);
				if (error) {
					reject(message, errorOf(error));
				}
			}
			const revived = [...all.values()];
			outbox.addBefore(sending(revived).map(parcel));
			later.forEach((message, ref) => {
				all.set(ref, message);
				message.user_id = me();
				store(message);
			});
			revived.forEach(added);
		},
	};
}
