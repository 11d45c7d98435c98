// Not too often: what is said at most once in a while, and then as it is by then.

import { createAlarm } from './clock.js';

/**
 * @param {import('./clock.js').Clock} clock
 * @param {number} every milliseconds
 * @param {() => unknown} send truthy: it has been sent
 */
export function createThrottle(clock, every, send) {
	const alarm = createAlarm(clock);
	let sentAt = -Infinity;

	/** Sends now. */
	const finish = () => {
		if (send()) {
			sentAt = clock.now();
		}
	};
	/** Sends, now or as soon as it may be. */
	const poke = () => {
		const wait = sentAt + every - clock.now();
		if (alarm.armed()) {
			return;
		}
		if (wait > 0) {
			alarm.set(wait, poke);
		} else {
			finish();
		}
	};
	return {
		poke,
		finish,
		/** Not before so many milliseconds. @param {number} ms */
		hold: (ms) => alarm.set(Math.max(ms, every), poke),
		clear: alarm.clear,
	};
}
