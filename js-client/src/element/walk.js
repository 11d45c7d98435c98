// Lists through which one walks with the keys: one stop for Tab, and the arrows lead from there.

/** As far as Page Up and Page Down go. */
const PAGE = 8;

/**
 * @param {string} key
 * @param {number} at where one is
 * @param {number} count
 * @returns {number | undefined} where the key leads; undefined: nowhere
 */
export function stepTo(key, at, count) {
	const last = count - 1;
	const to = new Map([
		['ArrowDown', at + 1], ['ArrowUp', at - 1], ['Home', 0], ['End', last],
		['PageDown', Math.min(at + PAGE, last)], ['PageUp', Math.max(at - PAGE, 0)],
	]).get(key);
	return to !== undefined && to >= 0 && to <= last ? to : undefined;
}

/**
 * Of these, Tab comes to one alone.
 * @param {HTMLElement[]} all
 * @param {HTMLElement | undefined} stop
 */
export function stopAt(all, stop) {
	all.forEach((it) => {
		it.tabIndex = it === stop ? 0 : -1;
	});
}
