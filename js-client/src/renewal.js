// A fresh token in time: before the current one expires there is a connection with the next one.

import { createAlarm } from './clock.js';

/** A renewal that did not work is tried again, while the old connection lasts. */
const PAUSE = 5000;

/** An application that hands out the same expiring token again and again is asked once a second. */
const SHORTEST_LIFE = 1000;

/**
 * @param {import('./clock.js').Clock} clock
 * @param {import('./credentials.js').Credentials} credentials
 * @param {() => () => boolean} vacancy whether the connection of now still has no successor on its way
 * @param {(wanted: () => boolean) => void} dial makes the next connection, if it is wanted by then
 */
export function createRenewal(clock, credentials, vacancy, dial) {
	const alarm = createAlarm(clock);
	/** The current connection's token is not the newest any more, or is about not to be. */
	let running = false;

	const plan = () => {
		const wait = credentials.renewIn();
		if (wait < Infinity) {
			alarm.set(Math.max(wait, SHORTEST_LIFE), renew);
		}
	};
	/** Makes the next connection, with a fresh token, before this one ends. */
	const renew = () => {
		const wanted = vacancy();
		if (!running && credentials.renewIn() > PAUSE) {
			// Nobody sets a timer for more than 24 days.
			plan();
		} else if (wanted()) {
			if (!running) {
				credentials.renew();
			}
			running = true;
			dial(wanted);
		}
	};
	return {
		plan,
		renew,
		/** Makes the next connection with a token that the page has brought. */
		offered() {
			running = true;
			dial(vacancy());
		},
		/** After a failure. */
		again: () => alarm.set(PAUSE, renew),
		/** The current connection has the newest token. */
		done() {
			running = false;
		},
		clear: alarm.clear,
	};
}
