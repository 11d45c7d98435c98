// What is known of the other user of one chat.

import { createTypingReceiver } from './typing.js';

/**
 * @param {string} id
 * @param {import('./clock.js').Clock} clock
 * @param {(name: 'typing' | 'presence', peer: import('./api.js').Peer) => void} emit
 */
export function createPeer(id, clock, emit) {
	/** @type {string | null} */
	let name = null;
	let present = false;
	let online = false;
	/** @type {Date | null} */
	let seenAt = null;
	let readSeq = 0;
	const typing = createTypingReceiver(clock, () => emit('typing', view()));

	const view = () => ({ id, name, present, online, seenAt, typing: typing.on(), readSeq });
	/**
	 * @param {string | undefined} heard the name
	 * @param {boolean} [here]
	 */
	const met = (heard, here = present) => {
		const before = [name, present];
		name = heard ?? name;
		present = here;
		if (!present) {
			typing.set(false);
		}
		const news = before[0] !== name || before[1] !== present;
		if (news) {
			emit('presence', view());
		}
		return news;
	};
	return {
		/** As the application sees it now. */
		view,
		met,
		/** @param {import('./protocol.js').PresenceStateEvent | import('./protocol.js').PresenceDiffEvent} event */
		presence(event) {
			const state = event.event === 'presence_state';
			const here = state ? event.users : event.joins;
			// An id is anything that the protocol allows, `__proto__` too.
			if (Object.hasOwn(here, id)) {
				met(here[id].name, true);
			} else if (state || Object.hasOwn(event.leaves, id)) {
				met(undefined, false);
			}
		},
		/**
		 * Whether they are connected anywhere, and who they are.
		 * @param {import('./protocol.js').PeerFacts} facts
		 */
		facts({ user_id, name: heard, online: now = false, seen_at }) {
			const before = [online, Number(seenAt)];
			if (user_id === id) {
				online = now;
				seenAt = seen_at === undefined ? null : new Date(seen_at);
				const told = met(heard);
				if (!told && (before[0] !== online || before[1] !== Number(seenAt))) {
					emit('presence', view());
				}
			}
		},
		typing: typing.set,
		/** Up to which message they have read. */
		readSeq: () => readSeq,
		/** @param {number} seq */
		read(seq) {
			readSeq = seq;
		},
		/** We are not there any more to see them, or not to be told. */
		forget() {
			present = online = false;
			seenAt = null;
			typing.set(false);
		},
	};
}
