// Where pending messages are kept: in the browser's database, so that they survive a reload, or in memory.

/**
 * @typedef {import('./api.js').PendingRecord} PendingRecord
 * @typedef {import('./api.js').PendingStore} PendingStore
 */

/**
 * @returns {PendingStore}
 */
export function memoryStore() {
	/** @type {Map<string, Map<string, PendingRecord>>} */
	const users = new Map();
	const of = (/** @type {string} */ user) => users.get(user) ?? new Map();
	return {
		load: (user) => [...of(user).values()],
		put: (user, record) => users.set(user, of(user).set(record.ref, record)),
		remove: (user, ref) => of(user).delete(ref),
		close() {},
	};
}

const TABLE = 'pending';

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const outcome = (request) => new Promise((resolve, reject) => {
	request.onsuccess = () => resolve(request.result);
	request.onerror = () => reject(request.error);
});

/**
 * @param {string} [database]
 * @returns {PendingStore}
 */
export function browserStore(database = 'mosquitto-chat') {
	/** @type {Promise<IDBDatabase> | null} */
	let opened = null;

	const open = async () => {
		const request = indexedDB.open(database, 1);
		request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: ['user', 'ref'] });
		const db = await outcome(request);
		// A later version of this code, in another tab, must not wait for us.
		db.onversionchange = () => db.close();
		return db;
	};
	/**
	 * What this tab asks for happens in that order.
	 * @template T
	 * @param {(table: IDBObjectStore) => IDBRequest<T>} step
	 */
	const run = async (step) => {
		opened ??= open();
		return outcome(step((await opened).transaction(TABLE, 'readwrite').objectStore(TABLE)));
	};

	return {
		async load(user) {
			const records = await run((table) => table.getAll(IDBKeyRange.bound([user], [user, []])));
			return records.sort((a, b) => a.sent_at - b.sent_at || a.order - b.order);
		},
		put: (user, record) => run((table) => table.put({ user, ...record })),
		remove: (user, ref) => run((table) => table.delete([user, ref])),
		close() {
			opened?.then((db) => db.close(), () => {});
			opened = null;
		},
	};
}

/** The one that fits where we are. */
export const defaultStore = () => (typeof indexedDB === 'undefined' ? memoryStore() : browserStore());
