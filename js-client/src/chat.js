// A user's chats: the connection, the lobby, and a conversation for each peer.

import { systemClock } from './clock.js';
import { createConnection } from './connection.js';
import { createConversation } from './conversation.js';
import { createCredentials } from './credentials.js';
import { createEmitter } from './emitter.js';
import { pageEnvironment } from './environment.js';
import { ChatError, UnauthorizedError } from './errors.js';
import { createLobby } from './lobby.js';
import { createOutbox } from './outbox.js';
import { createGate } from './promise.js';
import { decode, encode } from './protocol.js';
import { defaultStore, memoryStore } from './store.js';
import { chatOf, isUserId, lobbyOf, peerOf } from './topic.js';

/**
 * @typedef {import('./conversation.js').Conversation} Conversation
 *
 * @typedef {object} Surroundings what tests bring themselves
 * @property {import('./clock.js').Clock} [clock]
 * @property {import('./environment.js').Environment} [environment]
 * @property {typeof import('./link.js').openLink} [openLink]
 * @property {() => number} [random]
 */

/**
 * @param {import('./api.js').ChatOptions} options
 * @param {Surroundings} [surroundings]
 * @returns {import('./api.js').Chat}
 */
export function createChat(options, { clock = systemClock, environment = pageEnvironment(), openLink, random } = {}) {
	checkOptions(options);
	/** @type {import('./emitter.js').Emitter<import('./api.js').ChatEvents>} */
	const { on, emit } = createEmitter();
	let store = options.store ?? defaultStore();
	/** By peer. @type {Map<string, Conversation>} */
	const conversations = new Map();
	const connecting = createGate();
	/** The lobby's `unread` is in. */
	let counted = false;
	/** What an earlier page has left is taken up. @type {Promise<void> | null} */
	let loaded = null;
	/** @type {(() => void) | null} */
	let sleep = null;

	const credentials = createCredentials(options, clock);
	const me = () => credentials.id() ?? '';
	const lobbyTopic = () => lobbyOf(me());
	const topicOf = (/** @type {string} */ peer) => chatOf(me(), peer);
	const conversationOn = (/** @type {string} */ topic) => conversations.get(peerOf(topic, me()));

	const report = (/** @type {any} */ error, code = 'internal') => {
		const known = error instanceof ChatError ? error : new ChatError(code, String(error?.message ?? error));
		if (!/closed|unauthorized/.test(known.code)) {
			emit('error', known);
		}
	};

	const connection = createConnection({ url: options.url, credentials, clock, openLink, random }, {
		state(state) {
			if (state === 'unauthorized') {
				const error = new UnauthorizedError();
				conversations.forEach(({ giveUp }) => giveUp(error));
				connecting.fail(error);
			}
			emit('state', state);
		},
		login: () => (loaded ??= load()),
		subscribing: (topic) => (topic === lobbyTopic() ? lobby : conversationOn(topic))?.subscribing(),
		subscribed: (topic, granted) => conversationOn(topic)?.subscribed(granted),
		arrived(topic, payload) {
			const event = decode(payload);
			if (event && topic === lobbyTopic()) {
				lobby.event(event);
			} else if (event) {
				happened(topic, event);
			}
		},
		down() {
			counted = false;
			lobby.down();
			conversations.forEach(({ down }) => down());
		},
		error: (error) => report(error, 'token'),
	});

	const outbox = createOutbox(clock, ({ room, ref, text }) => connection.publish(topicOf(room), encode('message', { text, ref }), 1,
		() => conversations.get(room)?.event({ event: 'error', code: 'forbidden', reason: 'the broker refused it', ref })));

	const lobby = createLobby({
		clock,
		me,
		join: () => connection.subscribe(lobbyTopic()),
		emit,
		conversations,
		reported() {
			counted = true;
			connecting.open();
		},
		report,
	});

	/**
	 * @param {string} topic
	 * @param {import('./protocol.js').ChatEvent} event
	 */
	const happened = (topic, event) => {
		const conversation = conversationOn(topic);
		conversation?.event(event);
		if (conversation && event.event === 'message') {
			const { event: _, ...message } = event;
			const { id, name } = conversation.room.peer;
			// For who is there for pending messages alone, to the application the room is closed.
			lobby.heard(id, { event: 'notification', chat: topic, name: name ?? '', message });
		}
	};

	/** @param {() => unknown} step of the store, which others may have written */
	const attempt = async (step) => {
		try {
			await step();
		} catch (error) {
			report(error, 'store');
		}
	};

	const conversationWith = (/** @type {string} */ peer) => {
		const conversation = conversations.get(peer) ?? createConversation(peer, {
			clock,
			outbox,
			report,
			visible: environment.visible,
			me,
			publish: (payload, qos) => connection.publish(topicOf(peer), payload, qos),
			// Before we know who we are, `load` does it for all who need it.
			join: () => credentials.id() && connection.subscribe(topicOf(peer)),
			leave: () => connection.unsubscribe(topicOf(peer)),
			keep: (record) => credentials.id() && attempt(() => store.put(me(), record)),
			drop: (ref) => attempt(() => store.remove(me(), ref)),
		});
		conversations.set(peer, conversation);
		return conversation;
	};

	/** We know who we are: takes up what an earlier page has left, and wants to hear of everything. */
	const load = async () => {
		/** @type {import('./api.js').PendingRecord[]} */
		let records = [];
		try {
			records = await store.load(me());
		} catch (error) {
			report(error, 'store');
			store = memoryStore();
		}
		connection.subscribe(lobbyTopic());
		for (const peer of new Set([...records.map((record) => record.peer), ...conversations.keys()])) {
			const conversation = conversationWith(String(peer));
			conversation.restore(records.filter((record) => record.peer === peer));
			if (conversation.needed()) {
				connection.subscribe(topicOf(String(peer)));
			}
		}
	};

	return {
		on,
		get id() {
			return credentials.id();
		},
		get name() {
			return credentials.name();
		},
		get state() {
			return connection.state();
		},
		get unread() {
			return lobby.unread();
		},
		async connect() {
			if (/idle|closed|unauthorized/.test(connection.state())) {
				sleep ??= environment.onWake(() => {
					connection.wake();
					conversations.forEach(({ wake }) => wake());
				});
				connection.start();
			}
			await (counted || connecting.wait());
		},
		with(peer) {
			if (!isUserId(peer) || peer === credentials.id()) {
				throw new TypeError(`${peer} is no other user's id`);
			}
			return conversationWith(peer).room;
		},
		async close() {
			sleep?.();
			sleep = null;
			const stopped = connection.stop();
			conversations.forEach(({ forget, needed }, peer) => {
				forget();
				if (!needed()) {
					connection.unsubscribe(topicOf(String(peer)));
				}
			});
			connecting.fail(new ChatError('closed', 'the chat was closed'));
			await stopped;
			await attempt(store.close);
		},
	};
}

/** @param {import('./api.js').ChatOptions} options */
function checkOptions({ url, id, token, getToken }) {
	const fault = !/^(ws|mqtt)s?:/.test(url) ? 'url' : id !== undefined && !isUserId(id) ? 'id' : !token && !getToken && 'token';
	if (fault) {
		throw new TypeError(`createChat: ${fault} is missing or malformed`);
	}
}
