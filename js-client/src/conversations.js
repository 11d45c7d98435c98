// A user's conversations, one for each peer, and what reaches them.

import { createConversation } from './conversation.js';
import { createOutbox } from './outbox.js';
import { encode } from './protocol.js';
import { chatOf, peerOf } from './topic.js';

/**
 * @typedef {import('./conversation.js').Conversation} Conversation
 *
 * @typedef {object} ConversationsPorts
 * @property {import('./clock.js').Clock} clock
 * @property {() => boolean} visible
 * @property {() => string | null} id this user's, once it is known
 * @property {Pick<ReturnType<typeof import('./connection.js').createConnection>, 'publish' | 'subscribe' | 'unsubscribe'>} connection
 * @property {Pick<ReturnType<typeof import('./keeper.js').createKeeper>, 'keep' | 'drop'>} keeper
 * @property {(peer: string) => void} left that chat
 * @property {(error: unknown) => void} report
 */

/** @param {ConversationsPorts} ports */
export function createConversations({ clock, visible, id, connection, keeper, left, report }) {
	/** By peer. @type {Map<string, Conversation>} */
	const all = new Map();
	const me = () => id() ?? '';
	const topicOf = (/** @type {string} */ peer) => chatOf(me(), peer);
	const outbox = createOutbox(clock, ({ room, ref, event, members }) => connection.publish(topicOf(room), encode(event, { ...members, ref }), 1,
		() => all.get(room)?.event({ event: 'error', code: 'forbidden', reason: 'the broker refused it', ref })));

	/** @param {string} peer */
	const create = (peer) => createConversation(peer, {
		clock,
		outbox,
		report,
		visible,
		me,
		publish: (payload, qos) => connection.publish(topicOf(peer), payload, qos),
		// Before we know who we are, `restore` does these for all who need it.
		join: () => id() && connection.subscribe(topicOf(peer)),
		keep: (record) => id() && keeper.keep(record),
		leave() {
			left(peer);
			return connection.unsubscribe(topicOf(peer));
		},
		drop: keeper.drop,
	});
	/** @param {string} peer */
	const conversationWith = (peer) => {
		const conversation = all.get(peer) ?? create(peer);
		all.set(peer, conversation);
		return conversation;
	};
	return {
		with: conversationWith,
		/** @param {string} peer */
		get: (peer) => all.get(peer),
		/** @param {string} topic a chat's */
		on: (topic) => all.get(peerOf(topic, me())),
		/** @param {(conversation: Conversation) => void} tell */
		each: (tell) => all.forEach(tell),
		/**
		 * We know who we are: takes up what an earlier page has left.
		 * @param {import('./api.js').PendingRecord[]} records in the order of sending
		 */
		restore(records) {
			for (const peer of new Set([...records.map((record) => String(record.peer)), ...all.keys()])) {
				const conversation = conversationWith(peer);
				conversation.restore(records.filter((record) => record.peer === peer));
				if (conversation.needed()) {
					connection.subscribe(topicOf(peer));
				}
			}
		},
		/** Closes all rooms; what is pending stays. */
		forget() {
			all.forEach(({ forget, needed }, peer) => {
				forget();
				if (!needed()) {
					connection.unsubscribe(topicOf(peer));
				}
			});
		},
	};
}
