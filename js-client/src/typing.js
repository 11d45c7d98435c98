// Typing: said sparingly, believed for a short time.

import { createAlarm } from './clock.js';

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
	const alarm = createAlarm(clock);
	let wanted = false;
	/** What the peer believes. */
	let told = false;
	let sentAt = -Infinity;

	const tell = () => {
		const wait = sentAt + EVERY - clock.now();
		if (wait > 0) {
			alarm.set(wait, () => wanted !== told && tell());
		} else if (send(wanted)) {
			told = wanted;
			sentAt = clock.now();
		}
	};
	return {
		/** @param {boolean} on */
		set(on) {
			wanted = on;
			if (on !== told || (on && clock.now() - sentAt >= EVERY)) {
				tell();
			}
		},
		/** The peer does not believe it any more: a message has gone out, or the connection is gone. */
		over() {
			wanted = told = false;
			alarm.clear();
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
