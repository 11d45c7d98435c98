// The stored messages of one chat: a window without holes, and what is held back behind a hole.

/** More than this is not fetched after a reconnect: the window starts anew. */
export const LONGEST_GAP = 1000;

/** @param {{ seq: number | null } | undefined} item */
const seqOf = (item) => Number(item?.seq ?? 0);

/**
 * @template {{ seq: number | null }} Item
 */
export function createTimeline() {
	/** In the order of seq, without holes. @type {Item[]} */
	let items = [];
	/** Up to where we know everything; null before the first page. @type {number | null} */
	let last = null;
	let more = false;
	/** @type {Map<number, Item>} */
	const held = new Map();
	let joinedAt = 0;

	const release = () => {
		/** @type {Item[]} */
		const released = [];
		for (let item; last !== null && (item = held.get(last + 1)); last++) {
			held.delete(last + 1);
			released.push(item);
		}
		items.push(...released);
		return released;
	};
	const inOrder = () => [...held.values()].sort((a, b) => seqOf(a) - seqOf(b));
	/**
	 * @param {Item[]} page in any order, any of them known already
	 * @returns {Item[]} those that take their place in the window now, in order
	 */
	const add = (page) => {
		for (const item of page) {
			if (last === null || seqOf(item) > last) {
				held.set(seqOf(item), held.get(seqOf(item)) ?? item);
			}
		}
		return release();
	};

	return {
		add,
		/** Held back until what is missing before them is here, in the order of seq. */
		held: inOrder,
		items: () => items,
		/** Whether there are messages before the first item. */
		more: () => more,
		/** The seq behind which something is missing; null where nothing is. */
		gap: () => (held.size > 0 ? last : null),
		/** @param {number} seq */
		find: (seq) => held.get(seq) ?? items[seq - seqOf(items[0])],
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
				return { released: add(page), reset };
			}
			items = [...page];
			last = end;
			more = before;
			[...held.keys()].filter((seq) => another || seq <= end).forEach((seq) => held.delete(seq));
			return { released: release(), reset };
		},
		/**
		 * The page before the first item.
		 * @param {Item[]} page
		 * @param {boolean} before whether there are messages before it
		 * @returns {boolean} false: it does not fit, the window has changed meanwhile
		 */
		older(page, before) {
			const fits = page.length === 0 || seqOf(page.at(-1)) + 1 === seqOf(items[0]);
			if (fits) {
				items.unshift(...page);
				more = before;
			}
			return fits;
		},
		/** What is missing does not exist: takes what is held as it is. */
		skip() {
			last = seqOf(inOrder()[0]) - 1;
			return release();
		},
		clear() {
			items = [];
			last = null;
			more = false;
			held.clear();
		},
	};
}
