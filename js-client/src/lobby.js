// What concerns this user wherever they are: unread counts, messages in chats that are not open, and all chats.

import { createChats } from './chats.js';
import { createAlarm } from './clock.js';
import { errorOf } from './errors.js';
import { encode, PATIENCE, patience } from './protocol.js';
import { createRequests } from './requests.js';
import { chatOf, peerOf } from './topic.js';
import { createUnread } from './unread-view.js';

/**
 * @typedef {object} LobbyPorts
 * @property {import('./clock.js').Clock} clock
 * @property {() => string} me
 * @property {() => void} join subscribes, or does so again
 * @property {(payload: string) => boolean} publish false: there is no connection
 * @property {import('./emitter.js').Emitter<import('./api.js').ChatEvents>['emit']} emit
 * @property {() => void} reported the plugin's own report is in
 * @property {Pick<ReturnType<typeof import('./conversations.js').createConversations>, 'get'>} conversations by peer
 * @property {(error: unknown) => void} report
 */

/** @param {LobbyPorts} ports */
export function createLobby({ clock, me, join, publish, emit, reported, conversations, report }) {
	/** Armed while the subscription's answer is owed; then we subscribe again. */
	const owed = createAlarm(clock);
	/** We hear what is said here. */
	let joined = false;
	/** The plugin's own report of this connection is in. */
	let counted = false;
	const requests = createRequests(clock, ({ event, ...members }) => joined && publish(encode(event, members)));
	const unread = createUnread(clock, me, join, emit);
	const chats = createChats(me, requests.ask, emit, report);

	/**
	 * A message was stored in the chat with that peer.
	 * @param {string} peer
	 * @param {import('./protocol.js').NotificationEvent} event as it is to be told to an application that is not there
	 */
	const heard = (peer, event) => {
		const name = event.message.user_id === peer ? event.name : undefined;
		chats.note(chats.inbox.message(peer, event.message, name));
		if (unread.message(peer, event.message, name) && !conversations.get(peer)?.wanted()) {
			emit('notification', event);
		}
	};
	/** @param {string} peer @param {import('./protocol.js').WireMessage} message as it is now */
	const changed = (peer, message) => {
		unread.changed(peer, message);
		chats.note(chats.inbox.changed(peer, message));
	};

	/** By event. */
	const handlers = {
		unread(/** @type {import('./protocol.js').UnreadEvent} */ event) {
			owed.clear();
			unread.report(event);
			counted = true;
			reported();
			chats.refresh();
		},
		notification(/** @type {import('./protocol.js').NotificationEvent} */ event) {
			const peer = peerOf(event.chat, me());
			conversations.get(peer)?.notified(event);
			heard(peer, event);
		},
		read(/** @type {import('./protocol.js').LobbyReadEvent} */ event) {
			const peer = peerOf(event.chat, me());
			conversations.get(peer)?.marked(me(), event.seq);
			unread.read(peer, event);
			chats.note(chats.inbox.set(peer, { count: event.count, readSeq: event.seq }));
		},
		changed(/** @type {import('./protocol.js').LobbyChangedEvent} */ event) {
			const peer = peerOf(event.chat, me());
			conversations.get(peer)?.event(event);
			changed(peer, event.message);
		},
		chats: requests.answer,
		muted(/** @type {import('./protocol.js').MutedEvent} */ event) {
			const peer = peerOf(event.chat, me());
			chats.note(chats.inbox.set(peer, { muted: event.on }));
			emit('muted', { peer, on: event.on });
			requests.answer(event);
		},
		blocked(/** @type {import('./protocol.js').BlockedEvent} */ event) {
			const { user_id: peer, on } = event;
			chats.note(chats.inbox.set(peer, { blocked: on }));
			emit('blocked', { peer, on });
			requests.answer(event);
		},
		error(/** @type {import('./protocol.js').ErrorEvent} */ event) {
			if (event.ref !== undefined) {
				requests.refuse(event);
			} else {
				// It is the subscription that was refused.
				owed.set(patience(event), join);
				report(errorOf(event));
			}
		},
	};

	return {
		unread: unread.view,
		chats: chats.view,
		moreChats: chats.more,
		counted: () => counted,
		/** @param {string} peer @param {boolean} on @returns {Promise<void>} */
		mute: (peer, on) => requests.ask({
			event: 'mute',
			on,
			// When it is sent we know who we are.
			get chat() {
				return chatOf(me(), peer);
			},
		}),
		/** @param {string} peer @param {boolean} on @returns {Promise<void>} */
		block: (peer, on) => requests.ask({ event: 'block', user_id: peer, on }),
		/** @param {Error} error for whoever waits for an answer */
		giveUp: requests.cancel,
		/**
		 * Something has happened in a chat that we have subscribed to.
		 * @param {string} topic
		 * @param {import('./protocol.js').ChatEvent} event
		 */
		overheard(topic, event) {
			const room = conversations.get(peerOf(topic, me()))?.room;
			if (room && event.event === 'message') {
				const { event: _, ...message } = event;
				// For who is there for pending messages alone, to the application the room is closed.
				heard(room.peer.id, { event: 'notification', chat: topic, name: room.peer.name ?? '', message });
			} else if (room && event.event === 'changed') {
				changed(room.peer.id, event.message);
			} else if (room) {
				const { id, name, online, readSeq } = room.peer;
				const told = event.event === 'peer' || (event.event === 'history' && event.peer);
				chats.note(chats.inbox.set(id, { ...(name && { name }), ...(told && { online }), ...(readSeq && { peerRead: readSeq }) }));
			}
		},
		/** We do not hear any more whether they are online. @param {string} peer */
		left: (peer) => chats.note(chats.inbox.set(peer, { online: null })),
		/** A subscription is on its way. */
		subscribing: () => owed.set(PATIENCE, join),
		subscribed() {
			joined = true;
			requests.again();
		},
		down() {
			joined = counted = false;
			owed.clear();
			unread.down();
		},
		/** @param {import('./protocol.js').LobbyEvent} event */
		event: (event) => handlers[event.event]?.(/** @type {any} */ (event)),
	};
}
