// The wire: what is published, and what arrives.

export const LONGEST_TEXT = 16 * 1024;
export const LONGEST_PAGE = 200;

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

/** What each member that we rely on has to be. Later versions may add members and events. */
const isText = (/** @type {any} */ it) => typeof it === 'string';
const isCount = (/** @type {any} */ it) => Number.isSafeInteger(it) && it >= 0;
const isObject = (/** @type {any} */ it) => typeof it === 'object' && it !== null && !Array.isArray(it);
const isMessage = (/** @type {any} */ it) => isObject(it) && isCount(it.seq) && isText(it.user_id) && isText(it.text) && isText(it.sent_at);
const isUnread = (/** @type {any} */ it) => isObject(it) && isText(it.chat) && isText(it.user_id) && isCount(it.count) && isMessage(it.last);
const listOf = (/** @type {(it: any) => boolean} */ check) => (/** @type {any} */ it) => Array.isArray(it) && it.every(check);

/** @type {Record<string, Record<string, (it: any) => boolean>>} */
const CHAT = {
	message: { seq: isCount, user_id: isText, text: isText, sent_at: isText },
	history: { messages: listOf(isMessage), read: isObject },
	read: { user_id: isText, seq: isCount },
	typing: { user_id: isText },
	presence_state: { users: isObject },
	presence_diff: { joins: isObject, leaves: isObject },
	error: { code: isText },
};

/** @type {Record<string, Record<string, (it: any) => boolean>>} */
const LOBBY = {
	unread: { chats: listOf(isUnread), total: isCount },
	notification: { chat: isText, message: isMessage },
	read: { chat: isText, seq: isCount, count: isCount, total: isCount },
	error: { code: isText },
};

/**
 * @param {Uint8Array} payload
 * @param {'chat' | 'lobby'} where
 * @returns {any} the event; null for what this version does not know
 */
export function decode(payload, where) {
	/** @type {any} */
	let event;
	try {
		event = JSON.parse(new TextDecoder().decode(payload));
	} catch {
		return null;
	}
	const shapes = where === 'chat' ? CHAT : LOBBY;
	if (!isObject(event) || !Object.hasOwn(shapes, event.event)) {
		return null;
	}
	const shape = Object.entries(shapes[event.event]);
	return shape.every(([member, check]) => Object.hasOwn(event, member) && check(event[member])) ? event : null;
}

/**
 * Text as it can be sent: half a surrogate pair and U+0000 become U+FFFD, as they do in a page.
 * @param {string} text
 * @returns {string}
 */
export function sendable(text) {
	return new TextDecoder('utf-8', { ignoreBOM: true }).decode(utf8.encode(text)).replaceAll('\0', '\ufffd');
}

/**
 * @param {string} text
 * @returns {'bad_field' | 'too_large' | null} why it cannot be a message
 */
export function textFault(text) {
	return text === '' ? 'bad_field' : utf8.encode(text).length > LONGEST_TEXT ? 'too_large' : null;
}

/** @param {string} text @param {string} ref */
export const encodeMessage = (text, ref) => JSON.stringify({ event: 'message', text, ref });

/** @param {number} seq */
export const encodeRead = (seq) => JSON.stringify({ event: 'read', seq });

/** @param {boolean} on */
export const encodeTyping = (on) => JSON.stringify({ event: 'typing', on });

/** @param {{ before?: number, after?: number, limit?: number, ref: string }} members */
export const encodeHistory = (members) => JSON.stringify({ event: 'history', ...members });
