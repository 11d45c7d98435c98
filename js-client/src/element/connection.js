// What connects the elements of a page: those that say the same url and user share one chat, and
// those that show the same peer share one room.

import { absoluteUrl } from '../environment.js';
import { createChat, UnauthorizedError } from '../index.js';
import { readToken } from '../token.js';

const TOKEN_TIMEOUT = 15000;

/**
 * @typedef {ReturnType<typeof createChat>} Chat
 * @typedef {ReturnType<Chat['with']>} Room
 *
 * @typedef {object} Settings
 * @property {string} url
 * @property {string} [id]
 * @property {string} [name]
 * @property {string} [token]
 * @property {string} [tokenUrl] where fresh ones are
 *
 * @typedef {object} Line an element's hold on a chat
 * @property {Chat} chat
 * @property {(peer: string) => Room} enter a room of the element's own; throws a TypeError where there can be none
 * @property {(room: Room) => void} leave closes it
 * @property {() => void} drop
 */

/** @param {string} name */
function meta(name) {
	return document.querySelector(`meta[name="chat-${name}"]`)?.getAttribute('content') ?? undefined;
}

/**
 * A token from the application. It answers with the token as text, or as JSON with a member `token`.
 * @param {string} address
 * @returns {Promise<string>}
 */
async function fetchToken(address) {
	const response = await fetch(address, {
		credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(TOKEN_TIMEOUT),
	});
	if (response.status === 401 || response.status === 403) {
		throw new UnauthorizedError('the application says that nobody is logged in');
	}
	if (!response.ok) {
		throw new Error(`the application answered ${response.status} when asked for a token`);
	}
	const text = (await response.text()).trim();
	return text.startsWith('{') ? JSON.parse(text).token : text;
}

/**
 * What an element and its page say about the connection. The attribute `id` is the user's where the
 * element brings a token of its own; else it is what it always is in HTML, and `user-id` or the page's
 * `chat-id` count. A JWT says itself whose it is.
 * @param {HTMLElement} element
 * @returns {Settings | null} null where something is missing
 */
export function settingsOf(element) {
	const own = (/** @type {string} */ name) => element.getAttribute(name) ?? undefined;
	const url = own('url') ?? meta('url');
	const token = own('token') ?? meta('token');
	const tokenUrl = own('token-url') ?? meta('token-url');
	if (!url || !(token || tokenUrl)) {
		return null;
	}
	return {
		url: absoluteUrl(url),
		...(readToken(token)?.id ? {} : {
			id: own('user-id') ?? (own('token') ? own('id') : undefined) ?? meta('id'),
			name: own('name') ?? meta('name'),
		}),
		token,
		tokenUrl: tokenUrl && new URL(tokenUrl, document.baseURI).href,
	};
}

/** @type {Map<unknown, { chat: Chat, token?: string, holds: number, end: () => void }>} */
const lines = new Map();

/**
 * Takes hold of the chat that these settings mean; connects it when it is the first, or brings another token than before.
 * @param {Settings} settings
 * @returns {Line}
 */
export function lineFor(settings) {
	const { url, id, token, tokenUrl } = settings;
	const key = [url, id ?? readToken(token)?.id ?? '', tokenUrl ?? ''].join(' ');
	const held = hold(key, () => {
		const chat = createChat({ ...settings, getToken: tokenUrl ? () => fetchToken(tokenUrl) : undefined });
		connect(chat);
		return { chat, token, end: () => chat.close() };
	});
	const line = lines.get(key);
	if (line && token && token !== line.token) {
		line.token = token;
		connect(line.chat, token);
	}
	return held;
}

/** @param {Chat} chat @param {string} [token] */
function connect(chat, token) {
	chat.connect({ token }).catch(() => {
		// The state says so, and the elements show it.
	});
}

/**
 * The same for a chat that the page has made, and ends itself.
 * @param {Chat} chat
 * @returns {Line}
 */
export function lineOf(chat) {
	return hold(chat, () => ({ chat, end: () => {} }));
}

/**
 * @param {unknown} key
 * @param {() => { chat: Chat, token?: string, end: () => void }} begin
 * @returns {Line}
 */
function hold(key, begin) {
	const line = lines.get(key) ?? { ...begin(), holds: 0 };
	lines.set(key, line);
	line.holds++;
	let held = true;
	return {
		chat: line.chat,
		enter: (peer) => line.chat.with(peer).share(),
		leave: (room) => later(room.close),
		drop() {
			if (held) {
				held = false;
				line.holds--;
				later(() => line.holds === 0 && lines.get(key) === line && lines.delete(key) && line.end());
			}
		},
	};
}

/**
 * An element that is moved within its page leaves and comes back at once: nothing ends for that.
 * @param {() => unknown} act
 */
function later(act) {
	setTimeout(() => Promise.resolve(act()).catch(() => {}));
}
