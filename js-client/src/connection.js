// Stays connected: attempts, pauses, fresh tokens, and the change from one connection to the next.

import { Backoff } from './backoff.js';
import { Alarm } from './clock.js';
import { ChatError, isUnauthorized, UnauthorizedError } from './errors.js';
import { openLink, TOKEN_EXPIRED } from './link.js';
import { randomId } from './random.js';

/** A renewal that did not work is tried again, while the old connection lasts. */
const RENEW_PAUSE = 5000;

/** An application that hands out the same expiring token again and again is asked once a second. */
const SHORTEST_LIFE = 1000;

/**
 * @typedef {'idle' | 'connecting' | 'online' | 'offline' | 'unauthorized' | 'closed'} State
 *
 * @typedef {object} ConnectionEvents
 * @property {(state: State) => void} state
 * @property {(login: import('./credentials.js').Login) => unknown} login before an attempt with it, which waits for it
 * @property {(topic: string) => void} subscribing
 * @property {(topic: string, granted: boolean) => void} subscribed may come again, when another connection has taken over
 * @property {(topic: string, payload: Uint8Array) => void} arrived
 * @property {() => void} down
 * @property {(error: unknown) => void} error
 */

/**
 * One of the connections: there are two of them while a token is renewed.
 * @typedef {object} Side
 * @property {import('./link.js').Link} link
 * @property {boolean} up
 * @property {Map<string, boolean>} granted the answers to its subscriptions
 * @property {Set<string>} heard topics on which it has had something for us
 */

export class Connection {
	/** @type {State} */
	state = 'idle';
	#url;
	#credentials;
	#clock;
	#on;
	#open;
	#backoff;
	#pause;
	#renewal;
	#clientId = `chat-${randomId()}`;
	#clients = 0;
	/** What is or shall be subscribed. @type {Set<string>} */
	#topics = new Set();
	/** What we publish on. @type {Side | null} */
	#current = null;
	/** The first one, or the one with the next token, as long as it cannot take over. @type {Side | null} */
	#next = null;
	/** Counts starts and ends: what began before one of them finds out that it is over. */
	#run = 0;

	/**
	 * @param {object} options
	 * @param {string} options.url
	 * @param {import('./credentials.js').Credentials} options.credentials
	 * @param {import('./clock.js').Clock} options.clock
	 * @param {typeof openLink} [options.open]
	 * @param {() => number} [options.random]
	 * @param {ConnectionEvents} on
	 */
	constructor({ url, credentials, clock, open = openLink, random }, on) {
		this.#url = url;
		this.#credentials = credentials;
		this.#clock = clock;
		this.#on = on;
		this.#open = open;
		this.#backoff = new Backoff(random);
		this.#pause = new Alarm(clock, { keep: true });
		this.#renewal = new Alarm(clock);
	}

	start() {
		this.#run++;
		this.#credentials.restart();
		this.#attempt();
	}

	/** @returns {Promise<void>} once the broker knows */
	async stop() {
		const current = this.#current;
		this.#current = null;
		this.#leave('closed', current !== null);
		await current?.link.end();
	}

	/** The network is back, or somebody looks at the page again. */
	wake() {
		if (this.#pause.armed) {
			this.#pause.clear();
			this.#attempt();
		} else if (this.#current) {
			this.#current.link.check();
			this.#planRenewal();
		}
	}

	/** @param {string} topic */
	subscribe(topic) {
		this.#topics.add(topic);
		for (const side of this.#sides) {
			this.#subscribe(side, topic);
		}
	}

