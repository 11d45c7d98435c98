// Messages on their way: published in order, again and again, until each has its answer.

import { createAlarm } from './clock.js';
import { PATIENCE } from './protocol.js';

/** Published and not answered yet, at most; a broker takes 20 at once from a client, unless told otherwise. */
const WIDEST = 16;

/** The time without an echo doubles with each try, up to this. */
const LONGEST_PATIENCE = 60000;

/** The plugin refuses all messages of a user for a second at least. */
const SHORTEST_HOLD = 1000;

/** An entry that has to be published. */
const GROUNDED = { flying: false, tries: 0, again: -Infinity };

/**
 * @typedef {object} Parcel
 * @property {string} room
 * @property {string} ref
 * @property {string} event
 * @property {object} members of it
 * @property {string} [lane] of those in one lane, each waits until the one before it has its answer
 *
 * @typedef {Parcel & typeof GROUNDED} Entry
 *   `flying`: published, and not answered yet; `again`: not to be published before
 *
 * @typedef {ReturnType<typeof createOutbox>} Outbox
 */

/** @param {Entry[]} entries @returns {Entry[]} the first of each lane, and all that are in none */
function firsts(entries) {
	/** @type {Set<string>} */
	const lanes = new Set();
	return entries.filter(({ lane }) => !lane || (!lanes.has(lane) && lanes.add(lane)));
}

/**
 * @param {import('./clock.js').Clock} clock
 * @param {(parcel: Parcel) => boolean} publish false: there is no connection
 */
export function createOutbox(clock, publish) {
	const alarm = createAlarm(clock);
	/** In the order of sending. @type {Entry[]} */
	let entries = [];
	/** The rooms whose answers reach us. @type {Set<string>} */
	const open = new Set();
	let heldUntil = -Infinity;
	/** One after a refusal, and wider with each answer: what comes after the refused one must not overtake it. */
	let width = WIDEST;

	const pump = () => {
		const now = clock.now();
		const ready = entries.filter((entry) => open.has(entry.room));
		const waiting = now < heldUntil ? [] : firsts(ready);
		let flying = ready.filter((entry) => entry.flying).length;
		for (const entry of waiting) {
			if (entry.again <= now && (entry.flying || flying < width)) {
				flying += entry.flying ? 0 : 1;
				entry.flying = publish(entry);
				entry.again = entry.flying ? now + Math.min(PATIENCE * 2 ** entry.tries++, LONGEST_PATIENCE) : -Infinity;
			}
		}
		const next = now < heldUntil ? heldUntil : Math.min(...waiting.filter((entry) => entry.again > now).map((entry) => entry.again));
		if (ready.length > 0 && next < Infinity) {
			alarm.set(next - now, pump);
		}
	};
	/** @param {(entry: Entry) => boolean} which */
	const ground = (which) => {
		entries.filter(which).forEach((entry) => Object.assign(entry, GROUNDED));
	};
	return {
		/** @param {Parcel} parcel */
		add(parcel) {
			entries.push({ ...parcel, ...GROUNDED });
			pump();
		},
		/**
		 * Messages of an earlier page, which go before all others.
		 * @param {Parcel[]} parcels
		 */
		addBefore(parcels) {
			entries.unshift(...parcels.map((parcel) => ({ ...parcel, ...GROUNDED })));
		},
		/**
		 * A room is subscribed; what it has is published again.
		 * @param {string} room
		 */
		ready(room) {
			open.add(room);
			ground((entry) => entry.room === room);
			pump();
		},
		/**
		 * Answers do not come any more: whatever is on its way may be lost.
		 * @param {string} room
		 */
		left(room) {
			open.delete(room);
			ground((entry) => entry.room === room);
		},
		/**
		 * It has its answer, whichever.
		 * @param {string} room
		 * @param {string} ref
		 */
		answered(room, ref) {
			entries = entries.filter((entry) => entry.room !== room || entry.ref !== ref);
			width = Math.min(width + 1, WIDEST);
			pump();
		},
		/**
		 * It is to be sent later, and everything behind it too.
		 * @param {string} room
		 * @param {string} ref
		 * @param {number} retry_ms
		 * @param {boolean} [alone] it holds up nothing but its lane
		 */
		refused(room, ref, retry_ms, alone = false) {
			const which = (/** @type {Entry} */ entry) => entry.room === room && entry.ref === ref;
			const until = clock.now() + Math.max(retry_ms, SHORTEST_HOLD);
			ground(which);
			if (alone) {
				entries.filter(which).forEach((entry) => Object.assign(entry, { again: until }));
			} else {
				width = 1;
				heldUntil = Math.max(heldUntil, until);
			}
			pump();
		},
	};
}
