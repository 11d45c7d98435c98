// Whether the other end is still there, also in a tab whose timers run once a minute only, and after a sleep, which
// no socket tells of.

import { createAlarm } from './clock.js';

/** What we promise the broker in CONNECT, in seconds. It waits for one and a half times as long. */
export const KEEPALIVE = 120;

const EVERY = 25000;

/** The answer to a ping that was sent because something is doubtful. */
const SOON = 1500;

/** We look at the wall's clock so often: where it has gone on without us, we were asleep. */
const TICK = 1000;
const LATE = 2000;

/** A busy program runs its timers before it reads what has arrived. */
const GRACE = 100;

/**
 * @param {import('./clock.js').Clock} clock
 * @param {() => void} ping
 * @param {() => void} dead
 */
export function createKeepalive(clock, ping, dead) {
	const alarm = createAlarm(clock);
	let unanswered = false;
	/** Nothing has come in time, but we may not have read it yet. */
	let doubtful = false;
	/** When the next ping is to be sent, or its answer to be here. */
	let due = 0;

	/** @param {number} wait */
	const lookIn = (wait) => {
		const expected = clock.wall() + wait;
		alarm.set(wait, () => look(clock.wall(), expected));
	};
	const check = (patience = SOON) => {
		const now = clock.now();
		// A sign after the other does not put it off.
		due = Math.min(now + patience, unanswered && due >= now ? due : Infinity);
		unanswered = true;
		doubtful = false;
		ping();
		lookIn(Math.min(due - now, TICK));
	};
	/**
	 * @param {number} time
	 * @param {number} expected
	 */
	const look = (time, expected) => {
		const left = due - clock.now();
		if (unanswered && left <= 0) {
			if (doubtful) {
				dead();
			} else {
				doubtful = true;
				lookIn(GRACE);
			}
		} else if (Math.abs(time - expected) > LATE) {
			check();
		} else if (left <= 0) {
			check(EVERY);
		} else {
			lookIn(Math.min(left, TICK));
		}
	};
	return {
		start() {
			due = clock.now() + EVERY;
			lookIn(TICK);
		},
		/** Something has arrived. */
		heard() {
			unanswered = false;
		},
		/** Finds out within two seconds. */
		check: () => check(),
		stop: alarm.clear,
	};
}
