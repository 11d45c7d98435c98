// Real connections, in whose traffic a test can have a hand.

import { decode } from '../src/protocol.js';
import { openLink } from '../src/link.js';

/**
 * @param {object} [hand]
 * @param {(event: any, topic: string) => boolean} [hand.swallow] what the client does not get
 */
export function handledLinks({ swallow = () => false } = {}) {
	/** @type {{ link: import('../src/link.js').Link, clientId: string }[]} */
	const opened = [];
	/** @type {{ topic: string, event: any }[]} */
	const published = [];
	return {
		opened,
		published,
		/** @param {string} event */
		count: (event) => published.filter((it) => it.event.event === event).length,
		/** @type {typeof openLink} */
		openLink(options, on) {
			const link = openLink(options, {
				...on,
				arrived: (topic, payload) => swallow(decode(payload), topic) || on.arrived(topic, payload),
			});
			opened.push({ link, clientId: options.clientId });
			return {
				...link,
				publish(topic, payload, ...rest) {
					published.push({ topic, event: JSON.parse(payload) });
					link.publish(topic, payload, ...rest);
				},
			};
		},
	};
}
