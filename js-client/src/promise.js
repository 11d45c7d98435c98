// A promise that somebody else settles.

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