	/**
	 * @param {string} topic
	 * @returns {Promise<void>} once the broker knows
	 */
	async unsubscribe(topic) {
		this.#topics.delete(topic);
		await Promise.all(this.#sides.map(({ link, granted }) => {
			granted.delete(topic);
			return link.unsubscribe(topic);
		}));
		this.#promote();
	}

	/**
	 * @param {string} topic
	 * @param {string} payload
	 * @param {{ qos?: 0 | 1, refused?: () => void }} [options]
	 * @returns {boolean} false: there is no connection
	 */
	publish(topic, payload, { qos = 1, refused } = {}) {
		this.#current?.link.publish(topic, payload, qos, refused);
		return this.#current !== null;
	}

	get #sides() {
		return [this.#current, this.#next].flatMap((side) => (side?.up ? [side] : []));
	}

	/** @param {State} state */
	#enter(state) {
		if (state !== this.state) {
			this.state = state;
			this.#on.state(state);
		}
	}

	/**
	 * Into a state that only start() ends.
	 * @param {State} state
	 * @param {boolean} [wasUp]
	 */
	#leave(state, wasUp = this.#current !== null) {
		this.#run++;
		this.#pause.clear();
		this.#renewal.clear();
		this.#next?.link.cut();
		this.#current?.link.cut();
		this.#next = this.#current = null;
		if (wasUp) {
			this.#on.down();
		}
		this.#enter(state);
	}

	/**
	 * @param {unknown} error
	 * @param {() => void} retry
	 */
	#failed(error, retry) {
		if (isUnauthorized(error)) {
			this.#leave('unauthorized');
		} else {
			this.#on.error(error);
			retry();
		}
	}

	/** The broker has refused the token. @param {() => void} retry */
	#refused(retry) {
		if (this.#credentials.refused()) {
			retry();
		} else {
			this.#failed(new UnauthorizedError(), retry);
		}
	}

	#later() {
		const run = this.#run;
		this.#enter('offline');
		// Whoever listens may have closed us.
		if (run === this.#run) {
			this.#pause.set(this.#backoff.next(this.#clock.now()), () => this.#attempt());
		}
	}

	#attempt() {
		const run = this.#run;
		this.#enter('connecting');
		if (run === this.#run) {
			this.#withLogin(() => true, () => this.#later(), (login) => this.#connect(login));
		}
	}

	/**
	 * @param {() => boolean} wanted still
	 * @param {() => void} retry
	 * @param {(login: import('./credentials.js').Login) => void} proceed
	 */
	async #withLogin(wanted, retry, proceed) {
		const run = this.#run;
		try {
			const login = await this.#credentials.get();
			if (run === this.#run) {
				await this.#on.login(login);
			}
			if (run === this.#run && wanted()) {
				proceed(login);
			}
		} catch (error) {
			if (run === this.#run) {
				this.#failed(error, retry);
			}
		}
	}

	/**
	 * @param {import('./credentials.js').Login} login
	 * @param {string} clientId
	 * @param {{ up: (side: Side) => void, refused: () => void, down: () => void }} on
	 */
	#dial({ username, password }, clientId, on) {
		/** @type {Side} */
		const side = { link: /** @type {any} */ (null), up: false, granted: new Map(), heard: new Set() };
		this.#next = side;
		side.link = this.#openLink({ url: this.#url, clientId, username, password, clock: this.#clock }, {
			up: () => {
				side.up = true;
				this.#credentials.accepted();
				on.up(side);
			},
			refused: () => {
				this.#next = null;
				on.refused();
			},
			down: (reason) => (side === this.#current ? this.#lost(reason) : this.#gone(side, on.down)),
			arrived: (topic, payload) => this.#arrived(side, topic, payload),
		});
	}

	/** @type {typeof openLink} */
	#openLink(options, on) {
		try {
			return this.#open(options, on);
		} catch (error) {
			// A browser does not let a page that came over https talk to ws://.
			this.#next = null;
			throw new ChatError('connection', error instanceof Error ? error.message : String(error));
		}
	}

	/** @param {import('./credentials.js').Login} login */
	#connect(login) {
		const clientId = this.#clients > 0 ? `${this.#clientId}-${this.#clients}` : this.#clientId;
		this.#dial(login, clientId, {
			up: (side) => {
				this.#next = null;
				this.#current = side;
				this.#backoff.up(this.#clock.now());
				this.#planRenewal();
				this.#enter('online');
				if (this.#current === side) {
					this.#topics.forEach((topic) => this.#subscribe(side, topic));
				}
			},
			refused: () => this.#refused(() => this.#attempt()),
			down: () => this.#later(),
		});
	}

	/**
	 * @param {Side} side
	 * @param {() => void} down
	 */
	#gone(side, down) {
		if (this.#next === side) {
			this.#next = null;
		}
		down();
	}

	/**
	 * The current connection has ended by itself.
	 * @param {number | null} reason
	 */
	#lost(reason) {
		const next = this.#next;
		const run = this.#run;
		if (reason === TOKEN_EXPIRED) {
			this.#credentials.expired();
		}
		this.#current = next?.up ? next : null;
		this.#next = null;
		this.#on.down();
		if (run !== this.#run) {
			next?.link.cut();
		} else if (this.#current) {
			this.#takeOver(this.#current);
		} else {
			next?.link.cut();
			this.#renewal.clear();
			this.#later();
		}
	}

	/** Plans the next token, or asks for it when it is time. */
	#planRenewal() {
		const wait = this.#credentials.renewIn;
		if (wait !== null) {
			this.#renewal.set(Math.max(wait, SHORTEST_LIFE), () => this.#renew());
		}
	}

	/** Makes the next connection, with a fresh token, before this one ends. */
	async #renew() {
		if (Number(this.#credentials.renewIn) > RENEW_PAUSE) {
			// A timer cannot be set for more than 24 days.
			this.#planRenewal();
			return;
		}
		const current = this.#current;
		const wanted = () => current !== null && current === this.#current && this.#next === null;
		const again = () => this.#renewal.set(RENEW_PAUSE, () => wanted() && this.#renew());
		this.#credentials.renew();
		await this.#withLogin(wanted, again, (login) => this.#replace(login, again));
	}

	/**
	 * @param {import('./credentials.js').Login} login
	 * @param {() => void} again
	 */
	#replace(login, again) {
		this.#dial(login, `${this.#clientId}-${++this.#clients}`, {
			up: (side) => {
				this.#planRenewal();
				this.#topics.forEach((topic) => this.#subscribe(side, topic));
				this.#promote();
			},
			refused: () => this.#refused(() => this.#renew()),
			down: again,
		});
	}

	/** Once the next connection hears all that the current one hears, it takes its place. */
	#promote() {
		const next = this.#next;
		const old = this.#current;
		if (old && next?.up && [...this.#topics].every((topic) => next.granted.has(topic))) {
			this.#current = next;
			this.#next = null;
			old.link.end();
			this.#takeOver(next);
		}
	}

	/** @param {Side} side */
	#takeOver(side) {
		this.#backoff.up(this.#clock.now());
		for (const [topic, granted] of [...side.granted]) {
			this.#on.subscribed(topic, granted);
		}
	}

	/**
	 * @param {Side} side
	 * @param {string} topic
	 */
	#subscribe(side, topic) {
		this.#on.subscribing(topic);
		side.link.subscribe(topic, (granted) => {
			if (!this.#topics.has(topic)) {
				return;
			}
			side.granted.set(topic, granted);
			if (side === this.#current) {
				this.#on.subscribed(topic, granted);
			} else {
				this.#promote();
			}
		});
	}

	/**
	 * @param {Side} side
	 * @param {string} topic
	 * @param {Uint8Array} payload
	 */
	#arrived(side, topic, payload) {
		side.heard.add(topic);
		// What the next connection has said is newer than what the current one still has to say.
		const outdated = side === this.#current && this.#next?.heard.has(topic);
		if (!outdated && (side === this.#current || side === this.#next)) {
			this.#on.arrived(topic, payload);
		}
	}
}
