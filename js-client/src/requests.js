// Questions to the plugin, each asked until it is answered.

import { Alarm } from './clock.js';
import { ChatError, isFinal } from './errors.js';
import { randomId } from './random.js';

const PATIENCE = 10000;

/** Where the plugin does not say when to ask again. */
const PAUSE = 2000;

/**
 * @typedef {object} Question
 * @property {object} members
 * @property {Alarm} alarm
 * @property {(event: any) => void} resolve
 * @property {(error: Error) => void} reject
 */

export class Requests {
	/** By ref. @type {Map<string, Question>} */
	#open = new Map();
	#clock;
	#send;

	/**
	 * @param {import('./clock.js').Clock} clock
	 * @param {(members: any) => boolean} send false: there is no way now; `again()` is called when there is
	 */
	constructor(clock, send) {
		this.#clock = clock;
		this.#send = send;
	}

	/**
	 * @param {object} members
	 * @returns {Promise<any>} the answer
	 */
	ask(members) {
		return new Promise((resolve, reject) => {
			const ref = `q-${randomId()}`;
			this.#open.set(ref, { members: { ...members, ref }, alarm: new Alarm(this.#clock), resolve, reject });
			this.#ask(ref);
		});
	}

	/** Asks everything again: there is a connection. */
	again() {
		for (const ref of [...this.#open.keys()]) {
			this.#ask(ref);
		}
	}

	/**
	 * @param {{ ref?: string }} event
	 * @returns {boolean} whether it was an answer
	 */
	answer(event) {
		const question = this.#take(event.ref);
		question?.resolve(event);
		return question !== null;
	}

	/**
	 * @param {import('./protocol.js').ErrorEvent} event
	 * @returns {boolean} whether it was meant for one of these
	 */
	refuse({ ref, code, reason, retry_ms }) {
		const question = this.#open.get(ref ?? '');
		if (question && isFinal(code)) {
			this.#take(ref)?.reject(new ChatError(code, reason));
		} else if (question) {
			question.alarm.set(retry_ms ?? PAUSE, () => this.#ask(/** @type {string} */ (ref)));
		}
		return question !== undefined;
	}

	/** @param {Error} error */
	cancel(error) {
		for (const ref of [...this.#open.keys()]) {
			this.#take(ref)?.reject(error);
		}
	}

	/** @param {string} ref */
	#ask(ref) {
		const question = this.#open.get(ref);
		if (question && this.#send(question.members)) {
			question.alarm.set(PATIENCE, () => this.#ask(ref));
		}
	}

	/** @param {string} [ref] */
	#take(ref = '') {
		const question = this.#open.get(ref) ?? null;
		question?.alarm.clear();
		this.#open.delete(ref);
		return question;
	}
}
