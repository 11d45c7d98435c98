// Typing: said sparingly, believed for a short time.

import { createAlarm } from './clock.js';
import { createThrottle } from './throttle.js';

/** At most one event in so many milliseconds. */
const EVERY = 3000;

/** What is not said again ends by itself. */
const LASTS = 6000;

/**
 * What this user does, told to the peer.
 * @param {import('./clock.js').Clock} clock
 * @param {(on: boolean) => boolean} send false: it could not be sent
 */
export function createTypingSender(clock, send) {
	/** What the user does, as far as the peer has not been told of it. @type {boolean | null} */
	let news = null;
	/** What the peer believes. */
	let told = false;

	const throttle = createThrottle(clock, EVERY, () => {
		const sent = news !== null && (news || told) && send(news);
		told = sent ? Boolean(news) : told;
		news = null;
		return sent;
	});
	return {
		/** @param {boolean} on */
		set(on) {
			news = on;
			throttle.poke();
			// That it goes on is no news for later: by then it may not.
			news = on === told ? null : on;
		},
		/** The peer does not believe it any more: a message has gone out, or the connection is gone. */
		over() {
			news = null;
			told = false;
			throttle.clear();
		},
	};
}

/**
 * What the peer does.
 * @param {import('./clock.js').Clock} clock
 * @param {() => void} changed
 */
export function createTypingReceiver(clock, changed) {
	const alarm = createAlarm(clock);
	let typing = false;
	const set = (/** @type {boolean} */ on) => {
		alarm.clear();
		if (on) {
			alarm.set(LASTS, () => set(false));
		}
		if (on !== typing) {
			typing = on;
			changed();
		}
	};
	return { set, on: () => typing };
}
