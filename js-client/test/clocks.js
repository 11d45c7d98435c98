// Other times than the real one.

import { systemClock } from '../src/clock.js';

/**
 * The real one, but so many times faster.
 * @param {number} times
 * @returns {import('../src/clock.js').Clock}
 */
export function fastClock(times) {
	return {
		now: () => systemClock.now() * times,
		after: (ms, run, keep) => systemClock.after(ms / times, run, keep),
	};
}

/** One that stands still until it is told to go on. */
export function handClock() {
	let now = 1000;
	/** @type {Set<{ at: number, run: () => void }>} */
	const timers = new Set();
	return {
		now: () => now,
		/** @type {import('../src/clock.js').Clock['after']} */
		after(ms, run) {
			const timer = { at: now + ms, run };
			timers.add(timer);
			return () => timers.delete(timer);
		},
		/** @param {number} ms */
		pass(ms) {
			const end = now + ms;
			for (;;) {
				const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
				if (!next) {
					break;
				}
				timers.delete(next);
				now = Math.max(now, next.at);
				next.run();
			}
			now = end;
		},
		/** How many timers are set. */
		armed: () => timers.size,
	};
}
