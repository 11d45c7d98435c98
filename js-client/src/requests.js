// Questions to the plugin, each asked until it is answered.

import { createAlarm } from './clock.js';
import { errorOf, isFinal } from './errors.js';
import { PATIENCE, RETRY } from './protocol.js';
import { randomId } from './random.js';

/**
 * @typedef {object} Question
 * @property {() => void} ask
 * @property {import('./clock.js').Alarm} alarm
 * @property {(event: any) => void} resolve
 * @property {(error: Error) => void} reject
 */

/**
 * @param {import('./clock.js').Clock} clock
 * @param {(members: any) => boolean} send false: there is no way now; `again()` is called when there is
 */
export function createRequests(clock, send) {
	/** By ref. @type {Map<string | undefined, Question>} */
	const open = new Map();

	const take = (/** @type {string | undefined} */ ref) => {
		const question = open.get(ref);
		question?.alarm.clear();
		open.delete(ref);
		return question;
	};
	return {
		/**
		 * @param {object} members
		 * @returns {Promise<any>} the answer
		 */
		ask: (members) => new Promise((resolve, reject) => {
			const ref = randomId();
			const alarm = createAlarm(clock);
			const ask = () => {
				if (send({ ...members, ref })) {
					alarm.set(PATIENCE, ask);
				}
			};
			open.set(ref, { ask, alarm, resolve, reject });
			ask();
		}),
		/** Asks everything again: there is a connection. */
		again: () => open.forEach(({ ask }) => ask()),
		/** @param {{ ref?: string }} event */
		answer: (event) => take(event.ref)?.resolve(event),
		/** @param {import('./protocol.js').ErrorEvent} event */
		refuse(event) {
			const question = open.get(event.ref);
			if (isFinal(event.code)) {
				take(event.ref)?.reject(errorOf(event));
			} else {
				question?.alarm.set(event.retry_ms ?? RETRY, question.ask);
			}
		},
		/** @param {Error} error */
		cancel: (error) => [...open.keys()].forEach((ref) => take(ref)?.reject(error)),
	};
}
