// Time, as the other modules know it; tests bring their own.

/** Browsers and Node run a longer timer at once. */
const LONGEST = 2 ** 31 - 1;

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since some moment, never set back
 * @property {(ms: number, run: () => void, options?: { keep?: boolean }) => () => void} after
 *   runs it once, unless the returned function is called before; `keep`: Node waits for it
 */

/** @type {Clock} */
export const systemClock = {
	now: () => performance.now(),
	after(ms, run, { keep = false } = {}) {
		const timer = setTimeout(run, Math.min(Math.max(ms, 0), LONGEST));
		if (!keep && typeof timer === 'object') {
			timer.unref();
		}
		return () => clearTimeout(timer);
	},
};

/**
 * A timer that can be set again and again, of which one is armed at most.
 */
export class Alarm {
	#clock;
	#keep;
	/** @type {(() => void) | null} */
	#stop = null;

	/**
	 * @param {Clock} clock
	 * @param {{ keep?: boolean }} [options]
	 */
	constructor(clock, { keep = false } = {}) {
		this.#clock = clock;
		this.#keep = keep;
	}

	get armed() {
		return this.#stop !== null;
	}

	/**
	 * @param {number} ms
	 * @param {() => void} run
	 */
	set(ms, run) {
		this.clear();
		this.#stop = this.#clock.after(ms, () => {
			this.#stop = null;
			run();
		}, { keep: this.#keep });
	}

	clear() {
		this.#stop?.();
		this.#stop = null;
	}
}
