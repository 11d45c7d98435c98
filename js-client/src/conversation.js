// The chat with one user: what happens in it, and the room that the application gets for it.

import { createAlarm } from './clock.js';
import { createEmitter } from './emitter.js';
import { ChatError, errorOf, isFinal } from './errors.js';
import { createReadMarks } from './marks.js';
import { createTimeline } from './merge.js';
import { storedMessage } from './message.js';
import { createPending } from './pending.js';
import { presenceOf } from './presence.js';
import { createGate } from './promise.js';
import { encode, LONGEST_PAGE, PATIENCE, patience, RETRY } from './protocol.js';
import { createRequests } from './requests.js';
import { createTypingReceiver, createTypingSender } from './typing.js';

/** How many messages `older()` asks for when nobody says. */
const PAGE = 50;

/**
 * @typedef {import('./api.js').Message} Message
 * @typedef {import('./protocol.js').WireMessage} WireMessage
 *
 * @typedef {object} Ports what a conversation needs of its surroundings
 * @property {import('./clock.js').Clock} clock
 * @property {() => boolean} visible
 * @property {() => string} me
 * @property {import('./outbox.js').Outbox} outbox
 * @property {(payload: string, qos?: 0 | 1) => boolean} publish
 * @property {() => void} join subscribes, or does so again
 * @property {() => Promise<void>} leave
 * @property {(record: import('./api.js').PendingRecord) => void} keep
 * @property {(ref: string) => void} drop
 * @property {(error: unknown) => void} report
 *
 * @typedef {ReturnType<typeof createConversation>} Conversation
 */

/**
 * @param {string} id the peer's
 * @param {Ports} ports
 */
