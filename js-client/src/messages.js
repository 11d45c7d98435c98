// The messages of one chat as the application sees them: stored ones by seq, then pending ones.

import { createTimeline } from './merge.js';
import { storedMessage } from './message.js';

/**
 * @typedef {import('./api.js').Message} Message
 * @typedef {import('./protocol.js').WireMessage} WireMessage
 *
 * @typedef {object} MessagesPorts
 * @property {() => string} me
 * @property {() => number} peerRead up to where the peer has read
 * @property {() => number} ownRead up to where this user has
 * @property {Pick<import('./pending.js').Pending, 'messages' | 'stored'>} pending
 * @property {(name: 'message' | 'update', message: Message) => void} emit
 *
 * @typedef {ReturnType<typeof createMessages>} Messages
 */

/** @param {MessagesPorts} ports */
export function createMessages({ me, peerRead, ownRead, pending, emit }) {
	const timeline = /** @type {ReturnType<typeof createTimeline<Message>>} */ (createTimeline());
	/** Messages that the application has been told of. @type {WeakSet<Message>} */
	const shown = new WeakSet();
	/** The list, as long as nothing changes. @type {Message[] | null} */
	let listed = null;

	/** @param {Message} message @returns {'read' | 'sent'} */
	const statusOf = ({ mine, seq }) => (Number(seq) <= (mine ? peerRead() : ownRead()) ? 'read' : 'sent');
	const dirty = () => {
		listed = null;
	};
	/** @param {Message[]} those */
	const update = (those) => {
		dirty();
		those.forEach((message) => emit('update', message));
	};

	return {
		timeline,
		dirty,
		update,
		list() {
			// Own ones that are stored, but behind a hole: the application has them already.
			listed ??= [...timeline.items(), ...timeline.held().filter((message) => shown.has(message)), ...pending.messages()];
			return listed;
		},
		/**
		 * The object for a stored message: the pending one that it was, the one that we have, or a new one.
		 * @param {WireMessage} wire
		 * @returns {Message}
		 */
		adopt(wire) {
			const known = timeline.find(wire.seq);
			const message = pending.stored(wire)
				?? (known?.user_id === wire.user_id && known.text === wire.text ? known : storedMessage(wire, me()));
			message.status = statusOf(message);
			return message;
		},
		/** The application sees them without being told of each. @param {Message[]} those */
		know: (those) => those.forEach((message) => shown.add(message)),
		/** @param {Message[]} those that are or are not new to the application */
		show(those) {
			dirty();
			for (const message of those.filter((it) => !shown.has(it))) {
				shown.add(message);
				emit('message', message);
			}
		},
		/** One of the two has read further. */
		ticked() {
			const read = timeline.items().filter((it) => it.status === 'sent' && statusOf(it) === 'read');
			read.forEach((message) => {
				message.status = 'read';
			});
			update(read);
		},
		/** The newest message of the peer's that is here; 0: there is none. */
		newestOfPeer: () => timeline.items().reduce((seq, it) => (it.mine ? seq : Number(it.seq)), 0),
		clear() {
			timeline.clear();
			dirty();
		},
	};
}
