// Listeners, by name.

/**
 * @template {Record<string, any>} Events the value that goes with each name
 * @typedef {object} Emitter
 * @property {<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void) => () => void} on returns its undo
 * @property {<Name extends keyof Events>(name: Name, value: Events[Name]) => void} emit
 */

/**
 * @template {Record<string, any>} Events
 * @returns {Emitter<Events>}
 */
export function createEmitter() {
	/** @type {Map<keyof Events, Set<(value: any) => void>>} */
	const listeners = new Map();
	return {
		on(name, listener) {
			// Wrapped, so that one function listening twice is two listeners, each with its own undo.
			const own = (/** @type {any} */ value) => listener(value);
			const those = listeners.get(name) ?? new Set();
			listeners.set(name, those.add(own));
			return () => {
				those.delete(own);
			};
		},
		// Not at once: a listener may do anything, close everything too, and we are in the middle of something.
		emit: (name, value) => listeners.get(name)?.forEach((own, _, those) => queueMicrotask(() => those.has(own) && own(value))),
	};
}