export function createConversation(id, { clock, visible, me, outbox, publish, join, leave, keep, drop, report }) {
	/** @type {import('./emitter.js').Emitter<import('./api.js').RoomEvents>} */
	const { on, emit } = createEmitter();
	const timeline = /** @type {ReturnType<typeof createTimeline<Message>>} */ (createTimeline());
	/** Messages that the application has been told of. @type {WeakSet<Message>} */
	const shown = new WeakSet();
	/** `messages`, as long as nothing changes. @type {Message[] | null} */
	let listed = null;
	/** @type {string | null} */
	let name = null;
	let present = false;
	let peerRead = 0;
	/** The application wants to be here. */
	let wanted = false;
	/** We hear what is said here. */
	let joined = false;
	let hasHistory = false;
	let hasPresence = false;
	const opening = createGate();
	let filling = false;
	/** @type {Promise<{ messages: Message[], more: boolean }> | null} */
	let olderPage = null;

	const say = (/** @type {string} */ payload, /** @type {0 | 1} */ qos = 1) => joined && publish(payload, qos);
	const typist = createTypingSender(clock, (typing) => say(encode('typing', { on: typing }), 0));
	const typing = createTypingReceiver(clock, () => emit('typing', peer()));
	const marks = createReadMarks(clock, visible, (seq) => say(encode('read', { seq })));
	const requests = createRequests(clock, (members) => say(encode('history', members)));
	const pending = createPending(id, { me, outbox, keep, drop, added: (message) => show([message]), changed: (message) => changed([message]) });
	/** Armed while a subscription's answer is owed; then we subscribe again. */
	const owed = createAlarm(clock);

	const peer = () => ({ id, name, present, typing: typing.on(), readSeq: peerRead });
	const needed = () => wanted || pending.waiting();
	const opened = () => wanted && hasHistory && hasPresence && !opening.busy();
	const again = () => needed() && join();

	// ---- Messages

	const messages = () => {
		// Own ones that are stored, but behind a hole: the application has them already.
		listed ??= [...timeline.items(), ...timeline.held().filter((message) => shown.has(message)), ...pending.messages()];
		return listed;
	};

	const know = (/** @type {Message[]} */ those) => those.forEach((message) => shown.add(message));

	/** @param {Message[]} those that are or are not new to the application */
	const show = (those) => {
		listed = null;
		for (const message of those.filter((it) => !shown.has(it))) {
			shown.add(message);
			emit('message', message);
		}
	};

	/** @param {Message[]} those */
	const changed = (those) => {
		listed = null;
		those.forEach((message) => emit('update', message));
		// A room that was kept for its pending messages alone is left with the last of them.
		if (joined && !needed()) {
			part();
		}
	};

	/** @param {Message} message */
	const statusOf = ({ mine, seq }) => (Number(seq) <= (mine ? peerRead : marks.confirmed()) ? 'read' : 'sent');

	/**
	 * The object for a stored message: the pending one that it was, the one that we have, or a new one.
	 * @param {WireMessage} wire
	 * @returns {Message}
	 */
	const adopt = (wire) => {
		const known = timeline.find(wire.seq);
		const message = pending.stored(wire)
			?? (known?.user_id === wire.user_id && known.text === wire.text ? known : storedMessage(wire, me()));
		message.status = statusOf(message);
		return message;
	};

	/** @param {Message[]} those that have taken their places */
	const released = (those) => {
		listed = null;
		if (those.some(({ mine }) => !mine)) {
			typing.set(false);
		}
		if (opened()) {
			show(those);
		}
		fill();
	};

	/** @param {WireMessage[]} wires */
	const take = (wires) => {
		const those = wires.map(adopt);
		if (wanted) {
			released(timeline.add(those));
		}
	};

	/** Fetches what is missing, if anything is. */
	const fill = async () => {
		if (filling) {
			return;
		}
		filling = true;
		try {
			for (let after; (after = timeline.gap()) !== null;) {
				const page = await requests.ask({ after, limit: LONGEST_PAGE });
				take(page.messages);
				if (page.messages.length === 0 && timeline.gap() === after) {
					released(timeline.skip());
				}
			}
		} catch (error) {
			report(error);
		}
		filling = false;
	};

	/** @param {number} limit */
	const fetchOlder = async (limit) => {
		await open();
		for (;;) {
			const before = timeline.items()[0]?.seq;
			if (!before || !timeline.more()) {
				return { messages: [], more: false };
			}
			const page = await requests.ask({ before, limit });
			/** @type {Message[]} */
			const those = page.messages.map(adopt);
			if (timeline.older(those, page.more)) {
				know(those);
				listed = null;
				return { messages: those, more: page.more };
			}
		}
	};

	/** @param {import('./protocol.js').HistoryEvent} event */
	const history = (event) => {
		for (const [user_id, seq] of Object.entries(event.read)) {
			marked(user_id, seq);
		}
		if (event.ref !== undefined) {
			requests.answer(event);
		} else if (wanted) {
			const page = timeline.newest(event.messages.map(adopt), event.more);
			hasHistory = true;
			if (page.reset) {
				listed = null;
				know(timeline.items());
				emit('reset', undefined);
			}
			released(page.released);
			arrived();
		} else {
			take(event.messages);
			owed.clear();
		}
	};

	/**
	 * @param {string} user_id who has read
	 * @param {number} seq up to where
	 */
	const marked = (user_id, seq) => {
		const own = user_id === me();
		if ((own || user_id === id) && seq > (own ? marks.confirmed() : peerRead)) {
			peerRead = own ? peerRead : seq;
			marks.confirm(own ? seq : 0);
			const read = timeline.items().filter((it) => it.status === 'sent' && statusOf(it) === 'read');
			read.forEach((message) => {
				message.status = 'read';
			});
			changed(read);
			emit('read', { user_id, seq });
		}
	};

	// ---- Coming and going

	/** @returns {Promise<void>} */
	const open = async () => {
		wanted = true;
		if (!opened()) {
			if (!opening.busy()) {
				join();
			}
			await opening.wait();
		}
	};

	/** A part of what a subscription is owed is here. */
	const arrived = () => {
		if (hasHistory && hasPresence) {
			owed.clear();
			if (opening.busy()) {
				know(messages());
				opening.open();
			}
		}
	};

	/** @param {ChatError} error for whoever waits for something */
	const giveUp = (error) => {
		owed.clear();
		requests.cancel(error);
		opening.fail(error);
	};

	/** The application does not want to be here any more. */
	const forget = () => {
		wanted = hasHistory = hasPresence = present = false;
		giveUp(new ChatError('closed', 'the room was closed'));
		timeline.clear();
		typing.set(false);
		typist.over();
		listed = null;
	};

	const part = async () => {
		joined = false;
		owed.clear();
		marks.forget();
		outbox.left(id);
		await leave();
	};

	/**
	 * @param {string | undefined} heard the peer's name
	 * @param {boolean} [here]
	 */
	const met = (heard, here = present) => {
		const before = [name, present];
		name = heard ?? name;
		present = here;
		if (!present) {
			typing.set(false);
		}
		if (before[0] !== name || before[1] !== present) {
			emit('presence', peer());
		}
	};

	/** @param {import('./protocol.js').PresenceStateEvent | import('./protocol.js').PresenceDiffEvent} event */
	const presence = (event) => {
		const news = presenceOf(id, event);
		hasPresence ||= wanted && event.event === 'presence_state';
		if (news) {
			met(news.name, news.present);
		}
		arrived();
	};

	/** @param {string} [reason] */
	const forbidden = (reason) => {
		const error = new ChatError('forbidden', reason);
		giveUp(error);
		pending.failAll(error);
	};

	/** @param {import('./protocol.js').ErrorEvent} event */
	const refused = (event) => {
		const { ref, code, retry_ms = RETRY } = event;
		if (ref !== undefined) {
			if (!pending.refused(event)) {
				requests.refuse(event);
			}
		} else if (code === 'forbidden') {
			forbidden(event.reason);
		} else if (isFinal(code)) {
			report(errorOf(event));
		} else {
			// It does not say what it is about: the answer to a subscription, or a read mark.
			if (owed.armed()) {
				owed.set(patience(event), again);
				report(errorOf(event));
			}
			marks.refused(retry_ms);
		}
	};

	/** By event. */
	const handlers = {
		message: (/** @type {WireMessage} */ event) => take([event]),
		history,
		read: (/** @type {import('./protocol.js').ReadEvent} */ event) => marked(event.user_id, event.seq),
		typing: (/** @type {import('./protocol.js').TypingEvent} */ event) => event.user_id === id && typing.set(event.on),
		presence_state: presence,
		presence_diff: presence,
		error: refused,
	};

	/** @type {import('./api.js').Room} */
	const room = {
		get peer() {
			return peer();
		},
		get messages() {
			return messages();
		},
		get more() {
			return timeline.more();
		},
		get readSeq() {
			return marks.confirmed();
		},
		on,
		open,
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
		older({ limit = PAGE } = {}) {
			olderPage ??= fetchOlder(limit).finally(() => {
				olderPage = null;
			});
			return olderPage;
		},
		markRead() {
			marks.want(timeline.items().reduce((seq, it) => (it.mine ? seq : Number(it.seq)), 0));
		},
		typing: (typed = true) => typist.set(typed),
		async close() {
			typist.set(false);
			marks.finish();
			forget();
			if (!needed()) {
				await part();
			}
		},
	};

	return {
		room,
		needed,
		marked,
		giveUp,
		forget,
		restore: pending.restore,
		/** Whether the application is here. */
		wanted: () => wanted,
		/** Somebody looks at the page again. */
		wake: marks.flush,
		/** A subscription is on its way. */
		subscribing() {
			timeline.joining();
			owed.set(PATIENCE, again);
		},
		/** @param {boolean} granted */
		subscribed(granted) {
			if (granted) {
				joined = true;
				marks.forget();
				marks.flush();
				requests.again();
				outbox.ready(id);
			} else {
				forbidden();
			}
		},
		down() {
			joined = false;
			owed.clear();
			marks.forget();
			typist.over();
			typing.set(false);
			outbox.left(id);
		},
		/**
		 * A message of this chat that came by way of the lobby.
		 * @param {import('./protocol.js').NotificationEvent} event
		 */
		notified({ message, name: sender }) {
			if (message.user_id === id) {
				met(sender);
			}
			take([message]);
		},
		/** @param {import('./protocol.js').ChatEvent} event */
		event: (event) => handlers[event.event]?.(/** @type {any} */ (event)),
	};
}
