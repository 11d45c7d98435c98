// Listeners, by name.

/**
 * @template {Record<string, any>} Events the value that goes with each name
 */
export class Emitter {
	/** @type {Map<keyof Events, Set<(value: any) => void>>} */
	#listeners = new Map();

	/**
	 * @template {keyof Events} Name
	 * @param {Name} name
	 * @param {(value: Events[Name]) => void} listener
	 * @returns {() => void} undoes it
	 */
	on(name, listener) {
		// Wrapped, so that one function listening twice is two listeners, each with its own undo.
		const own = (/** @type {Events[Name]} */ value) => listener(value);
		const listeners = this.#listeners.get(name) ?? new Set();
		this.#listeners.set(name, listeners.add(own));
		return () => {
			listeners.delete(own);
		};
	}

	/**
	 * @template {keyof Events} Name
	 * @param {Name} name
	 * @param {Events[Name]} value
	 */
	emit(name, value) {
		for (const listener of [...this.#listeners.get(name) ?? []]) {
			try {
				listener(value);
			} catch (error) {
				// A mistake of the listener must not stop what we are in the middle of, nor stay unseen.
				setTimeout(() => {
					throw error;
				});
			}
		}
	}
}
