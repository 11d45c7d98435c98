// What arrives in one chat: messages, pages of them, changes, and how far the two have read.

import { LONGEST_GAP } from './merge.js';

/**
 * @typedef {import('./protocol.js').WireMessage} WireMessage
 *
 * @typedef {object} ArrivalsPorts
 * @property {string} id the peer's
 * @property {() => string} me
 * @property {ReturnType<typeof import('./peer.js').createPeer>} peer
 * @property {ReturnType<typeof import('./attendance.js').createAttendance>} attendance
 * @property {import('./messages.js').Messages} messages
 * @property {ReturnType<typeof import('./marks.js').createReadMarks>} marks
 * @property {ReturnType<typeof import('./catchup.js').createCatchUp>} catchUp
 * @property {import('./changes.js').Changes} changes
 * @property {() => void} fill fetches what is missing
 * @property {() => void} join subscribes once more
 * @property {import('./emitter.js').Emitter<import('./api.js').RoomEvents>['emit']} emit
 */

/** @param {ArrivalsPorts} ports */
export function createArrivals({ id, me, peer, attendance, messages, marks, catchUp, changes, fill, join, emit }) {
	/** Of the database that we have messages of. @type {string | null} */
	let epoch = null;
	/** What we had was of another one. */
	let dropped = false;

	/** @param {import('./api.js').Message[]} those that have taken their places */
	const released = (those) => {
		messages.dirty();
		if (those.some(({ mine }) => !mine)) {
			peer.typing(false);
		}
		if (attendance.isOpen()) {
			messages.show(those);
		}
		fill();
	};

	/**
	 * @param {WireMessage[]} wires stored messages, in whatever order
	 * @param {number} [after] they are all that is left behind this one
	 */
	const take = (wires, after) => {
		const those = wires.map(messages.adopt);
		if (attendance.wanted()) {
			released(after === undefined ? messages.timeline.add(those) : messages.timeline.addPage(those, after));
		}
	};

	/**
	 * @param {string} user_id who has read
	 * @param {number} seq up to where
	 */
	const read = (user_id, seq) => {
		const own = user_id === me();
		if ((own || user_id === id) && seq > (own ? marks.confirmed() : peer.readSeq())) {
			(own ? marks.confirm : peer.read)(seq);
			messages.ticked();
			emit('read', { user_id, seq });
		}
	};

	/** Nothing that is stored here is true any more. */
	const forget = () => {
		messages.clear();
		catchUp.clear();
	};

	/**
	 * The database may have gone back in time: what we have of it is dropped.
	 * @param {string} [now]
	 * @returns {boolean} whether that is so
	 */
	const isOther = (now = epoch ?? undefined) => {
		const other = epoch !== null && now !== epoch;
		epoch = now ?? null;
		if (other) {
			dropped = true;
			forget();
			marks.reset();
			peer.read(0);
		}
		return other;
	};

	const reads = (/** @type {import('./protocol.js').HistoryEvent} */ event) =>
		Object.entries(event.read).forEach(([user_id, seq]) => read(user_id, seq));

	/** The page that a subscription is owed. @param {import('./protocol.js').HistoryEvent} event */
	const newest = (event) => {
		if (catchUp.distance(event.change) > LONGEST_GAP) {
			dropped = true;
			forget();
		}
		const page = messages.timeline.newest(event.messages.map(messages.adopt), event.more);
		catchUp.page(event.change);
		if (page.reset || dropped) {
			dropped = false;
			messages.dirty();
			messages.know(messages.timeline.items());
			emit('reset', undefined);
		}
		released(page.released);
	};

	return {
		take,
		released,
		read,
		forget,
		/** @param {import('./protocol.js').ChangedEvent} event */
		changed(event) {
			if (event.by === me() && event.ref !== undefined) {
				changes.heard(event.ref);
			}
			messages.revise(event.message);
			catchUp.changed(event.change);
		},
		/**
		 * A page that was asked for is about to be taken.
		 * @param {import('./protocol.js').HistoryEvent | import('./protocol.js').ChangesEvent} event
		 */
		answered(event) {
			if (isOther(event.epoch)) {
				join();
			} else if (event.event === 'history') {
				reads(event);
				catchUp.page(event.change);
			}
		},
		/** @param {import('./protocol.js').HistoryEvent} event which nobody has asked for */
		page(event) {
			isOther(event.epoch);
			reads(event);
			(attendance.wanted() ? newest(event) : take(event.messages));
			attendance.tell('history');
		},
	};
}
