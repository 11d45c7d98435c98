// Whether the other end is still there, also in a tab whose timers run once a minute only.

import { createAlarm } from './clock.js';

/** What we promise the broker in CONNECT, in seconds. It waits for one and a half times as long. */
export const KEEPALIVE = 120;

const EVERY = 25000;

/** After waking up: a socket that died in our sleep does not say so by itself. */
const SOON = 5000;

/**
 * @param {import('./clock.js').Clock} clock
 * @param {() => void} ping
 * @param {() => void} dead
 */
export function createKeepalive(clock, ping, dead) {
	const alarm = createAlarm(clock);
	let unanswered = false;

	const check = (patience = SOON) => {
		unanswered = true;
		ping();
		alarm.set(patience, () => (unanswered ? dead() : check(EVERY)));
	};
	return {
		start: () => alarm.set(EVERY, () => check(EVERY)),
		/** Something has arrived. */
		heard() {
			unanswered = false;
		},
		/** Finds out soon. */
		check: () => check(),
		stop: alarm.clear,
	};
}
