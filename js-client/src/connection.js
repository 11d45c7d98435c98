// Stays connected: attempts, pauses, fresh tokens, and the change from one connection to the next.

import { createBackoff } from './backoff.js';
import { createAlarm } from './clock.js';
import { ChatError, isUnauthorized, UnauthorizedError } from './errors.js';
import { openLink as openRealLink, TOKEN_EXPIRED } from './link.js';
import { randomId } from './random.js';

/** A renewal that did not work is tried again, while the old connection lasts. */
const RENEW_PAUSE = 5000;

/** An application that hands out the same expiring token again and again is asked once a second. */
const SHORTEST_LIFE = 1000;

/**
 * @typedef {import('./api.js').State} State
 * @typedef {import('./credentials.js').Login} Login
 *
 * @typedef {object} ConnectionEvents
 * @property {(state: State) => void} state
 * @property {() => unknown} login we know who we are: before each attempt, which waits for it
 * @property {(topic: string) => void} subscribing
 * @property {(topic: string, granted: boolean) => void} subscribed comes again when another connection has taken over
 * @property {(topic: string, payload: Uint8Array) => void} arrived
 * @property {() => void} down
 * @property {(error: unknown) => void} error
 *
 * One of the connections: there are two of them while a token is renewed.
 * @typedef {object} Side
 * @property {import('./link.js').Link} link
 * @property {boolean} up
 * @property {Map<string, boolean>} granted the answers to its subscriptions
 * @property {Set<string>} heard topics on which it has had something for us
 */

/**
 * @param {object} options
 * @param {string} options.url
 * @param {import('./credentials.js').Credentials} options.credentials
 * @param {import('./clock.js').Clock} options.clock
 * @param {typeof openRealLink} [options.openLink]
 * @param {() => number} [options.random]
 * @param {ConnectionEvents} on
 */
