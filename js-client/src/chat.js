// A user's chats: the connection, the lobby, and a conversation for each peer.

import { systemClock } from './clock.js';
import { createConnection } from './connection.js';
import { createConversations } from './conversations.js';
import { createCredentials } from './credentials.js';
import { createEmitter } from './emitter.js';
import { absoluteUrl, pageEnvironment } from './environment.js';
import { ChatError, UnauthorizedError } from './errors.js';
import { createKeeper } from './keeper.js';
import { createLobby } from './lobby.js';
import { createGate } from './promise.js';
import { decode } from './protocol.js';
import { defaultStore } from './store.js';
import { isUserId, lobbyOf } from './topic.js';

/**
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
export function createChat(options, { environment = pageEnvironment(), ...surroundings } = {}) {
	/** @type {import('./emitter.js').Emitter<import('./api.js').ChatEvents>} */
	const { on, emit } = createEmitter();
	const { credentials, connection, conversations, lobby, connecting, keeper } = createParts(checked(options), environment, surroundings, emit);
	/** @type {(() => void) | null} */
	let sleep = null;

	/** @param {string} peer */
	const otherUser = (peer) => {
		if (!isUserId(peer) || peer === credentials.id()) {
			throw new TypeError(`${peer} is no other user's id`);
		}
		return peer;
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
		get chats() {
			return lobby.chats();
		},
		moreChats: lobby.moreChats,
		mute: async (peer, on = true) => void await lobby.mute(otherUser(peer), on),
		block: async (peer, on = true) => void await lobby.block(otherUser(peer), on),
		async connect({ token } = {}) {
			if (token !== undefined && !credentials.offer(token)) {
				throw new TypeError('connect: the token is none of this user\'s');
			}
			if (/idle|closed|unauthorized/.test(connection.state())) {
				sleep ??= environment.onWake(() => {
					connection.wake();
					conversations.each(({ wake }) => wake());
				});
				connection.start();
			} else if (token !== undefined) {
				connection.offered();
			}
			await (lobby.counted() || connecting.wait());
		},
		with: (peer) => conversations.with(otherUser(peer)).room,
		async close() {
			sleep?.();
			sleep = null;
			const stopped = connection.stop();
			conversations.forget();
			const error = new ChatError('closed', 'the chat was closed');
			lobby.giveUp(error);
			connecting.fail(error);
			await stopped;
			await keeper.close();
		},
	};
}

/**
 * What a chat is made of.
 * @param {import('./api.js').ChatOptions} options
 * @param {import('./environment.js').Environment} environment
 * @param {Omit<Surroundings, 'environment'>} surroundings
 * @param {import('./emitter.js').Emitter<import('./api.js').ChatEvents>['emit']} emit
 */
function createParts(options, { visible }, { clock = systemClock, openLink, random }, emit) {
	const report = (/** @type {any} */ error, code = 'internal') => {
		const known = error instanceof ChatError ? error : new ChatError(code, String(error?.message ?? error));
		if (!/closed|unauthorized/.test(known.code)) {
			emit('error', known);
		}
	};
	const credentials = createCredentials(options, clock);
	const me = () => credentials.id() ?? '';
	const topic = () => lobbyOf(me());
	const connecting = createGate();
	const keeper = createKeeper(options.store ?? defaultStore(), me, clock, report);
	/** What an earlier page has left is taken up. @type {Promise<void> | null} */
	let loaded = null;
	const load = async () => {
		const records = await keeper.load();
		connection.subscribe(topic());
		conversations.restore(records);
	};

	const connection = createConnection({ url: options.url, credentials, clock, openLink, random }, {
		state(state) {
			if (state === 'unauthorized') {
				const error = new UnauthorizedError();
				conversations.each(({ giveUp }) => giveUp(error));
				lobby.giveUp(error);
				connecting.fail(error);
			}
			emit('state', state);
		},
		login: () => (loaded ??= load()),
		subscribing: (to) => (to === topic() ? lobby : conversations.on(to))?.subscribing(),
		subscribed: (to, granted) => (to === topic() ? lobby : conversations.on(to))?.subscribed(granted),
		arrived(from, payload) {
			const event = decode(payload);
			if (event && from === topic()) {
				lobby.event(event);
			} else if (event) {
				conversations.on(from)?.event(event);
				lobby.overheard(from, event);
			}
		},
		down() {
			lobby.down();
			conversations.each(({ down }) => down());
		},
		error: (error) => report(error, 'token'),
	});
	const conversations = createConversations({ clock, visible, id: credentials.id, connection, keeper, left: (peer) => lobby.left(peer), report });
	const lobby = createLobby({
		clock, me, emit, conversations, report,
		join: () => connection.subscribe(topic()),
		publish: (payload) => connection.publish(topic(), payload),
		reported: connecting.open,
	});
	return { credentials, connection, conversations, lobby, connecting, keeper };
}

/**
 * @param {import('./api.js').ChatOptions} options
 * @returns {import('./api.js').ChatOptions} with a whole url
 */
function checked(options) {
	const { url, id, token, getToken } = options;
	let whole = '';
	try {
		whole = absoluteUrl(url);
	} catch {
		// It is malformed.
	}
	const fault = !/^(ws|mqtt)s?:/.test(whole) ? 'url' : id !== undefined && !isUserId(id) ? 'id' : !token && !getToken && 'token';
	if (fault) {
		throw new TypeError(`createChat: ${fault} is missing or malformed`);
	}
	return { ...options, url: whole };
}
