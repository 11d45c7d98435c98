// Keeps the messages that are loaded at their newest versions: knows up to which change number everything has been
// heard, and asks for what has not.

import { LONGEST_PAGE } from './protocol.js';

/**
 * @param {(members: { since: number, limit: number }) => Promise<import('./protocol.js').ChangesEvent>} ask
 * @param {(messages: import('./protocol.js').WireMessage[]) => void} apply
 * @param {(error: unknown) => void} report
 */
export function createCatchUp(ask, apply, report) {
	/** All changes up to this one are known; null before the first page. @type {number | null} */
	let known = null;
	/** There is one with this number. */
	let heard = 0;
	/** A page was read before this one, so it may lack what came after. */
	let low = Infinity;
	let running = false;
	/** Counts the times that all was forgotten: an answer to what was asked before is none. */
	let life = 0;

	const isBehind = () => known !== null && (low < known || known < heard);

	const run = async () => {
		if (running) {
			return;
		}
		running = true;
		try {
			while (isBehind()) {
				const since = Math.min(low, Number(known));
				low = Infinity;
				const began = life;
				const page = await ask({ since, limit: LONGEST_PAGE });
				if (began !== life) {
					continue;
				}
				apply(page.messages);
				known = Math.max(Number(known), page.change);
				if (page.more && page.change > since) {
					low = Math.min(low, page.change);
					heard = Math.max(heard, page.change + 1);
				} else {
					// What was heard of, but is not there, will not come.
					heard = known;
				}
			}
		} catch (error) {
			report(error);
		}
		running = false;
	};

	return {
		/** How many changes we would have to ask for. @param {number} [change] the newest page's */
		distance: (change = 0) => (known === null ? 0 : change - known),
		/** A page of messages has come. @param {number} [change] the chat's latest when it was read */
		page(change = 0) {
			known ??= change;
			low = change < known ? Math.min(low, change) : low;
			heard = Math.max(heard, change);
			run();
		},
		/** One change was heard of. @param {number} change */
		changed(change) {
			heard = Math.max(heard, change);
			known = known === change - 1 ? change : known;
			run();
		},
		/** Nothing is loaded any more. */
		clear() {
			life++;
			known = null;
			heard = 0;
			low = Infinity;
		},
	};
}
