// How far this user has read, told to the plugin: not too often, and only while somebody looks.

import { createAlarm } from './clock.js';

const EVERY = 1000;

/**
 * @param {import('./clock.js').Clock} clock
 * @param {() => boolean} visible
 * @param {(seq: number) => boolean} send false: it cannot be sent now
 */
export function createReadMarks(clock, visible, send) {
	const alarm = createAlarm(clock);
	let confirmed = 0;
	let wanted = 0;
	let sent = 0;
	let sentAt = -Infinity;

	/** Sends what there is, in its time. */
	const flush = () => {
		const wait = sentAt + EVERY - clock.now();
		if (alarm.armed() || wanted <= Math.max(confirmed, sent)) {
			return;
		}
		if (wait > 0) {
			alarm.set(wait, flush);
		} else {
			finish();
		}
	};
	/** Sends what there is now: there is no later. */
	const finish = () => {
		if (wanted > Math.max(confirmed, sent) && visible() && send(wanted)) {
			sent = wanted;
			sentAt = clock.now();
		}
	};
	return {
		flush,
		finish,
		confirmed: () => confirmed,
		/** @param {number} seq */
		want(seq) {
			wanted = Math.max(wanted, seq);
			flush();
		},
		/** @param {number} seq */
		confirm(seq) {
			confirmed = Math.max(confirmed, seq);
		},
		/** What was sent on a connection that is gone may have been lost with it. */
		forget() {
			sent = 0;
			alarm.clear();
		},
		/**
		 * The plugin wants to be asked later.
		 * @param {number} retry_ms
		 */
		refused(retry_ms) {
			if (sent > confirmed) {
				sent = 0;
				alarm.set(Math.max(retry_ms, EVERY), flush);
			}
		},
	};
}
