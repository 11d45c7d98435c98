// Messages on their way: published in order, again and again, until each has its answer.

import { Alarm } from './clock.js';

/** Published and not answered yet, at most; a broker takes 20 at once from a client, unless told otherwise. */
const WIDEST = 16;

/** Without an echo for so long, a message is published again; the time doubles with each try. */
const PATIENCE = 10000;
const LONGEST_PATIENCE = 60000;

/** The plugin refuses all messages of a user for a second at least. */
const SHORTEST_HOLD = 1000;

/**
 * @typedef {object} Entry
 * @property {string} room
 * @property {string} ref
 * @property {string} text
 * @property {boolean} flying published, and not answered yet
 * @property {number} tries on this connection
 * @property {number} again when to publish it again, while it is flying
 */

export class Outbox {
	/** In the order of sending. @type {Entry[]} */
	#entries = [];
	/** The rooms whose answers reach us. @type {Set<string>} */
	#ready = new Set();
	#heldUntil = -Infinity;
	/** One after a refusal, and wider with each answer: what comes after the refused one must not overtake it. */
	#width = WIDEST;
	#clock;
	#publish;
	#alarm;

	/**
	 * @param {import('./clock.js').Clock} clock
	 * @param {(entry: { room: string, ref: string, text: string }) => boolean} publish false: there is no connection
	 */
	constructor(clock, publish) {
		this.#clock = clock;
		this.#publish = publish;
		this.#alarm = new Alarm(clock);
	}

	/**
	 * @param {string} room
	 * @param {string} ref
	 * @param {string} text
	 */
	add(room, ref, text) {
		this.#entries.push(entryOf(room, ref, text));
		this.#pump();
	}

	/**
	 * Messages of an earlier time, which go before all others.
	 * @param {string} room
	 * @param {{ ref: string, text: string }[]} messages
	 */
	addBefore(room, messages) {
		this.#entries.unshift(...messages.map(({ ref, text }) => entryOf(room, ref, text)));
		this.#pump();
	}

	/**
	 * A room is subscribed; what it has is published again.
	 * @param {string} room
	 */
	ready(room) {
		this.#ready.add(room);
		this.#ground((entry) => entry.room === room);
		this.#pump();
	}

	/** @param {string} room */
	left(room) {
		this.#ready.delete(room);
		this.#ground((entry) => entry.room === room);
	}

	/** The connection is gone, and whatever was on its way may be. */
	down() {
		this.#ready.clear();
		this.#ground(() => true);
		this.#alarm.clear();
	}

	/**
	 * It has its answer, whichever.
	 * @param {string} room
	 * @param {string} ref
	 */
	answered(room, ref) {
		this.#entries = this.#entries.filter((entry) => entry.room !== room || entry.ref !== ref);
		this.#width = Math.min(this.#width + 1, WIDEST);
		this.#pump();
	}

	/**
	 * It is to be sent later, and everything behind it too.
	 * @param {string} room
	 * @param {string} ref
	 * @param {number} retry_ms
	 */
	refused(room, ref, retry_ms) {
		this.#ground((entry) => entry.room === room && entry.ref === ref);
		this.#width = 1;
		this.#heldUntil = Math.max(this.#heldUntil, this.#clock.now() + Math.max(retry_ms, SHORTEST_HOLD));
		this.#pump();
	}

	/** @param {(entry: Entry) => boolean} which */
	#ground(which) {
		for (const entry of this.#entries.filter(which)) {
			entry.flying = false;
			entry.tries = 0;
		}
	}

	#pump() {
		const now = this.#clock.now();
		const entries = this.#entries.filter((entry) => this.#ready.has(entry.room));
		let flying = entries.filter((entry) => entry.flying).length;
		for (const entry of now >= this.#heldUntil ? entries : []) {
			if (entry.flying ? entry.again <= now : flying < this.#width) {
				flying += entry.flying ? 0 : 1;
				this.#send(entry, now);
			}
		}
		this.#wait(entries, now);
	}

	/**
	 * @param {Entry} entry
	 * @param {number} now
	 */
	#send(entry, now) {
		if (this.#publish(entry)) {
			entry.flying = true;
			entry.again = now + Math.min(PATIENCE * 2 ** entry.tries++, LONGEST_PATIENCE);
		}
	}

	/**
	 * @param {Entry[]} entries
	 * @param {number} now
	 */
	#wait(entries, now) {
		const held = this.#heldUntil > now;
		const next = held ? this.#heldUntil : Math.min(...entries.filter((entry) => entry.flying).map((entry) => entry.again));
		if (entries.length > 0 && next < Infinity) {
			this.#alarm.set(next - now, () => this.#pump());
		} else {
			this.#alarm.clear();
		}
	}
}

/**
 * @param {string} room
 * @param {string} ref
 * @param {string} text
 * @returns {Entry}
 */
function entryOf(room, ref, text) {
	return { room, ref, text, flying: false, tries: 0, again: 0 };
}