export function createConnection({ url, credentials, clock, openLink = openRealLink, random }, on) {
	/** @type {State} */
	let state = 'idle';
	const backoff = createBackoff(random);
	const pause = createAlarm(clock, true);
	const renewal = createAlarm(clock);
	const tab = `chat-${randomId()}`;
	/** Of client ids: each token has its own. */
	let generation = 0;
	/** What is or shall be subscribed. @type {Set<string>} */
	const topics = new Set();
	/** What we publish on. @type {Side | null} */
	let current = null;
	/** The first one, or the one with the next token, as long as it cannot take over. @type {Side | null} */
	let next = null;
	/** The current connection's token is not the newest any more, or is about not to be. */
	let renewing = false;
	/** Counts starts and ends: what began before one of them finds out that it is over. */
	let run = 0;

	/** @param {State} to */
	const enter = (to) => {
		if (to !== state) {
			state = to;
			on.state(to);
		}
	};

	/**
	 * Into a state that only start() ends.
	 * @param {State} to
	 */
	const leave = (to) => {
		const wasUp = current !== null;
		run++;
		pause.clear();
		renewal.clear();
		next?.link.cut();
		next = current = null;
		if (wasUp) {
			on.down();
		}
		enter(to);
	};

	/**
	 * Without a connection, it is tried again after a pause; with one, its successor is.
	 * @param {unknown} [error]
	 */
	const failed = (error) => {
		if (isUnauthorized(error)) {
			current?.link.cut();
			leave('unauthorized');
			return;
		}
		if (error) {
			on.error(error);
		}
		if (current) {
			renewal.set(RENEW_PAUSE, renew);
		} else {
			enter('offline');
			pause.set(backoff.next(clock.now()), attempt);
		}
	};

	/** @param {() => boolean} wanted still */
	const dialWithLogin = async (wanted) => {
		const began = run;
		try {
			const login = await credentials.get();
			await (began === run && on.login());
			if (began === run && wanted()) {
				dial(login);
			}
		} catch (error) {
			if (began === run) {
				failed(error);
			}
		}
	};

	const attempt = () => {
		enter('connecting');
		dialWithLogin(() => true);
	};

	/** @param {Login} login */
	const dial = ({ username, password }) => {
		/** @type {Side} */
		const side = { link: /** @type {any} */ (null), up: false, granted: new Map(), heard: new Set() };
		const gone = () => {
			next = next === side ? null : next;
		};
		try {
			side.link = openLink({ url, clientId: `${tab}-${generation}`, username, password, clock }, {
				up() {
					side.up = true;
					welcome(side);
				},
				refused() {
					gone();
					if (credentials.refused()) {
						(current ? renew : attempt)();
					} else {
						failed(new UnauthorizedError());
					}
				},
				down(reason) {
					gone();
					if (side === current) {
						lost(reason);
					} else {
						failed();
					}
				},
				arrived: (topic, payload) => arrived(side, topic, payload),
			});
			next = side;
		} catch (error) {
			// A browser does not let a page that came over https talk to ws://.
			throw new ChatError('connection', String(error));
		}
	};

	/** @param {Side} side whose login the broker has taken */
	const welcome = (side) => {
		credentials.accepted();
		if (!current) {
			renewing = false;
			next = null;
			current = side;
			backoff.up(clock.now());
			enter('online');
		}
		planRenewal();
		topics.forEach((topic) => subscribeOn(side, topic));
		promote();
	};

	/**
	 * The current connection has ended by itself.
	 * @param {number | null} reason
	 */
	const lost = (reason) => {
		const heir = next?.up ? next : null;
		if (reason === TOKEN_EXPIRED) {
			credentials.expired();
		}
		if (!heir) {
			next?.link.cut();
			renewal.clear();
		}
		next = null;
		current = heir;
		on.down();
		if (heir) {
			takeOver(heir);
		} else {
			failed();
		}
	};

	/** Plans the next token. */
	const planRenewal = () => {
		const wait = credentials.renewIn();
		if (wait < Infinity) {
			renewal.set(Math.max(wait, SHORTEST_LIFE), renew);
		}
	};

	/** Makes the next connection, with a fresh token, before this one ends. */
	const renew = () => {
		const old = current;
		const wanted = () => old !== null && old === current && !next;
		if (!renewing && credentials.renewIn() > RENEW_PAUSE) {
			// Nobody sets a timer for more than 24 days.
			planRenewal();
		} else if (wanted()) {
			if (!renewing) {
				credentials.renew();
			}
			renewing = true;
			generation++;
			dialWithLogin(wanted);
		}
	};

	/** Once the next connection hears all that the current one hears, it takes its place. */
	const promote = () => {
		const heir = next;
		if (current && heir?.up && [...topics].every((topic) => heir.granted.has(topic))) {
			current.link.end();
			current = heir;
			next = null;
			takeOver(heir);
		}
	};

	/** @param {Side} side */
	const takeOver = (side) => {
		renewing = false;
		backoff.up(clock.now());
		[...side.granted].forEach(([topic, granted]) => on.subscribed(topic, granted));
	};

	/**
	 * @param {Side} side
	 * @param {string} topic
	 */
	const subscribeOn = (side, topic) => {
		on.subscribing(topic);
		side.link.subscribe(topic, (granted) => {
			if (topics.has(topic)) {
				side.granted.set(topic, granted);
				if (side === current) {
					on.subscribed(topic, granted);
				}
				promote();
			}
		});
	};

	/**
	 * @param {Side} side
	 * @param {string} topic
	 * @param {Uint8Array} payload
	 */
	const arrived = (side, topic, payload) => {
		side.heard.add(topic);
		// What the next connection has said is newer than what the current one still has to say.
		if (side === next || (side === current && !next?.heard.has(topic))) {
			on.arrived(topic, payload);
		}
	};

	const sides = () => [current, next].flatMap((side) => (side?.up ? [side] : []));

	return {
		state: () => state,
		start() {
			run++;
			credentials.restart();
			attempt();
		},
		/** @returns {Promise<void>} once the broker knows */
		async stop() {
			const last = current;
			leave('closed');
			await last?.link.end();
		},
		/** The network is back, or somebody looks at the page again. */
		wake() {
			if (pause.armed()) {
				pause.clear();
				attempt();
			} else if (current) {
				current.link.check();
				planRenewal();
			}
		},
		/** @param {string} topic once more, where it is subscribed: the answers come again */
		subscribe(topic) {
			topics.add(topic);
			sides().forEach((side) => subscribeOn(side, topic));
		},
		/**
		 * @param {string} topic
		 * @returns {Promise<void>} once the broker knows
		 */
		async unsubscribe(topic) {
			topics.delete(topic);
			const left = sides().map(({ link, granted }) => {
				granted.delete(topic);
				return link.unsubscribe(topic);
			});
			promote();
			await Promise.all(left);
		},
		/**
		 * @param {string} topic
		 * @param {string} payload
		 * @param {0 | 1} [qos]
		 * @param {() => void} [denied] the broker does not let it through
		 * @returns {boolean} false: there is no connection
		 */
		publish(topic, payload, qos = 1, denied) {
			current?.link.publish(topic, payload, qos, denied);
			return current !== null;
		},
	};
}
