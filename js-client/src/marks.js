// How far this user has read, told to the plugin: not too often, and only while somebody looks.

import { Alarm } from './clock.js';

const EVERY = 1000;

export class ReadMarks {
	/** How far we have read, as far as the plugin has confirmed it. */
	confirmed = 0;
	#wanted = 0;
	#sent = 0;
	#sentAt = -Infinity;
	#clock;
	#send;
	#visible;
	#alarm;

	/**
	 * @param {import('./clock.js').Clock} clock
	 * @param {() => boolean} visible
	 * @param {(seq: number) => boolean} send false: it cannot be sent now
	 */
	constructor(clock, visible, send) {
		this.#clock = clock;
		this.#visible = visible;
		this.#send = send;
		this.#alarm = new Alarm(clock);
	}

	/** @param {number} seq */
	want(seq) {
		this.#wanted = Math.max(this.#wanted, seq);
		this.flush();
	}

	/** @param {number} seq */
	confirm(seq) {
		this.confirmed = Math.max(this.confirmed, seq);
	}

	/** Sends what has to be sent, if it may be now. */
	flush() {
		if (this.#wanted <= Math.max(this.confirmed, this.#sent) || !this.#visible() || this.#alarm.armed) {
			return;
		}
		const wait = this.#sentAt + EVERY - this.#clock.now();
		if (wait > 0) {
			this.#alarm.set(wait, () => this.flush());
		} else if (this.#send(this.#wanted)) {
			this.#sent = this.#wanted;
			this.#sentAt = this.#clock.now();
		}
	}

	/** What was sent on a connection that is gone may have been lost with it. */
	forget() {
		this.#sent = 0;
		this.#alarm.clear();
	}

	/**
	 * The plugin wants to be asked later.
	 * @param {number} retry_ms
	 */
	refused(retry_ms) {
		if (this.#sent > this.confirmed) {
			this.#sent = 0;
			this.#alarm.set(Math.max(retry_ms, EVERY), () => this.flush());
		}
	}

	clear() {
		this.forget();
		this.#wanted = 0;
	}
}
