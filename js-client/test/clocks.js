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
		wall: () => systemClock.wall() * times,
		after: (ms, run, keep) => systemClock.after(ms / times, run, keep),
	};
}

/** One that stands still until it is told to go on. */
export function handClock() {
	let now = 1000;
	let slept = 0;
	let shortest = 0;
	/** @type {Set<{ at: number, run: () => void }>} */
	const timers = new Set();
	return {
		now: () => now,
		wall: () => now + slept,
		/** @type {import('../src/clock.js').Clock['after']} */
		after(ms, run) {
			const timer = { at: now + Math.max(ms, shortest), run };
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
		/** The machine sleeps: only the wall's clock goes on. @param {number} ms */
		sleep(ms) {
			slept += ms;
		},
		/** Timers run late from now on. @param {number} ms after which one runs at the earliest */
		slow(ms) {
			shortest = ms;
		},
		/** How many timers are set. */
		armed: () => timers.size,
	};
}
