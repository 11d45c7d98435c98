// Which token to connect with, and when another one is needed.

import { ChatError, UnauthorizedError } from './errors.js';
import { limited } from './promise.js';
import { readToken } from './token.js';

/** So many fresh tokens refused in a row are no accident. */
const MOST_REFUSALS = 2;

/** An application that does not answer is asked again later. */
const TIMEOUT = 30000;

/** A JWT is replaced so long before it expires, or after three quarters of its life. */
const LEAD = 60000;

/**
 * @typedef {object} Login
 * @property {string} username
 * @property {string} password
 *
 * @typedef {ReturnType<typeof createCredentials>} Credentials
 */

/**
 * @param {Pick<import('./api.js').ChatOptions, 'id' | 'name' | 'token' | 'getToken'>} options
 * @param {import('./clock.js').Clock} clock
 * @param {() => number} [wallClock]
 */
export function createCredentials({ id: givenId, name: givenName, token: first, getToken }, clock, wallClock = Date.now) {
	let id = givenId ?? null;
	let name = givenName ?? null;
	/** @type {import('./token.js').Token | null} */
	let token = null;
	let fresh = false;
	/** These two in `wallClock`'s time. */
	let expires = Infinity;
	let renewAt = Infinity;
	/** @type {import('./api.js').Reason | null} */
	let need = null;
	let refusals = 0;
	/** @type {Promise<Login> | null} */
	let finding = null;
	/** Whoever waits for `getToken` waits no longer. @type {(error: Error) => void} */
	let abandon = () => {};

	/**
	 * When it expires by our clock, which may be wrong: a fresh token is as old as its signer says.
	 * @param {import('./token.js').Token} it
	 */
	const expiryOf = (it) => {
		const own = fresh ? wallClock() + it.lifetime : Infinity;
		return fresh && it.expires <= wallClock() ? own : Math.min(it.expires, own);
	};

	/** @param {unknown} text @returns {import('./token.js').Token | null} null: it is none, or somebody else's */
	const ownToken = (text) => {
		const read = readToken(text);
		const whose = read?.id ?? id;
		return whose !== null && whose === (id ?? whose) ? read : null;
	};

	/**
	 * @param {unknown} text
	 * @param {boolean} isFresh
	 * @returns {boolean} false: it is no token of this user
	 */
	const use = (text, isFresh) => {
		fresh = isFresh;
		token = ownToken(text);
		if (token) {
			id = token.id ?? id;
			name = token.name ?? name;
			need = null;
			expires = expiryOf(token);
			renewAt = expires - Math.min(LEAD, (expires - wallClock()) / 4);
		}
		return token !== null;
	};

	const ask = () => limited(clock, TIMEOUT, new Promise((resolve, reject) => {
		abandon = reject;
		Promise.resolve({ reason: need ?? 'initial' }).then(getToken).then(resolve, reject);
	}), 'token', 'getToken takes too long');

	/** @returns {boolean} whether another token may do better */
	const refused = () => {
		refusals += fresh ? 1 : 0;
		token = null;
		renewAt = -Infinity;
		need = 'rejected';
		return Boolean(getToken) && refusals < MOST_REFUSALS;
	};

	const find = async () => {
		if (!getToken && !token) {
			use(first, false);
		}
		if (token && expires <= wallClock()) {
			need ??= 'expiring';
		}
		while (getToken && (need || !token) && (use(await ask(), true) || refused())) {
			// Again, until it is a token: those that are none count as refused.
		}
		if (!token) {
			throw new UnauthorizedError('there is no token of this user');
		}
		const username = token.id === null ? `${id}:${name ?? ''}` : String(id);
		return { username, password: token.text };
	};

	// Who this is, is known at once where the page has brought a JWT.
	use(first, false);

	return {
		/** Who this is; null until a token says so. */
		id: () => id,
		name: () => name,
		/** Somebody calls connect(): what was is forgotten. */
		restart() {
			refusals = 0;
			need = token && need;
		},
		/**
		 * A login for now. Rejects with an UnauthorizedError when there will be none; else another try is due.
		 * @returns {Promise<Login>}
		 */
		get() {
			if (!finding) {
				const found = find().finally(() => {
					finding = finding === found ? null : finding;
				});
				finding = found;
			}
			return finding;
		},
		/** Nobody waits for a login any more. */
		stop() {
			abandon(new ChatError('closed'));
			finding = null;
		},
		/**
		 * The page has got another token.
		 * @param {string} text
		 * @returns {boolean} false: it is none of this user's
		 */
		offer(text) {
			const good = ownToken(text) !== null;
			if (good) {
				first = text;
				use(text, false);
			}
			return good;
		},
		/** Milliseconds until the token should be replaced; Infinity: never. */
		renewIn: () => (getToken ? renewAt - wallClock() : Infinity),
		/** The next login shall have a new token. */
		renew() {
			need ??= 'expiring';
		},
		/** The broker says that the token has expired. */
		expired() {
			expires = -Infinity;
		},
		accepted() {
			refusals = 0;
		},
		refused,
	};
}
