// The page around us, where there is one: the only place that looks at it.

/**
 * @typedef {object} Environment
 * @property {() => boolean} visible whether somebody may be looking
 * @property {(listener: () => void) => () => void} onWake called when the page becomes visible or the network comes back
 */

/** @returns {Environment} */
export function pageEnvironment() {
	const page = globalThis.document;
	const visible = () => !page || page.visibilityState !== 'hidden';
	return {
		visible,
		onWake(listener) {
			const look = () => visible() && listener();
			/** @type {[EventTarget, string, () => void][]} */
			const ears = page ? [
				[page, 'visibilitychange', look],
				// Back from the cache of pages that were left, sockets are closed.
				[globalThis, 'pageshow', look],
				[globalThis, 'online', listener],
			] : [];
			ears.forEach(([target, type, run]) => target.addEventListener(type, run));
			return () => ears.forEach(([target, type, run]) => target.removeEventListener(type, run));
		},
	};
}
