// Waiting, always with an end and with a name for what is waited for.

/** How much slower than usual this machine is (a sanitizer build, a loaded one); scales every timeout. */
export const SLOW = Number(process.env.CHAT_TEST_SLOW || '1');

/** So many ms something is waited for that usually is there at once: what does not come in that time does not come at all. */
export const PATIENCE = 60000;

/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
export function pause(ms) {
	return new Promise((resolve) => {
		setTimeout(resolve, ms);
	});
}

/**
 * @param {string} what
 * @param {number} ms
 * @returns {Error}
 */
function tooLate(what, ms) {
	return new Error(`waited ${Math.round(ms / 100) / 10} s for ${what}`);
}

/**
 * Asks again and again until the answer is truthy, and resolves to it.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} check
 * @param {{ timeout?: number, every?: number }} [options]
 * @returns {Promise<T>}
 */
export async function until(what, check, { timeout = PATIENCE, every = 25 } = {}) {
	const end = Date.now() + timeout * SLOW;
	for (;;) {
		const answer = await check();
		if (answer) {
			return answer;
		}
		if (Date.now() >= end) {
			throw tooLate(what, timeout * SLOW);
		}
		await pause(every);
	}
}

/**
 * The promise's outcome, or a rejection that says what was waited for.
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 * @param {number} [timeout]
 * @returns {Promise<T>}
 */
export function within(what, promise, timeout = PATIENCE) {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(tooLate(what, timeout * SLOW)), timeout * SLOW);
		promise.then(resolve, reject).finally(() => clearTimeout(timer));
	});
}
