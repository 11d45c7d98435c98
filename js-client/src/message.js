// One message, from the moment it is sent or seen.

import { deferred } from './promise.js';
import { versionOf } from './version.js';

/** @typedef {import('./api.js').Message} Message */

/**
 * A message that is stored already.
 * @param {import('./protocol.js').WireMessage} wire
 * @param {string} me
 * @returns {Message}
 */
export function storedMessage(wire, me) {
	const { ref = null, seq, user_id, sent_at } = wire;
	/** @type {any} */
	const message = {
		ref, seq, user_id, ...versionOf(wire), changing: false, sent_at: new Date(sent_at), mine: user_id === me, status: 'sent', error: null,
	};
	message.settled = Promise.resolve(message);
	return message;
}

/**
 * A message that has to be sent yet.
 * @param {string} ref
 * @param {string} user_id
 * @param {{ text: string, data?: Record<string, any>, reply_to?: number }} content
 * @param {Date} sent_at
 * @returns {Message} without a `settled`, which `unsettle` gives it
 */
export function pendingMessage(ref, user_id, content, sent_at) {
	const version = versionOf(/** @type {any} */ (content));
	return /** @type {any} */ ({ ref, seq: null, user_id, ...version, changing: false, sent_at, mine: true, status: 'sending', error: null });
}

/**
 * Gives a message a new `settled`, for a new try.
 * @param {Message} message
 * @returns {import('./promise.js').Deferred<Message>} its other end
 */
export function unsettle(message) {
	const settling = /** @type {import('./promise.js').Deferred<Message>} */ (deferred());
	message.settled = settling.promise;
	// Whoever does not look at it has `status` and `error`.
	message.settled.catch(() => {});
	return settling;
}
