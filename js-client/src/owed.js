// What a subscription is owed: its first answer, which the plugin may put off or refuse.

import { Alarm } from './clock.js';

/** Without an answer for so long, we ask by subscribing again. */
const PATIENCE = 10000;

/** The plugin has said that it answers when its store is back. */
const LONG_PATIENCE = 60000;

export class Owed {
	/** Whether the answer is still to come. */
	waiting = false;
	#alarm;
	#subscribe;

	/**
	 * @param {import('./clock.js').Clock} clock
	 * @param {() => void} subscribe does so again
	 */
	constructor(clock, subscribe) {
		this.#alarm = new Alarm(clock);
		this.#subscribe = subscribe;
	}

	/** A subscription is on its way. */
	due() {
		this.waiting = true;
		this.#again(PATIENCE);
	}

	/** It has come, or nobody waits for it any more. */
	settled() {
		this.waiting = false;
		this.#alarm.clear();
	}

	/**
	 * @param {string} code
	 * @param {number} retry_ms
	 */
	refused(code, retry_ms) {
		this.#again(code === 'unavailable' ? LONG_PATIENCE : retry_ms);
	}

	/** @param {number} ms */
	#again(ms) {
		this.#alarm.set(ms, () => this.#subscribe());
	}
}
