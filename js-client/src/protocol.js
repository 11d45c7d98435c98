// The wire: what is published, and what arrives.

export const LONGEST_TEXT = 16 * 1024;
export const LONGEST_DATA = 8 * 1024;
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
 * @property {Record<string, any>} [data]
 * @property {number} [reply_to]
 * @property {string} [edited_at]
 * @property {Reaction[]} [reactions]
 * @property {boolean} [deleted]
 * @property {number} [change]
 *
 * @typedef {{ reaction: string, by: string[] }} Reaction `by`: users' ids
 *
 * @typedef {{ event: 'message' } & WireMessage} MessageEvent
 * @typedef {{ event: 'history', messages: WireMessage[], more: boolean, read: Record<string, number>, change?: number, epoch?: string,
 *   peer?: PeerFacts, ref?: string }} HistoryEvent
 * @typedef {{ event: 'changed', change: number, by?: string, message: WireMessage, ref?: string }} ChangedEvent
 * @typedef {{ event: 'changes', messages: WireMessage[], change: number, more: boolean, epoch?: string, ref?: string }} ChangesEvent
 * @typedef {{ user_id: string, name?: string, online?: boolean, seen_at?: string }} PeerFacts
 * @typedef {{ event: 'peer' } & PeerFacts} PeerEvent
 * @typedef {{ event: 'read', user_id: string, seq: number }} ReadEvent
 * @typedef {{ event: 'typing', user_id: string, on: boolean }} TypingEvent
 * @typedef {{ event: 'presence_state', users: Users }} PresenceStateEvent
 * @typedef {{ event: 'presence_diff', joins: Users, leaves: Users }} PresenceDiffEvent
 * @typedef {{ event: 'error', code: string, reason: string, ref?: string, retry_ms?: number }} ErrorEvent
 * @typedef {{ chat: string, user_id: string, name?: string, count: number, last: WireMessage }} UnreadEntry
 * @typedef {{ event: 'unread', chats: UnreadEntry[], total: number, more: boolean }} UnreadEvent
 * @typedef {{ event: 'notification', chat: string, name: string, message: WireMessage, quiet?: boolean }} NotificationEvent
 * @typedef {{ event: 'read', chat: string, seq: number, count: number, total: number }} LobbyReadEvent
 *
 * @typedef {{ chat: string } & ChangedEvent} LobbyChangedEvent
 * @typedef {{ chat: string, user_id: string, name?: string, last?: WireMessage, count: number, read: Record<string, number>,
 *   muted?: boolean, blocked?: boolean }} ChatsEntry
 * @typedef {{ event: 'chats', chats: ChatsEntry[], more: boolean, next?: string, ref?: string }} ChatsEvent
 * @typedef {{ event: 'muted', chat: string, on: boolean, ref?: string }} MutedEvent
 * @typedef {{ event: 'blocked', user_id: string, on: boolean, ref?: string }} BlockedEvent
 *
 * @typedef {Record<string, { name: string }>} Users by id
 * @typedef {MessageEvent | HistoryEvent | ChangedEvent | ChangesEvent | PeerEvent | ReadEvent | TypingEvent | PresenceStateEvent | PresenceDiffEvent | ErrorEvent} ChatEvent
 * @typedef {UnreadEvent | NotificationEvent | LobbyReadEvent | LobbyChangedEvent | ChatsEvent | MutedEvent | BlockedEvent | ErrorEvent} LobbyEvent
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
 * Data as it will arrive: what JSON does not know is gone, and what the application does with its object later is no matter.
 * @template {Record<string, any> | null | undefined} Data
 * @param {Data} data
 * @returns {Data}
 */
export function sendableData(data) {
	return data && JSON.parse(JSON.stringify(data));
}

/**
 * @param {string} text
 * @param {Record<string, any> | null} [data]
 * @returns {'bad_field' | 'too_large' | null} why it cannot be a message
 */
export function faultOf(text, data = null) {
	const json = data && JSON.stringify(data);
	if (utf8.encode(text).length > LONGEST_TEXT || (json && utf8.encode(json).length > LONGEST_DATA)) {
		return 'too_large';
	}
	// It has to be an object in JSON, too: a Date is not.
	return (json ? json[0] !== '{' : text === '') ? 'bad_field' : null;
}

/**
 * @param {string} event
 * @param {object} members
 */
export const encode = (event, members) => JSON.stringify({ event, ...members });
