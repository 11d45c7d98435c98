// How far this user has read, told to the plugin: not too often, and only while somebody looks.

import { createThrottle } from './throttle.js';

const EVERY = 1000;

/**
 * @param {import('./clock.js').Clock} clock
 * @param {() => boolean} visible
 * @param {(seq: number) => boolean} send false: it cannot be sent now
 */
export function createReadMarks(clock, visible, send) {
	let confirmed = 0;
	let wanted = 0;
	let sent = 0;

	const { poke, finish, hold, clear } = createThrottle(clock, EVERY, () => {
		const due = wanted > Math.max(confirmed, sent) && visible() && send(wanted);
		sent = due ? wanted : sent;
		return due;
	});
	return {
		/** Sends what there is, in its time. */
		flush: poke,
		/** Sends what there is now: there is no later. */
		finish,
		confirmed: () => confirmed,
		/** @param {number} seq */
		want(seq) {
			wanted = Math.max(wanted, seq);
			poke();
		},
		/** @param {number} seq */
		confirm(seq) {
			confirmed = Math.max(confirmed, seq);
		},
		/** Nothing is confirmed any more. */
		reset() {
			confirmed = wanted = sent = 0;
		},
		/** What was sent on a connection that is gone may have been lost with it. */
		forget() {
			sent = 0;
			clear();
		},
		/**
		 * The plugin wants to be asked later.
		 * @param {number} retry_ms
		 */
		refused(retry_ms) {
			if (sent > confirmed) {
				sent = 0;
				hold(retry_ms);
			}
		},
	};
}
