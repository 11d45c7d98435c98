// What a client has received and no test has looked at yet.

import { PATIENCE, SLOW } from '../stack/wait.js';

/**
 * @typedef {Record<string, any> & { event?: string }} ChatEvent
 *
 * @typedef {object} Item
 * @property {string} topic
 * @property {ChatEvent} event the payload, read; an ordinary client's may be anything
 * @property {Buffer} payload
 * @property {import('mqtt-packet').IPublishPacket} packet
 *
 * @typedef {string | ((event: any) => unknown)} Match an event's name, or a predicate
 */

/**
 * A predicate for an event with these members, compared by value.
 * @param {string} event
 * @param {Record<string, unknown>} members
 * @returns {(event: any) => boolean}
 */
export function is(event, members) {
	return (candidate) => candidate.event === event
		&& Object.entries(members).every(([name, value]) => candidate[name] === value);
}

/**
 * @param {Match} match
 * @returns {(event: any) => unknown}
 */
function predicate(match) {
	return typeof match === 'string' ? (event) => event.event === match : match;
}

/** @param {Match} match */
function describe(match) {
	return typeof match === 'string' ? match : match.toString().slice(0, 120);
}

/** @param {Item[]} items */
function listed(items) {
	return items.map((item) => `  ${item.topic} ${item.payload.toString().slice(0, 200)}`).join('\n') || '  (nothing)';
}

/** @param {string} owner for messages */
export function createInbox(owner) {
	/** @type {Item[]} */
	const items = [];
	/** @type {Set<() => void>} */
	const waiting = new Set();

	/** @param {Item} item */
	function isOwnPeer({ topic, event }) {
		return event?.event === 'peer' && topic.split('/').slice(1).includes(owner.split(' ')[0]);
	}

	/**
	 * @param {string | null} topic null: any
	 * @param {Match} match
	 */
	function matching(topic, match) {
		const wanted = predicate(match);
		return items.filter((item) => (topic === null || item.topic === topic) && wanted(item.event));
	}

	/**
	 * Takes the first matching item out, waiting for it.
	 * @param {string | null} topic
	 * @param {Match} match
	 * @param {{ timeout?: number }} [options]
	 * @returns {Promise<Item>}
	 */
	function nextItem(topic, match, { timeout = PATIENCE } = {}) {
		return new Promise((resolve, reject) => {
			function look() {
				const [item] = matching(topic, match);
				if (item) {
					items.splice(items.indexOf(item), 1);
					stop();
					resolve(item);
				}
			}
			function stop() {
				clearTimeout(timer);
				waiting.delete(look);
			}
			const timer = setTimeout(() => {
				stop();
				const seconds = timeout * SLOW / 1000;
				reject(new Error(`waited ${seconds} s for ${describe(match)} on ${topic} at ${owner}; unread there:\n${listed(items)}`));
			}, timeout * SLOW);
			waiting.add(look);
			look();
		});
	}

	return {
		/** @param {Item} item */
		put(item) {
			items.push(item);
			for (const look of [...waiting]) {
				look();
			}
		},
		nextItem,
		/**
		 * The same, the event alone.
		 * @param {string | null} topic
		 * @param {Match} match
		 * @param {{ timeout?: number }} [options]
		 * @returns {Promise<ChatEvent>}
		 */
		async next(topic, match, options) {
			return (await nextItem(topic, match, options)).event;
		},
		/**
		 * Takes out all matching events that are here already.
		 * @param {string | null} topic
		 * @param {Match} [match]
		 * @returns {ChatEvent[]}
		 */
		take(topic, match = () => true) {
			const found = matching(topic, match);
			for (const item of found) {
				items.splice(items.indexOf(item), 1);
			}
			return found.map((item) => item.event);
		},
		/**
		 * Throws when a matching event is here.
		 * @param {string | null} topic
		 * @param {Match} [match] without it anything, but for `peer` in a chat of the owner's: that comes
		 *     whenever one of the two writes for the first time, is there, or has gone
		 */
		mustLack(topic, match) {
			const found = matching(topic, match ?? (() => true)).filter((item) => match !== undefined || !isOwnPeer(item));
			if (found.length > 0) {
				throw new Error(`${owner} has received on ${topic}, but should not have:\n${listed(found)}`);
			}
		},
	};
}
