// Two people who write to each other without a pause, on a broker each, while something happens around them;
// and the account of it.

import assert from 'node:assert/strict';
import { is } from '../e2e/inbox.js';
import { pause, until } from '../stack/wait.js';

/**
 * Their connections stay up. What one of them is echoed, both have, once, and in the order of `seq`: as `message`, or in
 * a page of `history` that they were sent because they are to begin anew.
 * @param {{ ann: import('./stage.js').Client, bob: import('./stage.js').Client, chat: string }} couple
 * @param {{ every?: number }} [options] ms between two messages of one of them
 */
export function startTalk({ ann, bob, chat }, { every = 10 } = {}) {
	const people = [ann, bob].map((client) => ({ client, sent: 0, /** @type {any[]} */ heard: [], echoed: 0, pages: 0, paged: new Set() }));
	let over = false;

	/** @param {typeof people[number]} who */
	function hear(who) {
		for (const event of who.client.take(chat, (/** @type {any} */ it) => it.event === 'message' || it.event === 'history')) {
			const isPage = event.event === 'history';
			who.pages += Number(isPage);
			for (const message of isPage ? event.messages : [event]) {
				const known = isPage ? who.heard.some((it) => it.seq === message.seq) : who.paged.has(message.seq);
				if (!known) {
					who.heard.push(message);
					who.echoed += Number(message.user_id === who.client.id);
				}
				if (isPage) {
					who.paged.add(message.seq);
				}
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
			const wanted = people.map((who) => who.echoed + more);
			await until(`both to be echoed ${more} messages more ${what}`, () => people.every((who, n) => who.echoed >= wanted[n]), { timeout: 60000 });
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
				return people.every((who) => new Set(who.heard.map((it) => it.seq)).size >= sent());
			}, { timeout: 60000 }).catch((error) => {
				throw new Error(`${error.message}: sent ${sent()}; heard ${people.map((who) => describeHeard(who.heard)).join(' and ')}`);
			});
			const all = Array.from({ length: sent() }, (_, n) => n + 1);
			for (const { client, heard } of people) {
				assert.deepEqual(heard.map((it) => it.seq), all, `as ${client.id} has heard it`);
				assert.equal(new Set(heard.map((it) => it.ref)).size, heard.length, 'nothing is stored twice');
			}
			return { count: sent(), pages: Math.min(...people.map((who) => who.pages)) };
		},
	};
}

/** @param {any[]} heard */
function describeHeard(heard) {
	const seqs = heard.map((it) => it.seq);
	const missing = Array.from({ length: Math.max(0, ...seqs) }, (_, n) => n + 1).filter((seq) => !seqs.includes(seq));
	return `${seqs.length} up to ${Math.max(0, ...seqs)}, without ${missing.slice(0, 20).join(' ') || 'a gap'}`;
}

/**
 * After what has happened everything crosses, as before.
 * @param {{ ann: import('./stage.js').Client, bob: import('./stage.js').Client, chat: string }} couple
 */
export async function stillCross({ ann, bob, chat }) {
	await ann.publish(chat, { event: 'typing' });
	await bob.next(chat, 'typing');
	const echo = await ann.say(chat, 'and now?');
	assert.deepEqual(await bob.next(chat, is('message', { seq: echo.seq })), echo);
	await bob.publish(chat, { event: 'read', seq: echo.seq });
	await ann.next(chat, is('read', { user_id: bob.id, seq: echo.seq }));
}
