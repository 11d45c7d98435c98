// The stored messages of one chat: a window in which nothing is missing, and what is held back behind a hole. A seq
// that a page passes over is gone for good: nothing here waits for it.

/** More than this is not fetched after a reconnect: the window starts anew. */
export const LONGEST_GAP = 1000;

/** @param {{ seq: number | null } | undefined} item */
const seqOf = (item) => Number(item?.seq ?? 0);

/**
 * @template {{ seq: number | null }} Item
 */
export function createTimeline() {
	/** In the order of seq, with nothing missing in between. @type {Item[]} */
	let items = [];
	/** The same by seq. @type {Map<number, Item>} */
	let index = new Map();
	/** Up to where we know everything; null before the first page. @type {number | null} */
	let last = null;
	let more = false;
	/** @type {Map<number, Item>} */
	const held = new Map();
	/** What is known to stand right before a message that is held back: whatever lay between the two is gone. @type {Map<number, number>} */
	const follows = new Map();
	let joinedAt = 0;

	const isNew = (/** @type {Item} */ item) => last === null || seqOf(item) > last;
	const inOrder = () => [...held.values()].sort((a, b) => seqOf(a) - seqOf(b));
	const drop = (/** @type {number} */ seq) => held.delete(seq) && follows.delete(seq);
	const keep = (/** @type {Item[]} */ those) => those.forEach((item) => index.set(seqOf(item), item));

	const release = () => {
		/** @type {Item[]} */
		const released = [];
		for (const item of inOrder()) {
			const seq = seqOf(item);
			if (last === null || Math.min(seq - 1, follows.get(seq) ?? Infinity) > last) {
				break;
			}
			drop(seq);
			released.push(item);
			last = seq;
		}
		items.push(...released);
		keep(released);
		return released;
	};
	/**
	 * @param {Item[]} those in any order, any of them known already
	 * @returns {Item[]} those that take their place in the window now, in order
	 */
	const add = (those) => {
		for (const item of those.filter(isNew)) {
			held.set(seqOf(item), held.get(seqOf(item)) ?? item);
		}
		return release();
	};
	/**
	 * @param {Item[]} page all that is left between its first and its last, in order
	 * @param {number} [after] what was asked for: there is nothing between this and the first
	 */
	const addPage = (page, after = Infinity) => {
		page.forEach((item, n) => {
			const seq = seqOf(item);
			if (isNew(item)) {
				follows.set(seq, Math.min(follows.get(seq) ?? Infinity, n > 0 ? seqOf(page[n - 1]) : after));
			}
		});
		return add(page);
	};
	/** @param {Item[]} page @param {boolean} before */
	const restart = (page, before) => {
		items = [...page];
		index = new Map();
		keep(items);
		last = seqOf(page.at(-1));
		more = before;
	};

	return {
		add,
		addPage,
		/** Held back until what is missing before them is here, in the order of seq. */
		held: inOrder,
		items: () => items,
		/** Whether there are messages before the first item. */
		more: () => more,
		/** The seq behind which something is missing; null where nothing is. */
		gap: () => (held.size > 0 ? last : null),
		/** @param {number} seq */
		find: (seq) => held.get(seq) ?? index.get(seq),
		/** A subscription begins: the page that answers it knows all that we know now. */
		joining() {
			joinedAt = last ?? 0;
		},
		/**
		 * The newest page, which answers a subscription.
		 * @param {Item[]} page
		 * @param {boolean} before whether there are messages before it
		 * @returns {{ released: Item[], reset: boolean }}
		 */
		newest(page, before) {
			const end = seqOf(page.at(-1));
			/** The chat itself has begun anew: what we have is of the old one. */
			const another = end < joinedAt;
			const reset = last !== null && (another || end - last > LONGEST_GAP);
			if (last !== null && !reset) {
				return { released: addPage(page, before ? Infinity : 0), reset };
			}
			restart(page, before);
			[...held.keys()].filter((seq) => another || seq <= end).forEach(drop);
			return { released: release(), reset };
		},
		/**
		 * The page before the first item.
		 * @param {Item[]} page
		 * @param {boolean} before whether there are messages before it
		 * @param {number} asked the first item's seq when it was asked for
		 * @returns {boolean} false: the window has begun anew meanwhile
		 */
		older(page, before, asked) {
			const fits = seqOf(items[0]) === asked;
			if (fits) {
				items.unshift(...page);
				keep(page);
				more = before && page.length > 0;
			}
			return fits;
		},
		/** What is missing does not exist any more: takes what is held as it is. */
		skip() {
			last = seqOf(inOrder()[0]) - 1;
			return release();
		},
		clear() {
			restart([], false);
			last = null;
			[...held.keys()].forEach(drop);
		},
	};
}
