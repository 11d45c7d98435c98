// What an application gets for the chat with one user.

/** How many messages `older()` asks for when nobody says. */
const PAGE = 50;

/**
 * @param {import('./conversation.js').Parts} parts
 * @param {import('./emitter.js').Emitter<import('./api.js').RoomEvents>['on']} on
 * @param {() => unknown} leave nobody wants to be here any more
 * @returns {import('./api.js').Room}
 */
export function createRoom(parts, on, leave) {
	const { peer, attendance, messages, pending, pages, marks, typist } = parts;
	const holder = {};
	const open = () => attendance.open(holder);
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
		on,
		open,
		share: () => createRoom(parts, on, leave),
		send(text) {
			const message = pending.send(text);
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
		async older({ limit = PAGE } = {}) {
			await open();
			return pages.older(limit);
		},
		markRead: () => marks.want(messages.newestOfPeer()),
		typing: (typed = true) => typist.set(typed),
		async close() {
			typist.set(false);
			marks.finish();
			await (attendance.release(holder) && leave());
		},
	};
}
