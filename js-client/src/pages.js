// Pages of history that have to be asked for: what is missing in between, and what was before.

import { LONGEST_PAGE } from './protocol.js';

/**
 * @typedef {import('./api.js').Message} Message
 *
 * @typedef {object} PagesPorts
 * @property {ReturnType<typeof import('./requests.js').createRequests>} requests
 * @property {import('./messages.js').Messages} messages
 * @property {Pick<ReturnType<typeof import('./arrivals.js').createArrivals>, 'take' | 'released'>} arrivals
 * @property {(error: unknown) => void} report
 */

/** @param {PagesPorts} ports */
export function createPages({ requests, messages, arrivals: { take, released }, report }) {
	const { timeline } = messages;
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
