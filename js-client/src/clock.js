// Time, as the other modules know it; tests bring their own.

/** Browsers and Node run a longer timer at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since some moment, never set back; may stand still while the machine sleeps
 * @property {() => number} wall milliseconds since 1970, as far as the machine knows
 * @property {(ms: number, run: () => void, keep?: boolean) => () => void} after
 *   runs it once, unless the returned function is called before; `keep`: Node waits for it
 *
 * @typedef {object} Alarm a timer that can be set again and again, of which one is armed at most
 * @property {() => boolean} armed
 * @property {(ms: number, run: () => void) => void} set
 * @property {() => void} clear
 */

/** @type {Clock} */
export const systemClock = {
	now: () => performance.now(),
	wall: () => Date.now(),
	after(ms, run, keep) {
		/** @type {any} */
		const timer = setTimeout(run, Math.min(ms, LONGEST));
		if (!keep) {
			// Node only.
			timer.unref?.();
		}
		return () => clearTimeout(timer);
	},
};

/**
 * @param {Clock} clock
 * @param {boolean} [keep]
 * @returns {Alarm}
 */
export function createAlarm(clock, keep) {
	/** @type {(() => void) | null} */
	let stop = null;
	const clear = () => {
		stop?.();
		stop = null;
	};
	return {
		armed: () => stop !== null,
		set(ms, run) {
			clear();
			stop = clock.after(ms, () => {
				stop = null;
				run();
			}, keep);
		},
		clear,
	};
}
