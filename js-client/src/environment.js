// The page around us, where there is one: the only place that looks at it.

/**
 * @typedef {object} Environment
 * @property {() => boolean} visible whether somebody may be looking
 * @property {(listener: () => void) => () => void} onWake called when the page may have been asleep or without a network
 */

/** @returns {Environment} */
export function pageEnvironment() {
	const page = globalThis.document;
	return {
		visible: () => page?.visibilityState !== 'hidden',
		onWake(listener) {
			const ears = new AbortController();
			const { signal } = ears;
			page?.addEventListener('visibilitychange', listener, { signal });
			// Back from the cache of pages that were left, sockets are closed.
			for (const type of page ? ['online', 'pageshow'] : []) {
				addEventListener(type, listener, { signal });
			}
			return () => ears.abort();
		},
	};
}
