'use client';
// mosquitto-chat/react: a chat, the chat with one user and the unread counts, as hooks.
//
// Whatever a component has begun ends with it, a moment later: StrictMode, and lists that are sorted
// anew, take components out and put them back at once, and nothing ends for that.

import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { createChat } from './index.js';
import { readToken } from './token.js';

/**
 * @typedef {import('./api.js').Chat} Chat
 * @typedef {import('./api.js').ChatOptions} ChatOptions
 * @typedef {import('./api.js').Room} Room
 * @typedef {import('./api.js').State} State
 * @typedef {import('./api.js').Unread} Unread
 * @typedef {import('./errors.js').ChatError} ChatError
 *
 * @typedef {object} RoomView
 * @property {Room | null} room for all that can be done in it; null as long as there is no chat or no peer
 * @property {Room['messages']} messages
 * @property {Room['peer'] | null} peer
 * @property {boolean} more whether there are older messages
 * @property {boolean} forbidden
 * @property {boolean} ready history and presence are in
 * @property {ChatError | null} error why it could not be opened
 */

const ROOM_EVENTS = /** @type {const} */ (['message', 'update', 'read', 'typing', 'presence', 'reset', 'forbidden']);

/** @type {Unread} */
const NOTHING_UNREAD = { total: 0, chats: [] };
/** @type {RoomView} */
const NO_ROOM = { room: null, messages: [], peer: null, more: false, forbidden: false, ready: false, error: null };

/**
 * Something outside of React that a component watches.
 * @template T
 * @param {() => T} read
 * @param {(changed: () => void) => () => void} begin returns what ends it
 */
function source(read, begin) {
	/** @type {Set<() => void>} */
	const listeners = new Set();
	/** @type {(() => void) | null} */
	let end = null;
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let ending;
	let value = read();
	const changed = () => {
		value = read();
		listeners.forEach((listener) => listener());
	};
	return {
		read: () => value,
		/** @param {() => void} listener */
		subscribe(listener) {
			clearTimeout(ending);
			listeners.add(listener);
			if (!end) {
				end = begin(changed);
				value = read();
			}
			return () => {
				listeners.delete(listener);
				ending = listeners.size > 0 ? undefined : setTimeout(() => {
					end?.();
					end = null;
				});
			};
		},
	};
}

/**
 * @template T
 * @param {ReturnType<typeof source<T>>} it
 * @returns {T}
 */
function useSource({ read, subscribe }) {
	return useSyncExternalStore(subscribe, read, read);
}

/**
 * What a chat has to say, as long as there is one.
 * @template T
 * @param {Chat | null} chat
 * @param {'state' | 'unread'} name
 * @param {(chat: Chat) => T} get
 * @param {T} nothing
 * @returns {T}
 */
function useOf(chat, name, get, nothing) {
	return useSource(useMemo(() => source(() => (chat ? get(chat) : nothing), (changed) => chat?.on(name, changed) ?? (() => {})), [chat]));
}

/**
 * A chat, connected as long as the component is there: made of options, or one that the page has made, which is
 * left to it. Another `url` or user is another chat.
 * @param {ChatOptions | Chat | null} options null: nobody is logged in
 * @returns {{ chat: Chat | null, state: State }} `chat` is null until the component has been shown once
 */
export function useChat(options) {
	const given = options && 'with' in options ? options : null;
	const wanted = given ? null : /** @type {ChatOptions | null} */ (options);
	const latest = useRef(wanted);
	/** @type {import('react').MutableRefObject<{ key: string, chat: Chat, ending?: ReturnType<typeof setTimeout> } | null>} */
	const held = useRef(null);
	const [made, setMade] = useState(/** @type {Chat | null} */ (null));
	const key = wanted && `${wanted.url} ${wanted.id ?? readToken(wanted.token)?.id ?? ''}`;

	useEffect(() => {
		latest.current = wanted;
	});
	useEffect(() => {
		if (!wanted || key === null) {
			setMade(null);
			return undefined;
		}
		if (held.current?.key !== key) {
			const getToken = wanted.getToken && ((/** @type {any} */ need) => (latest.current?.getToken ?? wanted.getToken)?.(need) ?? '');
			held.current = { key, chat: createChat({ ...wanted, getToken }) };
			// Its state says what becomes of it.
			held.current.chat.connect().catch(() => {});
		}
		const it = held.current;
		clearTimeout(it.ending);
		setMade(it.chat);
		return () => {
			it.ending = setTimeout(() => {
				held.current = held.current === it ? null : held.current;
				it.chat.close();
			});
		};
	}, [key]);

	const chat = given ?? made;
	return { chat, state: useOf(chat, 'state', ({ state }) => state, 'idle') };
}

/**
 * @param {Chat | null} chat
 * @returns {Unread}
 */
export function useUnread(chat) {
	return useOf(chat, 'unread', ({ unread }) => unread, NOTHING_UNREAD);
}

/**
 * The chat with one user, open as long as the component is there. Several components may have the same one.
 * @param {Chat | null} chat
 * @param {string | null} peer
 * @returns {RoomView}
 */
export function useRoom(chat, peer) {
	return useSource(useMemo(() => watch(chat, peer), [chat, peer]));
}

/** @param {Chat | null} chat @param {string | null} peer */
function watch(chat, peer) {
	const room = chat && peer ? chat.with(peer).share() : null;
	let ready = false;
	/** @type {ChatError | null} */
	let error = null;
	/** @returns {RoomView} */
	const read = () => (room ? { room, messages: room.messages, peer: room.peer, more: room.more, forbidden: room.forbidden, ready, error } : NO_ROOM);
	return source(read, (changed) => {
		if (!chat || !room) {
			return () => {};
		}
		const open = () => room.open().then(() => {
			ready = true;
			error = null;
			changed();
		}, (why) => {
			ready = false;
			error = why;
			changed();
		});
		open();
		const offs = [...ROOM_EVENTS.map((name) => room.on(name, changed)), chat.on('state', (state) => {
			// chat.close() has closed it; and it may have been given up while nobody was logged in.
			ready &&= state !== 'closed';
			if (state === 'online' && !ready) {
				open();
			}
			changed();
		})];
		return () => {
			offs.forEach((off) => off());
			room.close().catch(() => {});
		};
	});
}
