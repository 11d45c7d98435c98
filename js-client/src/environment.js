// The page around us, where there is one: the only place that looks at it.

/**
 * @typedef {object} Environment
 * @property {() => boolean} visible whether somebody may be looking
 * @property {(listener: () => void) => () => void} onWake called when the page may have been asleep, or its network has come, gone or
 *   changed
 */

/**
 * An address of the broker's as the page means it: `/mqtt` is the page's own server.
 * @param {string} url
 * @returns {string} throws a TypeError where it is none
 */
export function absoluteUrl(url) {
	const found = new URL(url, globalThis.document?.baseURI);
	found.protocol = found.protocol.replace(/^http/, 'ws');
	return found.href;
}

/** @returns {Environment} */
export function pageEnvironment() {
	const page = globalThis.document;
	return {
		visible: () => page?.visibilityState !== 'hidden',
		onWake(listener) {
			const ears = new AbortController();
			const { signal } = ears;
			/** @type {[EventTarget | undefined, string[]][]} */
			const signs = [
				[page, ['visibilitychange', 'resume']],
				// Back from the cache of pages that were left, sockets are closed.
				[page && globalThis, ['online', 'offline', 'pageshow']],
				// From one network to another; not in every browser.
				[page && /** @type {any} */ (globalThis.navigator)?.connection, ['change']],
			];
			signs.forEach(([target, types]) => types.forEach((type) => target?.addEventListener(type, listener, { signal })));
			return () => ears.abort();
		},
	};
}
