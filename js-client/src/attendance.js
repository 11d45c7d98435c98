// Whether we are in a chat: as the application wants it, as the broker has it, and as far as the plugin has told us
// what a subscription is owed.

import { createAlarm } from './clock.js';
import { createGate } from './promise.js';
import { PATIENCE, patience } from './protocol.js';

/** What the plugin sends after each subscribe. */
const OWED = 2;

/**
 * @typedef {'history' | 'presence'} Part of what is owed
 *
 * @typedef {object} AttendancePorts
 * @property {() => void} join subscribes, or does so again
 * @property {() => boolean} pending whether something waits to be sent there
 * @property {() => void} opened everything is in, and whoever waits is told next
 */

/**
 * @param {import('./clock.js').Clock} clock
 * @param {AttendancePorts} ports
 */
export function createAttendance(clock, { join, pending, opened }) {
	/** Who wants to be here. @type {Set<unknown>} */
	const holders = new Set();
	/** We hear what is said here. */
	let joined = false;
	/** @type {Set<Part>} */
	const told = new Set();
	const opening = createGate();
	/** Armed while a subscription's answer is owed; then we subscribe again. */
	const owed = createAlarm(clock);

	const wanted = () => holders.size > 0;
	const needed = () => wanted() || pending();
	const again = () => needed() && join();
	const isOpen = () => wanted() && told.size === OWED && !opening.busy();
	/** @param {Error} error for whoever waits to be let in */
	const fail = (error) => {
		owed.clear();
		opening.fail(error);
	};

	return {
		/** Whether the application wants to be here. */
		wanted,
		joined: () => joined,
		needed,
		isOpen,
		fail,
		/**
		 * @param {unknown} holder who wants to be here
		 * @returns {Promise<void>} once everything that is owed is in
		 */
		async open(holder) {
			holders.add(holder);
			if (!isOpen()) {
				if (!opening.busy()) {
					join();
				}
				await opening.wait();
			}
		},
		/**
		 * @param {unknown} holder who does not want to be here any more
		 * @returns {boolean} whether nobody does
		 */
		release(holder) {
			holders.delete(holder);
			return !wanted();
		},
		/** Nobody wants to be here any more. @param {Error} error for whoever waits */
		forget(error) {
			holders.clear();
			told.clear();
			fail(error);
		},
		subscribing: () => owed.set(PATIENCE, again),
		subscribed() {
			joined = true;
		},
		/** @param {Part} part has come */
		tell(part) {
			if (wanted()) {
				told.add(part);
			}
			if (wanted() ? told.size === OWED : part === 'history') {
				owed.clear();
			}
			if (told.size === OWED && opening.busy()) {
				opened();
				opening.open();
			}
		},
		/**
		 * The plugin cannot answer a subscription now.
		 * @param {import('./protocol.js').ErrorEvent} event
		 * @returns {boolean} false: no answer is owed, it is about something else
		 */
		postpone(event) {
			const due = owed.armed();
			if (due) {
				owed.set(patience(event), again);
			}
			return due;
		},
		/** The connection is gone, or we have left. */
		left() {
			joined = false;
			owed.clear();
		},
	};
}
