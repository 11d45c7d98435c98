// The changes of one room's messages that are not stored yet: shown at once, sent until each has its answer, and taken
// back where that is a refusal.

import { ChatError, errorOf, isFinal } from './errors.js';
import { deferred } from './promise.js';
import { RETRY } from './protocol.js';
import { randomId } from './random.js';
import { changedVersion } from './version.js';

/**
 * @typedef {import('./version.js').Change} Change
 * @typedef {import('./version.js').Version} Version
 *
 * @typedef {object} PendingChange
 * @property {Change} change
 * @property {Date} time
 * @property {import('./promise.js').Deferred<void> | null} asked null: by an earlier page
 *
 * @typedef {object} ChangesPorts
 * @property {() => string} me
 * @property {import('./outbox.js').Outbox} outbox
 * @property {(record: Omit<import('./api.js').PendingRecord, 'order'>) => void} keep in the store
 * @property {(ref: string) => void} drop
 * @property {(seq: number) => void} changed that message looks different now, perhaps
 * @property {() => void} settled one less is waiting
 * @property {(error: ChatError) => void} report a refusal that nobody waits for
 *
 * @typedef {ReturnType<typeof createChanges>} Changes
 */

/**
 * @param {string} peer
 * @param {ChangesPorts} ports
 */
export function createChanges(peer, { me, outbox, keep, drop, changed, settled, report }) {
	/** By ref, in the order of asking. @type {Map<string, PendingChange>} */
	const all = new Map();

	const of = (/** @type {number | null} */ seq) => [...all.values()].filter(({ change }) => change.seq === seq);
	/** @param {string} ref @param {Change} change */
	const parcel = (ref, { event, ...members }) => ({ room: peer, ref, event, members, lane: `${peer} ${members.seq}` });
	/** @param {string} ref @param {PendingChange} pending */
	const store = (ref, { change, time }) =>
		keep({ ref, peer, text: '', sent_at: time.getTime(), error: null, change });
	/** @param {string} ref */
	const take = (ref) => {
		const pending = all.get(ref);
		if (pending) {
			all.delete(ref);
			drop(ref);
			outbox.answered(peer, ref);
		}
		return pending;
	};
	/** @param {string} ref @param {ChatError} error */
	const fail = (ref, error) => {
		const pending = take(ref);
		if (pending) {
			changed(pending.change.seq);
			(pending.asked?.reject ?? report)(error);
			settled();
		}
	};

	return {
		waiting: () => all.size > 0,
		/** Whether a change of that message is under way. @param {number | null} seq */
		touches: (seq) => of(seq).length > 0,
		/**
		 * The version that is shown.
		 * @param {number | null} seq
		 * @param {Version} stored
		 * @returns {Version}
		 */
		shown: (seq, stored) => of(seq).reduce((version, { change, time }) => changedVersion(version, change, me(), time), stored),
		/**
		 * @param {Change} change
		 * @returns {Promise<void>} resolves once it is stored; nobody has to look at it
		 */
		ask(change) {
			const ref = randomId();
			const asked = /** @type {import('./promise.js').Deferred<void>} */ (deferred());
			const pending = { change, time: new Date(), asked };
			all.set(ref, pending);
			store(ref, pending);
			changed(change.seq);
			outbox.add(parcel(ref, change));
			return asked.promise;
		},
		/** @param {string} ref of a change that is stored now, and is about to be shown */
		heard(ref) {
			const pending = take(ref);
			if (pending) {
				pending.asked?.resolve();
				settled();
			}
		},
		/**
		 * @param {import('./protocol.js').ErrorEvent} event
		 * @returns {boolean} whether it was about one of these
		 */
		refused(event) {
			const { ref = '', code, retry_ms = RETRY } = event;
			const known = all.has(ref);
			if (known && isFinal(code)) {
				fail(ref, errorOf(event));
			} else if (known) {
				// While the store is away, messages wait there, and changes here.
				outbox.refused(peer, ref, retry_ms, code === 'unavailable');
			}
			return known;
		},
		/** @param {ChatError} error */
		failAll: (error) => [...all.keys()].forEach((ref) => fail(ref, error)),
		/**
		 * We know who we are: takes up what an earlier page has left, and keeps what was asked for before.
		 * @param {import('./api.js').PendingRecord[]} records in the order of asking
		 */
		restore(records) {
			const later = [...all];
			all.clear();
			for (const { ref, change, sent_at } of records) {
				all.set(ref, { change: /** @type {Change} */ (change), time: new Date(sent_at), asked: null });
			}
			outbox.addBefore([...all].map(([ref, { change }]) => parcel(ref, change)));
			later.forEach(([ref, pending]) => {
				all.set(ref, pending);
				store(ref, pending);
			});
			records.forEach(({ change }) => change && changed(change.seq));
		},
	};
}
