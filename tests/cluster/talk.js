// Two people who write to each other without a pause, on a broker each, while something happens around them;
// and the account of it.

import assert from 'node:assert/strict';
import { is } from '../e2e/inbox.js';
import { pause, until } from '../stack/wait.js';

/** The `ref` of what asks for older pages. */
const OLDER = 'older';

/**
 * Their connections stay up. What one of them is echoed, both have: as `message`, once and in the order of `seq`, or in a
 * page of `history` that they were sent because they are to begin anew. In another epoch they do as PROTOCOL.md says:
 * they drop what they have, begin with the newest page, and ask for what is older.
 * @param {{ ann: import('./stage.js').Client, bob: import('./stage.js').Client, chat: string, epoch: string }} couple
 * @param {{ every?: number }} [options] ms between two messages of one of them
 */
export function startTalk({ ann, bob, chat, epoch }, { every = 10 } = {}) {
	const people = [ann, bob].map((client) => ({
		client, epoch, sent: 0, pages: 0,
		/** What they have, by `seq`. @type {Map<number, any>} */ has: new Map(),
		/** What they had in the epoch before. @type {any[]} */ dropped: [],
		/** The `seq` of what came as `message`, in this epoch. @type {number[]} */ heard: [],
		/** The `ref` of what they said themselves. */ echoed: new Set(),
	}));
	let over = false;

	/** @param {typeof people[number]} who @param {any} message */
	function take(who, message) {
		who.has.set(message.seq, message);
		if (message.user_id === who.client.id) {
			who.echoed.add(message.ref);
		}
	}

	/** @param {typeof people[number]} who */
	function askForOlder({ client, has }) {
		client.mqtt.publish(chat, JSON.stringify({ event: 'history', before: Math.min(...has.keys()), ref: OLDER }), { qos: 1 });
	}

	/** @param {typeof people[number]} who @param {any} page */
	function takePage(who, page) {
		const isAnother = page.epoch !== who.epoch;
		if (isAnother) {
			Object.assign(who, { epoch: page.epoch, dropped: [...who.has.values()], has: new Map(), heard: [] });
		}
		page.messages.forEach((/** @type {any} */ message) => take(who, message));
		who.pages++;
		if (page.more && (isAnother || page.ref === OLDER)) {
			askForOlder(who);
		}
	}

	/** @param {typeof people[number]} who */
	function hear(who) {
		for (const event of who.client.take(chat, (/** @type {any} */ it) => ['message', 'history'].includes(it.event) || it.ref === OLDER)) {
			if (event.event === 'history') {
				takePage(who, event);
			} else if (event.event === 'error') {
				setTimeout(() => askForOlder(who), event.retry_ms);
			} else {
				who.heard.push(event.seq);
				take(who, event);
			}
		}
	}

	/** @param {typeof people[number]} who */
	async function speak(who) {
		while (!over) {
			who.sent++;
			await who.client.publish(chat, { event: 'message', text: `${who.client.id} says ${who.sent}`, ref: `${who.client.id}-${who.sent}` });
			hear(who);
			await pause(every);
		}
	}
	const speaking = Promise.all(people.map(speak));
	// Looked at when the talk ends.
	speaking.catch(() => {});
	const sent = () => people.reduce((sum, who) => sum + who.sent, 0);

	return {
		sent,

		/** Both have been echoed further messages from now on. @param {string} what @param {number} [more] */
		async goesOn(what, more = 5) {
			const wanted = people.map((who) => who.echoed.size + more);
			await until(`both to be echoed ${more} messages more ${what}`, () => people.every((who, n) => who.echoed.size >= wanted[n]), { timeout: 60000 });
		},

		/**
		 * Ends it; everything that was said has been heard by both then, once and in order.
		 * @returns {Promise<{ count: number, pages: number }>} how many messages that were, and how many pages of history
		 *   the one has been sent who got fewer of them
		 */
		async end() {
			over = true;
			await speaking;
			await until('everything that was said to be heard by both', () => {
				people.forEach(hear);
				return people.every((who) => who.has.size >= sent());
			}, { timeout: 60000 }).catch((error) => {
				throw new Error(`${error.message}: sent ${sent()}; they have ${people.map((who) => describe([...who.has.keys()])).join(' and ')}`);
			});
			const all = Array.from({ length: sent() }, (_, n) => n + 1);
			for (const { client, has, heard, dropped } of people) {
				assert.deepEqual(heard, [...new Set(heard)].sort((a, b) => a - b), `as ${client.id} has heard it, once and in order`);
				assert.deepEqual([...has.keys()].sort((a, b) => a - b), all, `as ${client.id} has it`);
				assert.equal(new Set([...has.values()].map((it) => it.ref)).size, has.size, 'nothing is stored twice');
				assert.deepEqual(dropped.filter((it) => has.get(it.seq).ref !== it.ref), [], 'what was there before has kept its place');
			}
			return { count: sent(), pages: Math.min(...people.map((who) => who.pages)) };
		},
	};
}

/** @param {number[]} seqs */
function describe(seqs) {
	const last = Math.max(0, ...seqs);
	const missing = Array.from({ length: last }, (_, n) => n + 1).filter((seq) => !seqs.includes(seq));
	return `${seqs.length} up to ${last}, without ${missing.slice(0, 20).join(' ') || 'a gap'}`;
}

/**
 * After what has happened everything crosses, as before.
 * @param {{ ann: import('./stage.js').Client, bob: import('./stage.js').Client, chat: string }} couple
 */
export async function stillCross({ ann, bob, chat }) {
	await ann.typesUntilHeard(chat, [bob]);
	const echo = await ann.say(chat, 'and now?');
	assert.deepEqual(await bob.next(chat, is('message', { seq: echo.seq })), echo);
	await bob.publish(chat, { event: 'read', seq: echo.seq });
	await ann.next(chat, is('read', { user_id: bob.id, seq: echo.seq }));
}
