// Of a long conversation only a part is in the page: from one message to another, by `seq`.

/** So many messages are in the page at most; fewer at the end, as each that comes is work for the browser with all that are there;
 *  and so many come when the reader gets to an end of them. */
export const MOST = 140;
export const MOST_AT_END = 100;
export const STEP = 40;

/**
 * @typedef {object} Part
 * @property {number} from the first message's `seq`; 0: whatever is the first
 * @property {number} to the last one's; Infinity: whatever is the last
 *
 * @typedef {readonly { seq: number | null }[]} Messages stored ones by `seq`, then pending ones
 */

/** @type {Part} */
export const ALL = { from: 0, to: Infinity };

/**
 * @param {Messages} messages
 * @param {number} seq
 * @returns {number} where the first one stands that is not before `seq`
 */
export function indexOf(messages, seq) {
	let [low, high] = [0, messages.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((messages[middle].seq ?? Infinity) < seq) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/**
 * @param {Messages} messages
 * @param {Part} part
 * @returns {{ start: number, end: number }} as for slice()
 */
export function boundsOf(messages, { from, to }) {
	return { start: indexOf(messages, from), end: to === Infinity ? messages.length : indexOf(messages, to + 1) };
}

/**
 * @param {Messages} messages
 * @param {number} start
 * @param {number} end
 * @returns {Part}
 */
function partOf(messages, start, end) {
	return {
		from: start <= 0 ? 0 : messages[start]?.seq ?? 0,
		to: end >= messages.length ? Infinity : messages[end - 1]?.seq ?? Infinity,
	};
}

/**
 * Keeps a part small as messages come: at the end those above go, else those below.
 * @param {Messages} messages
 * @param {Part} part
 * @param {boolean} atEnd the reader is there
 */
export function fit(messages, part, atEnd) {
	const { start, end } = boundsOf(messages, part);
	if (end - start <= (atEnd ? MOST_AT_END : MOST)) {
		return part;
	}
	return atEnd ? partOf(messages, end - STEP, end) : partOf(messages, start, start + MOST);
}

/** @param {Messages} messages @param {Part} part @returns {Part | null} null: there is nothing above it */
export function extendUp(messages, part) {
	const { start, end } = boundsOf(messages, part);
	const first = Math.max(0, start - STEP);
	return start > 0 ? partOf(messages, first, Math.min(end, first + MOST)) : null;
}

/** @param {Messages} messages @param {Part} part @returns {Part | null} null: there is nothing below it */
export function extendDown(messages, part) {
	const { start, end } = boundsOf(messages, part);
	const last = Math.min(messages.length, end + STEP);
	return end < messages.length ? partOf(messages, Math.max(start, last - MOST), last) : null;
}

/** @param {Messages} messages */
export function tail(messages) {
	return partOf(messages, messages.length - STEP, messages.length);
}

/** @param {Messages} messages @param {number} seq a message with some others above and many below */
export function around(messages, seq) {
	const start = Math.max(0, indexOf(messages, seq) - Math.floor(STEP / 3));
	return partOf(messages, start, start + MOST);
}
