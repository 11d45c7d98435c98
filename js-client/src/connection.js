// Stays connected: attempts, pauses, fresh tokens, and the change from one connection to the next.

import { createAttempts } from './attempts.js';
import { createDialer } from './dialer.js';
import { ChatError, isUnauthorized, UnauthorizedError } from './errors.js';
import { createLines } from './lines.js';
import { openLink as openRealLink, TOKEN_EXPIRED } from './link.js';
import { createRenewal } from './renewal.js';

/**
 * @typedef {object} ConnectionEvents
 * @property {(state: import('./api.js').State) => void} state
 * @property {() => unknown} login we know who we are: before each attempt, which waits for it
 * @property {(topic: string) => void} subscribing
 * @property {(topic: string, granted: boolean) => void} subscribed comes again when another connection has taken over
 * @property {(topic: string, payload: Uint8Array) => void} arrived
 * @property {() => void} down
 * @property {(error: unknown) => void} error
 *
 * @typedef {object} ConnectionOptions
 * @property {string} url
 * @property {import('./credentials.js').Credentials} credentials
 * @property {import('./clock.js').Clock} clock
 * @property {typeof openRealLink} [openLink]
 * @property {() => number} [random]
 */

/**
 * @param {ConnectionOptions} options
 * @param {ConnectionEvents} on
 */
export function createConnection({ url, credentials, clock, openLink = openRealLink, random }, on) {
	/**
	 * Into a state that only start() ends.
	 * @param {'closed' | 'unauthorized'} to
	 * @returns {import('./link.js').Link | undefined} what we were connected by
	 */
	const leave = (to) => {
		dialer.cancel();
		credentials.stop();
		renewal.clear();
		const last = lines.drop();
		if (last) {
			on.down();
		}
		attempts.end(to);
		return last;
	};

	/**
	 * Without a connection, it is tried again after a pause; with one, its successor is.
	 * @param {unknown} [error]
	 */
	const failed = (error) => {
		if (isUnauthorized(error)) {
			leave('unauthorized')?.cut();
			return;
		}
		if (error) {
			on.error(error);
		}
		(lines.up() ? renewal.again : attempts.later)();
	};

	const dialer = createDialer(credentials, on.login, (login, clientId) => {
		try {
			lines.open({ url, clientId, clock, ...login });
		} catch (error) {
			// A browser does not let a page that came over https talk to ws://.
			throw new ChatError('connection', String(error));
		}
	}, failed);
	const attempts = createAttempts(clock, random, on.state, dialer.dial);
	const lines = createLines(openLink, {
		...on,
		up(first) {
			credentials.accepted();
			if (first) {
				renewal.done();
				attempts.succeeded();
			}
			renewal.plan();
		},
		refused() {
			if (credentials.refused()) {
				(lines.up() ? renewal.renew : attempts.now)();
			} else {
				failed(new UnauthorizedError());
			}
		},
		failed,
		lost(reason, replaced) {
			if (reason === TOKEN_EXPIRED) {
				credentials.expired();
			}
			on.down();
			if (!replaced) {
				renewal.clear();
				failed();
			}
		},
		replaced() {
			renewal.done();
			attempts.succeeded();
		},
	});
	const renewal = createRenewal(clock, credentials, lines.vacancy, dialer.dialNext);

	const { subscribe, unsubscribe, publish } = lines;
	return {
		state: attempts.state,
		subscribe,
		unsubscribe,
		publish,
		start() {
			dialer.cancel();
			credentials.restart();
			attempts.now();
		},
		/** The page has brought another token. */
		offered() {
			dialer.cancel();
			lines.cutNext();
			(lines.up() ? renewal.offered : attempts.now)();
		},
		/** @returns {Promise<void>} once the broker knows */
		stop: async () => leave('closed')?.end(),
		/** The network is back, or somebody looks at the page again. */
		wake() {
			if (lines.up()) {
				lines.check();
				renewal.plan();
			} else if (attempts.due()) {
				dialer.cancel();
				lines.cutNext();
				attempts.now();
			}
		},
	};
}
