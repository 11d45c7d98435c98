// The chat with one user: its parts, and what its surroundings tell it.

import { createArrivals } from './arrivals.js';
import { createAttendance } from './attendance.js';
import { createCatchUp } from './catchup.js';
import { createChanges } from './changes.js';
import { createEmitter } from './emitter.js';
import { ChatError } from './errors.js';
import { createEvents } from './events.js';
import { createReadMarks } from './marks.js';
import { createMessages } from './messages.js';
import { createPages } from './pages.js';
import { createPeer } from './peer.js';
import { createPending } from './pending.js';
import { encode } from './protocol.js';
import { createRequests } from './requests.js';
import { createRoom } from './room.js';
import { createTypingSender } from './typing.js';

/**
 * @typedef {object} Ports what a conversation needs of its surroundings
 * @property {import('./clock.js').Clock} clock
 * @property {() => boolean} visible
 * @property {() => string} me
 * @property {import('./outbox.js').Outbox} outbox
 * @property {(payload: string, qos?: 0 | 1) => boolean} publish
 * @property {() => void} join subscribes, or does so again
 * @property {() => Promise<void>} leave
 * @property {(record: Omit<import('./api.js').PendingRecord, 'order'>) => void} keep
 * @property {(ref: string) => void} drop
 * @property {(error: unknown) => void} report
 *
 * @typedef {ReturnType<typeof createParts>} Parts
 * @typedef {ReturnType<typeof createConversation>} Conversation
 */

/**
 * @param {string} id the peer's
 * @param {Ports} ports
 */
export function createConversation(id, ports) {
	const { outbox, report } = ports;
	/** @type {import('./emitter.js').Emitter<import('./api.js').RoomEvents>} */
	const { on, emit } = createEmitter();
	const parts = createParts(id, ports, emit, () => attendance.joined() && !attendance.needed() && part());
	const { peer, attendance, messages, pending, changes, requests, marks, typist, arrivals } = parts;
	const events = createEvents(parts, id, emit, report);

	const part = async () => {
		attendance.left();
		marks.forget();
		outbox.left(id);
		await ports.leave();
	};
	/** @param {ChatError} error for whoever waits for something */
	const giveUp = (error) => {
		attendance.fail(error);
		requests.cancel(error);
	};
	/** The application does not want to be here any more. */
	const forget = () => {
		const error = new ChatError('closed', 'the room was closed');
		attendance.forget(error);
		requests.cancel(error);
		arrivals.forget();
		peer.forget();
		typist.over();
	};

	return {
		room: createRoom(parts, on, events.closed, async () => {
			forget();
			await (attendance.needed() || part());
		}),
		needed: attendance.needed,
		/** Whether the application is here. */
		wanted: attendance.wanted,
		marked: arrivals.read,
		giveUp,
		forget,
		/** @param {import('./api.js').PendingRecord[]} records of an earlier page, in their order */
		restore(records) {
			pending.restore(records.filter(({ change }) => !change));
			changes.restore(records.filter(({ change }) => change));
		},
		/** Somebody looks at the page again. */
		wake: marks.flush,
		/** A subscription is on its way. */
		subscribing() {
			messages.timeline.joining();
			attendance.subscribing();
		},
		/** @param {boolean} granted */
		subscribed(granted) {
			if (granted) {
				attendance.subscribed();
				marks.forget();
				marks.flush();
				requests.again();
				outbox.ready(id);
			} else {
				events.forbidden();
			}
		},
		down() {
			attendance.left();
			marks.forget();
			typist.over();
			peer.typing(false);
			outbox.left(id);
		},
		/**
		 * A message of this chat that came by way of the lobby.
		 * @param {import('./protocol.js').NotificationEvent} event
		 */
		notified({ message, name }) {
			if (message.user_id === id) {
				peer.met(name);
			}
			arrivals.take([message]);
		},
		/** @param {import('./protocol.js').ChatEvent} event */
		event: (event) => events.handlers[event.event]?.(/** @type {any} */ (event)),
	};
}

/**
 * What a conversation is made of.
 * @param {string} id
 * @param {Ports} ports
 * @param {import('./emitter.js').Emitter<import('./api.js').RoomEvents>['emit']} emit
 * @param {() => void} unsent a message or a change is not pending any more, or fails
 */
function createParts(id, { clock, me, visible, publish, join, outbox, keep, drop, report }, emit, unsent) {
	const say = (/** @type {string} */ payload, /** @type {0 | 1} */ qos = 1) => attendance.joined() && publish(payload, qos);
	const marks = createReadMarks(clock, visible, (seq) => say(encode('read', { seq })));
	const typist = createTypingSender(clock, (typing) => say(encode('typing', { on: typing }), 0));
	const peer = createPeer(id, clock, emit);
	const pending = createPending(id, {
		me, outbox, keep, drop,
		added: (message) => messages.show([message]),
		changed(message) {
			messages.update([message]);
			// A room that was kept for its pending messages alone is left with the last of them.
			unsent();
		},
	});
	const changes = createChanges(id, {
		me, outbox, keep, drop, report,
		changed: (seq) => messages.rerender(seq),
		settled: unsent,
	});
	const messages = createMessages({ me, peerRead: peer.readSeq, ownRead: marks.confirmed, pending, changes, emit });
	const attendance = createAttendance(clock, {
		join,
		pending: () => pending.waiting() || changes.waiting(),
		opened: () => messages.know(messages.list()),
	});
	const requests = createRequests(clock, (members) => say(encode('history', members)));
	const catchUp = createCatchUp(requests.ask, (wires) => wires.forEach(messages.revise), report);
	const arrivals = createArrivals({ id, me, peer, attendance, messages, marks, catchUp, changes, join, emit, fill: () => pages.fill() });
	const pages = createPages({ requests, messages, arrivals, report });
	return { peer, attendance, messages, pending, changes, requests, pages, marks, typist, arrivals };
}
