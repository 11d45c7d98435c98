// Typing: said sparingly, believed for a short time.

import { Alarm } from './clock.js';

/** At most one event in so many milliseconds. */
const EVERY = 3000;

/** What is not said again ends by itself. */
const LASTS = 6000;

/** What this user does, told to the peer. */
export class TypingSender {
	#clock;
	#send;
	#alarm;
	#wanted = false;
	/** What the peer believes. */
	#told = false;
	#sentAt = -Infinity;

	/**
	 * @param {import('./clock.js').Clock} clock
	 * @param {(on: boolean) => boolean} send false: it could not be sent
	 */
	constructor(clock, send) {
		this.#clock = clock;
		this.#send = send;
		this.#alarm = new Alarm(clock);
	}

	/** @param {boolean} on */
	set(on) {
		this.#wanted = on;
		const stale = on && this.#clock.now() - this.#sentAt >= EVERY;
		if (stale || on !== this.#told) {
			this.#tell();
		}
	}

	/** The peer does not believe it any more: a message has gone out, or the connection is gone. */
	over() {
		this.#wanted = false;
		this.#told = false;
		this.#alarm.clear();
	}

	#tell() {
		const wait = this.#sentAt + EVERY - this.#clock.now();
		if (wait > 0) {
			this.#alarm.set(wait, () => this.#wanted !== this.#told && this.#tell());
		} else if (this.#send(this.#wanted)) {
			this.#told = this.#wanted;
			this.#sentAt = this.#clock.now();
			this.#alarm.clear();
		}
	}
}

/** What the peer does. */
export class TypingReceiver {
	on = false;
	#alarm;
	#changed;

	/**
	 * @param {import('./clock.js').Clock} clock
	 * @param {() => void} changed
	 */
	constructor(clock, changed) {
		this.#alarm = new Alarm(clock);
		this.#changed = changed;
	}

	/** @param {boolean} on */
	set(on) {
		this.#alarm.clear();
		if (on) {
			this.#alarm.set(LASTS, () => this.set(false));
		}
		if (on !== this.on) {
			this.on = on;
			this.#changed();
		}
	}
}
