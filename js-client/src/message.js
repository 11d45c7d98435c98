// One message, from the moment it is sent or seen.

import { ChatError } from './errors.js';

/**
 * @typedef {'sending' | 'sent' | 'read' | 'failed'} Status
 *   a peer's message is 'sent' until this user has read it
 *
 * @typedef {object} Message
 * @property {string | null} ref the sender's own id for it; null where the sender gave none
 * @property {number | null} seq its place in the chat, once it is stored
 * @property {string} user_id who sent it
 * @property {string} text
 * @property {Date} sent_at for a pending one the time of `send()`
 * @property {boolean} mine
 * @property {Status} status
 * @property {ChatError | null} error why it has failed
 * @property {Promise<Message>} settled resolves once it is stored, rejects once it never will be
 */

/**
 * @typedef {object} Settling the other end of `settled`
 * @property {() => void} resolve
 * @property {(error: ChatError) => void} reject
 */

/**
 * A message that is stored already.
 * @param {import('./protocol.js').WireMessage} wire
 * @param {string} me
 * @returns {Message}
 */
export function storedMessage(wire, me) {
	/** @type {any} */
	const message = {
		ref: wire.ref ?? null,
		seq: wire.seq,
		user_id: wire.user_id,
		text: wire.text,
		sent_at: new Date(wire.sent_at),
		mine: wire.user_id === me,
		status: 'sent',
		error: null,
	};
	message.settled = Promise.resolve(message);
	return message;
}

/**
 * A message that has to be sent yet.
 * @param {{ ref: string, user_id: string, text: string, sent_at: Date }} members
 * @returns {{ message: Message, settling: Settling }}
 */
export function pendingMessage({ ref, user_id, text, sent_at }) {
	/** @type {any} */
	const message = { ref, seq: null, user_id, text, sent_at, mine: true, status: 'sending', error: null };
	return { message, settling: unsettle(message) };
}

/**
 * Gives a message a new `settled`, for a new try.
 * @param {Message} message
 * @returns {Settling}
 */
export function unsettle(message) {
	/** @type {any} */
	const settling = {};
	message.settled = new Promise((resolve, reject) => {
		settling.resolve = () => resolve(message);
		settling.reject = reject;
	});
	// Whoever does not look at it has `status` and `error`.
	message.settled.catch(() => {});
	return settling;
}
