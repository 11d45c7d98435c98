// How long to wait before the next attempt to connect.

const SHORTEST = 500;
const LONGEST = 30000;

/** A connection that held for so long was a good one. */
const STABLE = 5000;

/**
 * Exponential, with full jitter: when a broker comes back, its clients do not all arrive at once.
 */
export class Backoff {
	#random;
	#failures = 0;
	/** @type {number | null} */
	#upSince = null;

	/** @param {() => number} [random] from 0 up to 1 */
	constructor(random = Math.random) {
		this.#random = random;
	}

	/** @param {number} now */
	up(now) {
		this.#upSince = now;
	}

	/**
	 * After a failed attempt or a lost connection.
	 * @param {number} now
	 * @returns {number} milliseconds to wait
	 */
	next(now) {
		if (this.#upSince !== null && now - this.#upSince >= STABLE) {
			this.#failures = 0;
		}
		this.#upSince = null;
		const ceiling = Math.min(LONGEST, SHORTEST * 2 ** this.#failures);
		this.#failures = Math.min(this.#failures + 1, 16);
		return this.#random() * ceiling;
	}
}
