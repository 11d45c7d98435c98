// Who is in a chat.

/** Ids are anything that the protocol allows, `__proto__` too: a Map has no trouble with that. */
export class Presence {
	/** @type {Map<string, { name: string }>} */
	#users = new Map();

	/** @param {string} id */
	has(id) {
		return this.#users.has(id);
	}

	/**
	 * @param {string} id
	 * @returns {string | null}
	 */
	nameOf(id) {
		return this.#users.get(id)?.name ?? null;
	}

	/** @param {import('./protocol.js').Users} users everybody who is there */
	state(users) {
		this.#users = new Map(entriesOf(users));
	}

	/**
	 * @param {import('./protocol.js').Users} joins
	 * @param {import('./protocol.js').Users} leaves
	 */
	diff(joins, leaves) {
		for (const [id] of entriesOf(leaves)) {
			this.#users.delete(id);
		}
		for (const [id, user] of entriesOf(joins)) {
			this.#users.set(id, user);
		}
	}

	clear() {
		this.#users.clear();
	}
}

/**
 * @param {import('./protocol.js').Users} users
 * @returns {[string, { name: string }][]}
 */
function entriesOf(users) {
	return Object.entries(users).map(([id, user]) => [id, { name: String(user?.name ?? '') }]);
}
