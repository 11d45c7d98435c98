// The scene of a test file whose people use this package.

import { newIds, setStage } from '../../tests/stack/stage.js';
import { signJwt, signName } from '../../tests/stack/tokens.js';
import { PATIENCE, until, within } from '../../tests/stack/wait.js';
import { createChat } from '../src/chat.js';

export { newIds };

/** Somebody may be looking, or not. */
export function fakeEnvironment() {
	/** @type {Set<() => void>} */
	const listeners = new Set();
	let visible = true;
	return {
		visible: () => visible,
		onWake(/** @type {() => void} */ listener) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		hide() {
			visible = false;
		},
		show() {
			visible = true;
			listeners.forEach((listener) => listener());
		},
	};
}

/** @param {import('../../tests/stack/stage.js').StageOptions} [given] */
export function useStage(given = {}) {
	/** @type {Set<import('../src/api.js').Chat>} */
	const chats = new Set();
	const stage = setStage(given, {
		// A chat waits for that itself.
		meets: async () => {},
		async leave() {
			await within('all chats to close', Promise.all([...chats].map((chat) => chat.close())));
			chats.clear();
		},
	});

	const people = {
		/** @param {string} id @param {string} [name] */
		signature: (id, name = '') => signName(stage.broker.secrets[0], id, name).password,
		/** @param {string} id @param {number} [seconds] @param {object} [claims] */
		jwt(id, seconds = 3600, claims = {}) {
			const now = Math.floor(Date.now() / 1000);
			return signJwt(stage.broker.secrets[0], { sub: id, name: `Name of ${id}`, iat: now, exp: now + seconds, ...claims });
		},

		/**
		 * @param {string} id
		 * @param {Partial<import('../src/api.js').ChatOptions>} [options]
		 * @param {import('../src/chat.js').Surroundings} [surroundings]
		 */
		chat(id, options = {}, surroundings = {}) {
			const chat = createChat({ url: stage.url, token: people.jwt(id), ...options }, surroundings);
			chats.add(chat);
			return chat;
		},

		/**
		 * @param {string} id
		 * @param {Partial<import('../src/api.js').ChatOptions>} [options]
		 * @param {import('../src/chat.js').Surroundings} [surroundings]
		 */
		async online(id, options, surroundings) {
			const chat = people.chat(id, options, surroundings);
			await within(`${id} to connect`, chat.connect());
			return chat;
		},

		/**
		 * @param {string} id
		 * @param {string} peer
		 * @param {Partial<import('../src/api.js').ChatOptions>} [options]
		 * @param {import('../src/chat.js').Surroundings} [surroundings]
		 */
		async inRoom(id, peer, options, surroundings) {
			const chat = await people.online(id, options, surroundings);
			const room = chat.with(peer);
			await within(`${id} to open the chat with ${peer}`, room.open());
			return { chat, room, id };
		},

		/** Two people in their chat. */
		async couple() {
			const [a, b] = newIds(2);
			const ann = await people.inRoom(a, b);
			const bob = await people.inRoom(b, a);
			return { ann, bob };
		},

		/**
		 * Puts messages into a chat without anybody sending them.
		 * @param {string} a the smaller id, who sends them
		 * @param {string} b
		 * @param {number} count
		 */
		async insert(a, b, count) {
			const sender = await people.inRoom(a, b, {}, {});
			const sent = Array.from({ length: count }, (_, n) => sender.room.send(`text ${n + 1}`));
			await within(`${count} messages to be stored`, Promise.all(sent.map((it) => it.settled)), 60000);
			await sender.chat.close();
		},
	};
	return Object.assign(stage, people);
}

/**
 * @param {string} what
 * @param {() => unknown} check
 * @param {number} [timeout]
 */
export function eventually(what, check, timeout = PATIENCE) {
	return until(what, check, { timeout });
}

/** @typedef {ReturnType<typeof useStage>} Stage */
