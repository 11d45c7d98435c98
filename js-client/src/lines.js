// The connections to the broker: the one that is used and, while a token is renewed, the one that will take its
// place once it hears all that the first one hears.

/**
 * @typedef {object} Line
 * @property {import('./link.js').Link} link
 * @property {boolean} up
 * @property {Map<string, boolean>} granted the answers to its subscriptions
 * @property {Set<string>} heard topics on which it has had something for us
 *
 * @typedef {object} LineEvents
 * @property {(first: boolean) => void} up a login was accepted; `first`: there was no other connection
 * @property {() => void} refused the newest login
 * @property {() => void} failed the newest connection has ended before it was of use
 * @property {(reason: number | null, replaced: boolean) => void} lost the used one has ended; `replaced`: another one has
 *   taken its place
 * @property {() => void} replaced the next one has taken over
 * @property {(topic: string) => void} subscribing
 * @property {(topic: string, granted: boolean) => void} subscribed comes again when another connection has taken over
 * @property {(topic: string, payload: Uint8Array) => void} arrived
 */

/**
 * @template Options
 * @param {(options: Options, on: import('./link.js').LinkEvents) => import('./link.js').Link} openLink
 * @param {LineEvents} on
 */
export function createLines(openLink, on) {
	/** What is or shall be subscribed. @type {Set<string>} */
	const topics = new Set();
	/** What we publish on. @type {Line | null} */
	let current = null;
	/** The first one, or the one with the next token, as long as it cannot take over. @type {Line | null} */
	let next = null;

	const lines = () => [current, next].flatMap((line) => (line?.up ? [line] : []));
	const forget = (/** @type {Line} */ line) => {
		next = next === line ? null : next;
	};

	/** @param {Line} heir */
	const takeOver = (heir) => {
		on.replaced();
		[...heir.granted].forEach(([topic, granted]) => on.subscribed(topic, granted));
	};
	const promote = () => {
		const heir = next;
		if (current && heir?.up && [...topics].every((topic) => heir.granted.has(topic))) {
			current.link.end();
			current = heir;
			next = null;
			takeOver(heir);
		}
	};

	/** @param {Line} line @param {string} topic */
	const subscribe = (line, topic) => {
		on.subscribing(topic);
		line.link.subscribe(topic, (granted) => {
			if (topics.has(topic)) {
				line.granted.set(topic, granted);
				if (line === current) {
					on.subscribed(topic, granted);
				}
				promote();
			}
		});
	};

	/** @returns {import('./link.js').LinkEvents} what happens to a line */
	const eventsOf = (/** @type {Line} */ line) => ({
		up() {
			line.up = true;
			const first = !current;
			if (first) {
				next = null;
				current = line;
			}
			on.up(first);
			topics.forEach((topic) => subscribe(line, topic));
			promote();
		},
		refused() {
			forget(line);
			on.refused();
		},
		down(reason) {
			forget(line);
			if (line !== current) {
				on.failed();
				return;
			}
			const heir = next?.up ? next : null;
			if (!heir) {
				next?.link.cut();
			}
			next = null;
			current = heir;
			on.lost(reason, heir !== null);
			if (heir) {
				takeOver(heir);
			}
		},
		arrived(topic, payload) {
			line.heard.add(topic);
			// What the next connection has said is newer than what the current one still has to say.
			if (line === next || (line === current && !next?.heard.has(topic))) {
				on.arrived(topic, payload);
			}
		},
	});

	const it = {
		/** Whether there is a connection. */
		up: () => current !== null,
		/** @returns {() => boolean} whether the connection of now still has no successor on its way */
		vacancy() {
			const old = current;
			return () => old !== null && old === current && !next;
		},
		/** Makes the first connection, or the next one. @param {Options} options */
		open(options) {
			/** @type {Line} */
			const line = { link: /** @type {any} */ (null), up: false, granted: new Map(), heard: new Set() };
			line.link = openLink(options, eventsOf(line));
			next = line;
		},
		/** Gives the next connection up. */
		cutNext() {
			next?.link.cut();
			next = null;
		},
		/** Forgets all, and returns the connection that was used: to be ended, or cut. */
		drop() {
			const last = current?.link;
			it.cutNext();
			current = null;
			return last;
		},
		/** Finds out soon whether the broker is still there. */
		check: () => current?.link.check(),
		/** @param {string} topic once more, where it is subscribed: the answers come again */
		subscribe(topic) {
			topics.add(topic);
			lines().forEach((line) => subscribe(line, topic));
		},
		/**
		 * @param {string} topic
		 * @returns {Promise<void>} once the broker knows
		 */
		async unsubscribe(topic) {
			topics.delete(topic);
			const left = lines().map(({ link, granted }) => {
				granted.delete(topic);
				return link.unsubscribe(topic);
			});
			promote();
			await Promise.all(left);
		},
		/**
		 * @param {string} topic
		 * @param {string} payload
		 * @param {0 | 1} [qos]
		 * @param {() => void} [denied] the broker does not let it through
		 * @returns {boolean} false: there is no connection
		 */
		publish(topic, payload, qos = 1, denied) {
			current?.link.publish(topic, payload, qos, denied);
			return current !== null;
		},
	};
	return it;
}
