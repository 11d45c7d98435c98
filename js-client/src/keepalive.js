// Whether the other end is still there, also in a tab whose timers run once a minute only.

import { Alarm } from './clock.js';

/** What we promise the broker in CONNECT, in seconds. It waits for one and a half times as long. */
export const KEEPALIVE = 120;

const EVERY = 25000;

/** After waking up: a socket that died in our sleep does not say so by itself. */
const SOON = 5000;

export class Keepalive {
	#alarm;
	#ping;
	#dead;
	#asked = false;

	/**
	 * @param {import('./clock.js').Clock} clock
	 * @param {{ ping: () => void, dead: () => void }} on
	 */
	constructor(clock, { ping, dead }) {
		this.#alarm = new Alarm(clock);
		this.#ping = ping;
		this.#dead = dead;
	}

	start() {
		this.#asked = false;
		this.#alarm.set(EVERY, () => this.#ask(EVERY));
	}

	/** Something has arrived. */
	heard() {
		this.#asked = false;
	}

	/** Finds out now. */
	check() {
		this.#ask(SOON);
	}

	stop() {
		this.#alarm.clear();
	}

	/** @param {number} patience */
	#ask(patience) {
		this.#asked = true;
		this.#ping();
		this.#alarm.set(patience, () => (this.#asked ? this.#dead() : this.#ask(EVERY)));
	}
}
