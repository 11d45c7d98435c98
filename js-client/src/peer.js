// What is known of the other user of one chat.

import { presenceOf } from './presence.js';
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
	let readSeq = 0;
	const typing = createTypingReceiver(clock, () => emit('typing', view()));

	const view = () => ({ id, name, present, typing: typing.on(), readSeq });
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
		if (before[0] !== name || before[1] !== present) {
			emit('presence', view());
		}
	};
	return {
		/** As the application sees it now. */
		view,
		met,
		/** @param {import('./protocol.js').PresenceStateEvent | import('./protocol.js').PresenceDiffEvent} event */
		presence(event) {
			const news = presenceOf(id, event);
			if (news) {
				met(news.name, news.present);
			}
		},
		typing: typing.set,
		/** Up to which message they have read. */
		readSeq: () => readSeq,
		/** @param {number} seq */
		read(seq) {
			readSeq = seq;
		},
		/** We are not there any more to see them. */
		forget() {
			present = false;
			typing.set(false);
		},
	};
}
