// The stored messages of one chat: a window without holes, and what is held back behind a hole.

/** More than this is not fetched after a reconnect: the window starts anew. */
export const LONGEST_GAP = 1000;

/**
 * @template {{ seq: number | null }} Item
 */
export class Timeline {
	/** @type {Item[]} in the order of seq, without holes */
	items = [];
	/** Up to where we know everything; null before the first page. @type {number | null} */
	last = null;
	/** Whether there are messages before the first item. */
	more = false;
	/** @type {Map<number, Item>} */
	#held = new Map();
	/** @type {number | null} */
	#joinedAt = null;

	/** Held back until what is missing before them is here, in the order of seq. */
	get held() {
		return [...this.#held.values()].sort((a, b) => seqOf(a) - seqOf(b));
	}

	/** The seq behind which something is missing; null where nothing is. */
	get gap() {
		return this.last !== null && this.#held.size > 0 ? this.last : null;
	}

	/**
	 * @param {number} seq
	 * @returns {Item | undefined}
	 */
	find(seq) {
		return this.#held.get(seq) ?? (this.items.length > 0 ? this.items[seq - seqOf(this.items[0])] : undefined);
	}

	/** A subscription begins: the page that answers it knows all that we know now. */
	joining() {
		this.#joinedAt = this.last;
	}

	/**
	 * @param {Item[]} items in any order, any of them known already
	 * @returns {Item[]} those that take their place in the window now, in order
	 */
	add(items) {
		for (const item of items) {
			if (this.last === null || seqOf(item) > this.last) {
				this.#held.set(seqOf(item), this.#held.get(seqOf(item)) ?? item);
			}
		}
		return this.#release();
	}

	/**
	 * The newest page, which answers a subscription.
	 * @param {Item[]} page
	 * @param {boolean} more
	 * @returns {{ released: Item[], reset: boolean }}
	 */
	newest(page, more) {
		const end = page.length > 0 ? seqOf(page[page.length - 1]) : 0;
		const known = this.last;
		if (known === null || end - known > LONGEST_GAP || end < Number(this.#joinedAt)) {
			this.#restart(page, end, more, known !== null && end < Number(this.#joinedAt));
			return { released: this.#release(), reset: known !== null };
		}
		return { released: this.add(page), reset: false };
	}

	/**
	 * The page before the first item.
	 * @param {Item[]} page
	 * @param {boolean} more
	 * @returns {boolean} false: it does not fit, the window has changed meanwhile
	 */
	older(page, more) {
		const first = this.items.length > 0 ? seqOf(this.items[0]) : null;
		const fits = page.length === 0 || seqOf(page[page.length - 1]) + 1 === first;
		if (fits) {
			this.items.unshift(...page);
			this.more = more;
		}
		return fits;
	}

	/**
	 * What is missing does not exist: takes what is held as it is.
	 * @returns {Item[]}
	 */
	skip() {
		const [next] = this.held;
		this.last = next ? seqOf(next) - 1 : this.last;
		return this.#release();
	}

	clear() {
		this.items = [];
		this.last = null;
		this.more = false;
		this.#held.clear();
	}

	/**
	 * @param {Item[]} page
	 * @param {number} end
	 * @param {boolean} more
	 * @param {boolean} another the chat itself has begun anew: what is held belongs to the old one
	 */
	#restart(page, end, more, another) {
		this.items = [...page];
		this.last = end;
		this.more = more;
		for (const seq of [...this.#held.keys()]) {
			if (another || seq <= end) {
				this.#held.delete(seq);
			}
		}
	}

	#release() {
		const released = [];
		while (this.last !== null && this.#held.has(this.last + 1)) {
			const item = /** @type {Item} */ (this.#held.get(++this.last));
			this.#held.delete(this.last);
			released.push(item);
		}
		this.items.push(...released);
		return released;
	}
}

/** @param {{ seq: number | null }} item */
function seqOf(item) {
	return /** @type {number} */ (item.seq);
}
