// The messages of one chat as the application sees them: stored ones by seq, then pending ones.

import { createTimeline } from './merge.js';
import { storedMessage } from './message.js';
import { versionOf } from './version.js';

/**
 * @typedef {import('./api.js').Message} Message
 * @typedef {import('./protocol.js').WireMessage} WireMessage
 *
 * @typedef {object} MessagesPorts
 * @property {() => string} me
 * @property {() => number} peerRead up to where the peer has read
 * @property {() => number} ownRead up to where this user has
 * @property {Pick<import('./pending.js').Pending, 'messages' | 'stored'>} pending
 * @property {Pick<import('./changes.js').Changes, 'shown' | 'touches'>} changes
 * @property {(name: 'message' | 'update', message: Message) => void} emit
 *
 * @typedef {ReturnType<typeof createMessages>} Messages
 */

/** @param {MessagesPorts} ports */
export function createMessages({ me, peerRead, ownRead, pending, changes, emit }) {
	const timeline = /** @type {ReturnType<typeof createTimeline<Message>>} */ (createTimeline());
	/** Messages that the application has been told of. @type {WeakSet<Message>} */
	const shown = new WeakSet();
	/** The version that is stored, where what is shown may be another. @type {WeakMap<Message, import('./version.js').Version>} */
	const stored = new WeakMap();
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

	/** Shows the stored version, with what is being changed. @param {Message} message */
	const render = (message) => {
		const version = stored.get(message);
		if (version) {
			Object.assign(message, changes.shown(message.seq, version), { changing: changes.touches(message.seq) });
		}
	};
	/**
	 * @param {Message} message
	 * @param {WireMessage} wire
	 * @returns {boolean} whether it is another version than before, and no older one
	 */
	const revise = (message, wire) => {
		const version = versionOf(wire);
		const before = stored.get(message)?.change ?? -1;
		if (version.change >= before) {
			stored.set(message, version);
		}
		render(message);
		return version.change > before && before >= 0;
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
			const message = pending.stored(wire) ?? (known?.user_id === wire.user_id ? known : storedMessage(wire, me()));
			message.status = statusOf(message);
			if (revise(message, wire) && message === known && shown.has(message)) {
				update([message]);
			}
			return message;
		},
		/** A stored message has changed. @param {WireMessage} wire */
		revise(wire) {
			const message = timeline.find(wire.seq);
			if (message) {
				revise(message, wire);
				update(shown.has(message) ? [message] : []);
			}
		},
		/** An own change of it has begun or ended. @param {number} seq */
		rerender(seq) {
			const message = timeline.find(seq);
			if (message) {
				render(message);
				update(shown.has(message) ? [message] : []);
			}
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
		/** The newest message of the peer's that is here; 0: there is none. @param {number} [upTo] of those up to this one */
		newestOfPeer(upTo = Infinity) {
			const items = timeline.items();
			let at = items.length - 1;
			while (at >= 0 && (items[at].mine || Number(items[at].seq) > upTo)) {
				at--;
			}
			return Number(items[at]?.seq ?? 0);
		},
		clear() {
			timeline.clear();
			dirty();
		},
	};
}
