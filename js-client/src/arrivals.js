// What arrives in one chat: messages, pages of them, and how far the two have read.

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
 * @property {() => void} fill fetches what is missing
 * @property {import('./emitter.js').Emitter<import('./api.js').RoomEvents>['emit']} emit
 */

/** @param {ArrivalsPorts} ports */
export function createArrivals({ id, me, peer, attendance, messages, marks, fill, emit }) {
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

	/** The page that a subscription is owed. @param {import('./protocol.js').HistoryEvent} event */
	const newest = (event) => {
		const page = messages.timeline.newest(event.messages.map(messages.adopt), event.more);
		if (page.reset) {
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
		/** @param {import('./protocol.js').HistoryEvent} event which nobody has asked for */
		page(event) {
			(attendance.wanted() ? newest(event) : take(event.messages));
			attendance.tell('history');
		},
	};
}
