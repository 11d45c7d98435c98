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

/** @param {IDBDatabase} db */
const tableOf = (db) => db.transaction(TABLE, 'readwrite').objectStore(TABLE);

/**
 * @param {string} [database]
 * @returns {PendingStore}
 */
export function browserStore(database = 'mosquitto-chat') {
	/** @type {Promise<IDBDatabase> | null} */
	let opened = null;
	/** All that is to be in it, for the case that it is opened anew, and empty. @type {Map<string, PendingRecord & { user: string }>} */
	const rows = new Map();

	const close = () => {
		opened?.then((db) => db.close(), () => {});
		opened = null;
	};
	const open = async () => {
		const request = indexedDB.open(database, 1);
		request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: ['user', 'ref'] });
		const db = await outcome(request);
		// Whoever deletes it, or brings a later version, must not wait for us; and site data may be cleared.
		db.onversionchange = db.onclose = close;
		const table = tableOf(db);
		rows.forEach((row) => table.put(row));
		return db;
	};
	/**
	 * What this tab asks for happens in that order. What fails is tried once more, with a database that is opened anew.
	 * @template T
	 * @param {(table: IDBObjectStore) => IDBRequest<T>} step
	 */
	const run = async (step) => {
		const attempt = async () => outcome(step(tableOf(await (opened ??= open()))));
		try {
			return await attempt();
		} catch {
			close();
			return attempt();
		}
	};
	/** @param {string} user @param {PendingRecord} record */
	const keep = (user, record) => {
		const row = { user, ...record };
		rows.set(`${user} ${record.ref}`, row);
		return row;
	};

	return {
		async load(user) {
			const records = await run((table) => table.getAll(IDBKeyRange.bound([user], [user, []])));
			records.forEach((record) => keep(user, record));
			return records.sort((a, b) => a.sent_at - b.sent_at || a.order - b.order);
		},
		put(user, record) {
			const row = keep(user, record);
			return run((table) => table.put(row));
		},
		remove(user, ref) {
			rows.delete(`${user} ${ref}`);
			return run((table) => table.delete([user, ref]));
		},
		close,
	};
}

/** The one that fits where we are. */
export const defaultStore = () => (typeof indexedDB === 'undefined' ? memoryStore() : browserStore());
