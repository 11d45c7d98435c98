// What can go wrong, as the caller gets to see it.

/** Trying such a publish again would end in the same way. */
const FINAL = /^(bad_.*|too_large|rejected|forbidden)$/;

/**
 * A refusal: by the plugin, or by this client before anything is sent.
 */
export class ChatError extends Error {
	/**
	 * @param {string} code one of the protocol's codes, or 'closed', 'unauthorized', 'token', 'store', 'protocol'
	 * @param {string} [reason] a sentence
	 * @param {number | null} [retry_ms] after which time another try makes sense, where the plugin said so
	 */
	constructor(code, reason = '', retry_ms = null) {
		super(reason ? `${code}: ${reason}` : code);
		this.name = 'ChatError';
		this.code = code;
		this.reason = reason;
		this.retry_ms = retry_ms;
	}
}

/**
 * Nobody is logged in: thrown by `getToken` to give up, and what `connect()` rejects with in the end.
 */
export class UnauthorizedError extends ChatError {
	/** @param {string} [reason] */
	constructor(reason = 'the login was refused') {
		super('unauthorized', reason);
		this.name = 'UnauthorizedError';
	}
}

/** @param {{ code: string, reason?: string, retry_ms?: number }} event the plugin's */
export const errorOf = ({ code, reason, retry_ms }) => new ChatError(code, reason, retry_ms);

/**
 * @param {string} code
 * @returns {boolean}
 */
export function isFinal(code) {
	return FINAL.test(code);
}

/**
 * Also when it comes from another copy of this package: two bundles may meet in one page.
 * @param {unknown} error
 * @returns {boolean}
 */
export function isUnauthorized(error) {
	return /** @type {any} */ (error)?.name === 'UnauthorizedError';
}
