// The wire: what is published, and what arrives.

export const LONGEST_TEXT = 16 * 1024;
export const LONGEST_PAGE = 200;

/** Without an answer for so long, we ask again. */
export const PATIENCE = 10000;

/** When to ask again, where the plugin does not say. */
export const RETRY = 2000;

/** An answer that a subscription is owed comes by itself, when the store is back. */
const LONG_PATIENCE = 60000;

/**
 * @typedef {object} WireMessage
 * @property {number} seq
 * @property {string} user_id
 * @property {string} text
 * @property {string} sent_at
 * @property {string} [ref]
 *
 * @typedef {{ event: 'message' } & WireMessage} MessageEvent
 * @typedef {{ event: 'history', messages: WireMessage[], more: boolean, read: Record<string, number>, ref?: string }} HistoryEvent
 * @typedef {{ event: 'read', user_id: string, seq: number }} ReadEvent
 * @typedef {{ event: 'typing', user_id: string, on: boolean }} TypingEvent
 * @typedef {{ event: 'presence_state', users: Users }} PresenceStateEvent
 * @typedef {{ event: 'presence_diff', joins: Users, leaves: Users }} PresenceDiffEvent
 * @typedef {{ event: 'error', code: string, reason: string, ref?: string, retry_ms?: number }} ErrorEvent
 * @typedef {{ chat: string, user_id: string, count: number, last: WireMessage }} UnreadEntry
 * @typedef {{ event: 'unread', chats: UnreadEntry[], total: number, more: boolean }} UnreadEvent
 * @typedef {{ event: 'notification', chat: string, name: string, message: WireMessage, quiet?: boolean }} NotificationEvent
 * @typedef {{ event: 'read', chat: string, seq: number, count: number, total: number }} LobbyReadEvent
 *
 * @typedef {Record<string, { name: string }>} Users by id
 * @typedef {MessageEvent | HistoryEvent | ReadEvent | TypingEvent | PresenceStateEvent | PresenceDiffEvent | ErrorEvent} ChatEvent
 * @typedef {UnreadEvent | NotificationEvent | LobbyReadEvent | ErrorEvent} LobbyEvent
 */

const utf8 = new TextEncoder();

/**
 * @param {Uint8Array} payload
 * @returns {any} the event; null where it is none
 */
export function decode(payload) {
	try {
		return JSON.parse(new TextDecoder().decode(payload));
	} catch {
		return null;
	}
}

/**
 * How long to wait for the answer to a subscription, before subscribing again.
 * @param {ErrorEvent} event which was its answer for now
 * @returns {number}
 */
export function patience({ code, retry_ms = RETRY }) {
	return code === 'unavailable' ? LONG_PATIENCE : retry_ms;
}

/**
 * Text as it can be sent: half a surrogate pair and U+0000 become U+FFFD, as they do in a page.
 * @param {string} text
 * @returns {string}
 */
export function sendable(text) {
	return text.replace(/[\0\p{Cs}]/gu, '\ufffd');
}

/**
 * @param {string} text
 * @returns {'bad_field' | 'too_large' | null} why it cannot be a message
 */
export function textFault(text) {
	return text === '' ? 'bad_field' : utf8.encode(text).length > LONGEST_TEXT ? 'too_large' : null;
}

/**
 * @param {'message' | 'read' | 'typing' | 'history'} event
 * @param {{ text: string, ref: string } | { seq: number } | { on: boolean } | { before?: number, after?: number, limit: number, ref: string }} members
 */
export const encode = (event, members) => JSON.stringify({ event, ...members });
