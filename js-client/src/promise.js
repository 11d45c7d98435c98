// Promises that somebody else settles, or that have an end.

import { ChatError } from './errors.js';

/**
 * @template T
 * @typedef {object} Deferred
 * @property {Promise<T>} promise
 * @property {(value: T) => void} resolve
 * @property {(error: Error) => void} reject
 */

/**
 * @template T
 * @returns {Deferred<T>}
 */
export function deferred() {
	/** @type {any} */
	const it = {};
	it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
	return it;
}

/**
 * Where several wait for the same thing, again and again.
 */
export function createGate() {
	/** @type {Deferred<void> | null} */
	let waiting = null;
	const settle = (/** @type {(it: Deferred<any>) => void} */ how) => {
		if (waiting) {
			how(waiting);
		}
		waiting = null;
	};
	return {
		/** Whether anybody waits. */
		busy: () => waiting !== null,
		/** @returns {Promise<void>} */
		wait: () => (waiting ??= deferred()).promise,
		open: () => settle(({ resolve }) => resolve(undefined)),
		/** @param {Error} error */
		fail: (error) => settle(({ reject }) => reject(error)),
	};
}

/**
 * The promise's outcome, or a rejection once it takes too long. Node waits for it.
 * @template T
 * @param {import('./clock.js').Clock} clock
 * @param {number} ms
 * @param {Promise<T>} promise
 * @param {string} code
 * @param {string} reason
 * @returns {Promise<T>}
 */
export const limited = (clock, ms, promise, code, reason) => new Promise((resolve, reject) => {
	const stop = clock.after(ms, () => reject(new ChatError(code, reason)), true);
	promise.then(resolve, reject).finally(stop);
});
