// Which token to connect with, and when another one is needed.

import { ChatError, UnauthorizedError } from './errors.js';
import { readToken } from './token.js';

/** So many fresh tokens refused in a row are no accident. */
const PATIENCE = 2;

/** An application that does not answer is asked again later. */
const TIMEOUT = 30000;

/** A JWT is replaced so long before it expires, or after three quarters of its life. */
const LEAD = 60000;

/**
 * @typedef {'initial' | 'expiring' | 'rejected'} Reason why a token is needed: there is none yet; it
 *   expires, or has expired; the broker has refused it
 *
 * @typedef {object} Login
 * @property {string} id
 * @property {string | null} name null: the token does not say
 * @property {string} username
 * @property {string} password
 */

export class Credentials {
	/** Who this is; null until a token says so. @type {string | null} */
	id;
	/** @type {string | null} */
	name;
	#first;
	#getToken;
	#clock;
	#wallClock;
	/** @type {import('./token.js').Token | null} */
	#token = null;
	#fresh = false;
	/** In `wallClock`'s time. */
	#expires = Infinity;
	/** Likewise: when to get the next one. */
	#renewAt = Infinity;
	/** @type {Reason | null} */
	#need = 'initial';
	#refusals = 0;
	/** @type {Promise<Login> | null} */
	#asking = null;

	/**
	 * @param {{ id?: string, name?: string, token?: string, getToken?: (need: { reason: Reason }) => string | Promise<string> }} options
	 * @param {import('./clock.js').Clock} clock
	 * @param {() => number} [wallClock]
	 */
	constructor({ id, name, token, getToken }, clock, wallClock = Date.now) {
		this.id = id ?? null;
		this.name = name ?? null;
		this.#first = token;
		this.#getToken = getToken;
		this.#clock = clock;
		this.#wallClock = wallClock;
		// Who we are is known at once where the page has brought a JWT.
		const known = readToken(token);
		this.id ??= known?.id ?? null;
		this.name ??= known?.name ?? null;
	}

	/** Forgets what was: somebody calls connect(). */
	restart() {
		this.#refusals = 0;
		if (!this.#token) {
			this.#need = 'initial';
		}
	}

	/**
	 * A login for now. Rejects with an UnauthorizedError when there will be none, else another try is due.
	 * @returns {Promise<Login>}
	 */
	get() {
		this.#asking ??= this.#find().finally(() => {
			this.#asking = null;
		});
		return this.#asking;
	}

	/** Milliseconds until the token should be replaced; null: never. */
	get renewIn() {
		return this.#getToken && this.#renewAt !== Infinity ? Math.max(this.#renewAt - this.#wallClock(), 0) : null;
	}

	/** The next login shall have a new token. */
	renew() {
		this.#need ??= 'expiring';
	}

	/** The broker says that the token has expired. */
	expired() {
		this.#expires = -Infinity;
	}

	accepted() {
		this.#refusals = 0;
	}

	/**
	 * The broker has refused the login.
	 * @returns {boolean} whether another token may do better
	 */
	refused() {
		this.#refusals += this.#fresh ? 1 : 0;
		this.#token = null;
		this.#need = 'rejected';
		return Boolean(this.#getToken) && this.#refusals < PATIENCE;
	}

	async #find() {
		if (this.#first !== undefined) {
			this.#use(this.#first, false);
			this.#first = this.#getToken ? undefined : this.#first;
		}
		if (this.#token && this.#expires <= this.#wallClock()) {
			this.renew();
		}
		while (this.#getToken && (this.#need || !this.#token)) {
			const text = await this.#ask(this.#need ?? 'initial');
			if (!this.#use(text, true) && !this.refused()) {
				break;
			}
		}
		if (!this.#token) {
			throw new UnauthorizedError('there is no token that could be one of this user');
		}
		return this.#login(this.#token);
	}

	/** @param {Reason} reason */
	async #ask(reason) {
		return new Promise((resolve, reject) => {
			const stop = this.#clock.after(TIMEOUT, () => reject(new ChatError('token', 'getToken takes too long')), { keep: true });
			Promise.resolve().then(() => this.#getToken?.({ reason })).then(resolve, reject).finally(stop);
		});
	}

	/**
	 * @param {unknown} text
	 * @param {boolean} fresh
	 * @returns {boolean}
	 */
	#use(text, fresh) {
		const token = readToken(text);
		this.#fresh = fresh;
		this.#token = token && (token.id ?? this.id) !== null && (this.id ?? token.id) === (token.id ?? this.id) ? token : null;
		if (this.#token) {
			this.id ??= this.#token.id;
			this.name = this.#token.name ?? this.name;
			this.#need = null;
			this.#expires = this.#expiry(this.#token);
			const left = this.#expires - this.#wallClock();
			this.#renewAt = this.#expires - Math.min(LEAD, left / 4);
		}
		return this.#token !== null;
	}

	/**
	 * When it expires by our clock, which may be wrong: a fresh token is as old as its signer says.
	 * @param {import('./token.js').Token} token
	 */
	#expiry({ expires, lifetime }) {
		const now = this.#wallClock();
		if (expires === null) {
			return Infinity;
		}
		const own = this.#fresh && lifetime !== null ? now + lifetime : Infinity;
		return this.#fresh && expires <= now ? own : Math.min(expires, own);
	}

	/**
	 * @param {import('./token.js').Token} token
	 * @returns {Login}
	 */
	#login({ text, id }) {
		const me = /** @type {string} */ (this.id);
		return { id: me, name: this.name, username: id === null ? `${me}:${this.name ?? ''}` : me, password: text };
	}
}
