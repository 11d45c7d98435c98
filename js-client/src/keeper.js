// Pending messages in their store, which others may have written. What goes wrong there is told, and stops nothing:
// the messages are in memory, too.

import { limited } from './promise.js';

/** Browsers have bugs in which their database never answers. */
const PATIENCE = 2000;

/**
 * @param {import('./api.js').PendingStore} store
 * @param {() => string} me
 * @param {import('./clock.js').Clock} clock
 * @param {(error: unknown, code: string) => void} report
 */
export function createKeeper(store, me, clock, report) {
	/** What goes wrong again and again is told once. */
	let failing = false;
	/** Of records that were made in the same millisecond. */
	let order = 0;

	/**
	 * @template T
	 * @param {() => T | Promise<T>} step
	 * @returns {Promise<T | undefined>}
	 */
	const attempt = async (step) => {
		try {
			const done = await limited(clock, PATIENCE, (async () => step())(), 'store', 'the store does not answer');
			failing = false;
			return done;
		} catch (error) {
			if (!failing) {
				report(error, 'store');
			}
			failing = true;
			// What does not answer may do so when it is opened anew.
			(async () => store.close())().catch(() => {});
		}
	};
	return {
		/** What an earlier page has left. */
		load: async () => await attempt(() => store.load(me())) ?? [],
		/** @param {Omit<import('./api.js').PendingRecord, 'order'>} record */
		keep: (record) => attempt(() => store.put(me(), { ...record, order: ++order })),
		/** @param {string} ref */
		drop: (ref) => attempt(() => store.remove(me(), ref)),
		close: () => attempt(() => store.close()),
	};
}
