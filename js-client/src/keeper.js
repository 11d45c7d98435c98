// Pending messages in their store, which others may have written: what goes wrong there is told, and stops nothing.

import { memoryStore } from './store.js';

/**
 * @param {import('./api.js').PendingStore} given
 * @param {() => string} me
 * @param {(error: unknown, code: string) => void} report
 */
export function createKeeper(given, me, report) {
	let store = given;
	/** @param {() => unknown} step */
	const attempt = async (step) => {
		try {
			await step();
		} catch (error) {
			report(error, 'store');
		}
	};
	return {
		/** What an earlier page has left. */
		async load() {
			try {
				return await store.load(me());
			} catch (error) {
				report(error, 'store');
				store = memoryStore();
				return [];
			}
		},
		/** @param {import('./api.js').PendingRecord} record */
		keep: (record) => attempt(() => store.put(me(), record)),
		/** @param {string} ref */
		drop: (ref) => attempt(() => store.remove(me(), ref)),
		close: () => attempt(() => store.close()),
	};
}
