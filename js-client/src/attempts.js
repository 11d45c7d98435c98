// When to connect: now, or after a pause that grows with each failure. Keeps the state that an application sees.

import { createBackoff } from './backoff.js';
import { createAlarm } from './clock.js';

/** An attempt that is older may be one of a network that is gone: a sign of another one begins it anew. */
const FRESH = 1500;

/**
 * @param {import('./clock.js').Clock} clock
 * @param {(() => number) | undefined} random
 * @param {(state: import('./api.js').State) => void} tell
 * @param {() => void} dial
 */
export function createAttempts(clock, random, tell, dial) {
	/** @type {import('./api.js').State} */
	let state = 'idle';
	const backoff = createBackoff(random);
	const pause = createAlarm(clock, true);
	/** When the last attempt was, by the wall's clock: the other one may stand still while the machine sleeps. */
	let begun = 0;

	/** @param {import('./api.js').State} to */
	const enter = (to) => {
		if (to !== state) {
			state = to;
			tell(to);
		}
	};
	const now = () => {
		pause.clear();
		begun = clock.wall();
		enter('connecting');
		dial();
	};
	return {
		state: () => state,
		/** Whether another attempt may do better than to wait. */
		due: () => pause.armed() || (state === 'connecting' && Math.abs(clock.wall() - begun) > FRESH),
		now,
		later() {
			enter('offline');
			pause.set(backoff.next(clock.now()), now);
		},
		/** There is a connection, or another one than before. */
		succeeded() {
			backoff.up(clock.now());
			enter('online');
		},
		/**
		 * No more attempts.
		 * @param {'closed' | 'unauthorized'} to
		 */
		end(to) {
			pause.clear();
			enter(to);
		},
	};
}
