// Pages of history that have to be asked for: what is missing in between, and what was before.

import { encode, LONGEST_PAGE } from './protocol.js';
import { createRequests } from './requests.js';

/**
 * @typedef {import('./api.js').Message} Message
 *
 * @typedef {object} PagesPorts
 * @property {(payload: string) => boolean} say false: there is no way now
 * @property {import('./messages.js').Messages} messages
 * @property {Pick<ReturnType<typeof import('./arrivals.js').createArrivals>, 'take' | 'released'>} arrivals
 * @property {(error: unknown) => void} report
 */

/**
 * @param {import('./clock.js').Clock} clock
 * @param {PagesPorts} ports
 */
export function createPages(clock, { say, messages, arrivals: { take, released }, report }) {
	const { timeline } = messages;
	const requests = createRequests(clock, (members) => say(encode('history', members)));
	let filling = false;
	/** @type {Promise<{ messages: Message[], more: boolean }> | null} */
	let olderPage = null;

	/** @param {number} limit */
	const fetchOlder = async (limit) => {
		for (;;) {
			const before = timeline.items()[0]?.seq;
			if (!before || !timeline.more()) {
				return { messages: [], more: false };
			}
			const page = await requests.ask({ before, limit });
			/** @type {Message[]} */
			const those = page.messages.map(messages.adopt);
			if (timeline.older(those, page.more, before)) {
				messages.know(those);
				messages.dirty();
				return { messages: those, more: timeline.more() };
			}
		}
	};

	return {
		again: requests.again,
		answer: requests.answer,
		refuse: requests.refuse,
		cancel: requests.cancel,
		/** Fetches what is missing, if anything is. */
		async fill() {
			if (filling) {
				return;
			}
			filling = true;
			try {
				for (let after; (after = timeline.gap()) !== null;) {
					const page = await requests.ask({ after, limit: LONGEST_PAGE });
					take(page.messages, after);
					if (timeline.gap() === after) {
						// There is nothing where something was missing.
						released(timeline.skip());
					}
				}
			} catch (error) {
				report(error);
			}
			filling = false;
		},
		/** The page before the oldest message, which is the same for all who ask at the same time. @param {number} limit */
		older(limit) {
			olderPage ??= fetchOlder(limit).finally(() => {
				olderPage = null;
			});
			return olderPage;
		},
	};
}
