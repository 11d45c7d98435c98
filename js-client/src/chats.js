// All chats of this user, as the application sees them, asked for one page after the other.

import { createInbox } from './inbox.js';

/** Chats in one page. */
const PAGE = 50;
const LONGEST_PAGE = 100;

/**
 * @param {() => string} me
 * @param {(members: object) => Promise<import('./protocol.js').ChatsEvent>} ask
 * @param {import('./emitter.js').Emitter<import('./api.js').ChatEvents>['emit']} emit
 * @param {(error: unknown) => void} report
 */
export function createChats(me, ask, emit, report) {
	const inbox = createInbox(me);
	/** @type {import('./api.js').InboxChat[]} */
	let view = [];
	/** What was asked last: each waits for the one before it. @type {Promise<unknown>} */
	let turn = Promise.resolve();

	const note = (/** @type {boolean} */ news) => {
		if (news) {
			view = inbox.list();
			emit('chats', view);
		}
	};
	/** @template T @param {() => Promise<T>} step @returns {Promise<T>} */
	const inTurn = (step) => {
		const done = turn.then(step);
		turn = done.catch(() => {});
		return done;
	};
	/** @param {number} limit @param {boolean} [first] */
	const load = async (limit, first) => {
		const from = first ? {} : inbox.next();
		if (!from) {
			return { chats: [], more: false };
		}
		const event = await ask({ event: 'chats', limit, ...from });
		const chats = inbox.page(event, first);
		note(true);
		return { chats, more: inbox.next() !== null };
	};
	return {
		inbox,
		view: () => view,
		/** @param {boolean} news something of the inbox has changed */
		note,
		more: () => inTurn(() => load(PAGE)),
		/** Something may have been missed: what is loaded is loaded anew. */
		refresh() {
			if (inbox.loaded()) {
				inTurn(async () => {
					const size = inbox.size();
					let { more } = await load(Math.min(Math.max(size, 1), LONGEST_PAGE), true);
					while (more && inbox.size() < size) {
						({ more } = await load(Math.min(size - inbox.size(), LONGEST_PAGE)));
					}
				}).catch(report);
			}
		},
	};
}
