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
	/** @param {string} user */
	const of = (user) => users.get(user) ?? new Map();
	return {
		load: (user) => [...of(user).values()].sort((a, b) => a.order - b.order),
		put: (user, record) => {
			users.set(user, of(user).set(record.ref, record));
		},
		remove: (user, ref) => of(user).delete(ref),
		close: () => {},
	};
}

const TABLE = 'pending';

/**
 * @param {string} [database]
 * @returns {PendingStore}
 */
export function browserStore(database = 'mosquitto-chat') {
	/** @type {Promise<IDBDatabase> | null} */
	let opened = null;

	/**
	 * Steps of this tab happen in the order in which they are asked for.
	 * @template T
	 * @param {IDBTransactionMode} mode
	 * @param {(table: IDBObjectStore) => IDBRequest<T>} step
	 * @returns {Promise<T>}
	 */
	async function run(mode, step) {
		opened ??= openDatabase(database);
		const transaction = (await opened).transaction(TABLE, mode);
		const request = step(transaction.objectStore(TABLE));
		return new Promise((resolve, reject) => {
			transaction.oncomplete = () => resolve(request.result);
			transaction.onabort = () => reject(transaction.error);
		});
	}

	return {
		async load(user) {
			const range = IDBKeyRange.bound([user], [user, []]);
			const rows = await run('readonly', (table) => table.getAll(range));
			return rows.sort((a, b) => a.sent_at - b.sent_at || a.order - b.order);
		},
		put: (user, record) => run('readwrite', (table) => table.put({ user, ...record })),
		remove: (user, ref) => run('readwrite', (table) => table.delete([user, ref])),
		close: () => {
			opened?.then((db) => db.close(), () => {});
			opened = null;
		},
	};
}

/**
 * @param {string} name
 * @returns {Promise<IDBDatabase>}
 */
function openDatabase(name) {
	return new Promise((resolve, reject) => {
		const request = indexedDB.open(name, 1);
		request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: ['user', 'ref'] });
		request.onerror = () => reject(request.error);
		request.onsuccess = () => {
			// A later version of this code, in another tab, must not wait for us.
			request.result.onversionchange = () => request.result.close();
			resolve(request.result);
		};
	});
}

/** The one that fits where we are. */
export function defaultStore() {
	return typeof indexedDB === 'undefined' ? memoryStore() : browserStore();
}
