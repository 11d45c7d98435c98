// What an application gets for the chat with one user.

import { ChatError } from './errors.js';
import { faultOf, sendable, sendableData } from './protocol.js';

/** How many messages `older()` asks for when nobody says. */
const PAGE = 50;

/**
 * @param {import('./conversation.js').Parts} parts
 * @param {import('./emitter.js').Emitter<import('./api.js').RoomEvents>['on']} on
 * @param {() => boolean} closed whether the chat is
 * @param {() => unknown} leave nobody wants to be here any more
 * @returns {import('./api.js').Room}
 */
export function createRoom(parts, on, closed, leave) {
	const { peer, attendance, messages, pending, changes, pages, marks, typist } = parts;
	const holder = {};
	const open = () => attendance.open(holder);
	/** @param {import('./version.js').Change & { text?: string, data?: any, reaction?: string }} what */
	const change = (what) => {
		// What comes of it is the plugin's to judge; but a packet that is too large would end the connection.
		const fault = faultOf(what.text || what.reaction || '-', what.data);
		if (!fault) {
			open().catch(() => {});
		}
		const asked = fault ? Promise.reject(new ChatError(fault)) : changes.ask(what);
		// Nobody has to look at it.
		asked.catch(() => {});
		return asked;
	};
	return {
		get peer() {
			return peer.view();
		},
		get messages() {
			return messages.list();
		},
		get more() {
			return messages.timeline.more();
		},
		get readSeq() {
			return marks.confirmed();
		},
		get forbidden() {
			return closed();
		},
		on,
		open,
		share: () => createRoom(parts, on, closed, leave),
		send(given) {
			const message = pending.send(given);
			typist.over();
			open().catch(() => {});
			return message;
		},
		retry(ref) {
			const message = pending.retry(ref);
			if (message) {
				open().catch(() => {});
			}
			return message;
		},
		discard: pending.discard,
		edit: (seq, { text, data }) => change({
			event: 'edit', seq, ...(text !== undefined && { text: sendable(text) }), ...(data !== undefined && { data: sendableData(data) }),
		}),
		remove: (seq) => change({ event: 'delete', seq }),
		react: (seq, reaction, on = true) => change({ event: 'react', seq, reaction, on }),
		async older({ limit = PAGE } = {}) {
			await open();
			return pages.older(limit);
		},
		markRead: (upTo) => marks.want(messages.newestOfPeer(upTo)),
		typing: (typed = true) => typist.set(typed),
		async close() {
			typist.set(false);
			marks.finish();
			await (attendance.release(holder) && leave());
		},
	};
}
