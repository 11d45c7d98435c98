// How long to wait before the next attempt to connect.

const SHORTEST = 500;
const LONGEST = 30000;

/** A connection that held for so long was a good one. */
const STABLE = 5000;

/**
 * Exponential, with full jitter: when a broker comes back, its clients do not all arrive at once.
 * @param {() => number} [random] from 0 up to 1
 */
export function createBackoff(random = Math.random) {
	let failures = 0;
	let upSince = Infinity;
	return {
		/** @param {number} now */
		up(now) {
			upSince = now;
		},
		/**
		 * After a failed attempt or a lost connection.
		 * @param {number} now
		 * @returns {number} milliseconds to wait
		 */
		next(now) {
			if (now - upSince >= STABLE) {
				failures = 0;
			}
			upSince = Infinity;
			return random() * Math.min(LONGEST, SHORTEST * 2 ** failures++);
		},
	};
}
