// Where pending messages are kept: in the browser's database, so that they survive a reload, or in memory.

import { systemClock } from './clock.js';
import { limited } from './promise.js';

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

/** So long a database may take to open; a later step tries it anew. */
const PATIENCE = 2000;

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
 * @param {string} name
 * @param {() => void} lost it is closed: somebody deletes it, brings a later version, or clears the site's data
 * @returns {Promise<IDBDatabase>}
 */
async function openDatabase(name, lost) {
	const request = indexedDB.open(name, 1);
	request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: ['user', 'ref'] });
	try {
		const db = await limited(systemClock, PATIENCE, outcome(request), () => new Error('the database does not open'));
		db.onclose = lost;
		db.onversionchange = () => {
			// Whoever wants this must not wait for us.
			db.close();
			lost();
		};
		return db;
	} catch (error) {
		request.onsuccess = () => request.result.close();
		throw error;
	}
}

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
		const db = await openDatabase(database, () => {
			opened = null;
		});
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
