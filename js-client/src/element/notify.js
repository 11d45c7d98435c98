// What tells of a message to somebody who looks elsewhere: a sound, a number in the page's title, a desktop notice. Each
// only where an attribute of the inbox asks for it; none for what is muted, or read somewhere else.

import { summary } from './attachments.js';
import { texts } from './texts.js';

/** Messages in quick succession are one sound. */
const PAUSE = 1500;
const NOTICE_LENGTH = 200;
/** Both tones are over by then. */
const RINGS = 1000;

let rangAt = -Infinity;

/** Two short tones, made here: there is no file to load. */
function ring() {
	if (performance.now() - rangAt < PAUSE || !globalThis.AudioContext) {
		return;
	}
	rangAt = performance.now();
	const context = new AudioContext();
	const gain = context.createGain();
	gain.connect(context.destination);
	[660, 880].forEach((pitch, i) => {
		const tone = context.createOscillator();
		const [from, to] = [context.currentTime + i * 0.12, context.currentTime + i * 0.12 + 0.1];
		tone.frequency.value = pitch;
		gain.gain.setValueAtTime(0.08, from);
		gain.gain.exponentialRampToValueAtTime(0.001, to);
		tone.connect(gain);
		tone.start(from);
		tone.stop(to);
	});
	// Where nobody has touched the page yet, browsers let nothing sound, and no tone ever ends.
	setTimeout(() => context.close(), RINGS);
}

/**
 * @param {number} total
 * @param {string} title
 * @returns {string} the title with that number, instead of one that it had
 */
export function titleWith(total, title) {
	const bare = title.replace(/^\(\d+\) /, '');
	return total > 0 ? `(${total}) ${bare}` : bare;
}

export class Notices {
	/** @type {Map<string, Notification>} by peer */
	#open = new Map();

	/**
	 * @param {HTMLElement} element whose attributes say what is wanted
	 * @param {(peer: string) => void} select
	 */
	constructor(element, select) {
		this.element = element;
		this.select = select;
	}

	/**
	 * @param {string} peer
	 * @param {string} name
	 * @param {{ text: string, data?: any, deleted?: boolean }} message
	 */
	arrived(peer, name, message) {
		if (this.element.hasAttribute('sound')) {
			ring();
		}
		const { Notification } = globalThis;
		if (this.element.hasAttribute('notices') && document.hidden && Notification?.permission === 'granted') {
			this.#notify(peer, name, message);
		}
	}

	/** @param {string} peer @param {string} name @param {Parameters<typeof summary>[0]} message */
	#notify(peer, name, message) {
		try {
			const notice = new Notification(texts.notice(name), { body: summary(message).slice(0, NOTICE_LENGTH), tag: `mosquitto-chat ${peer}` });
			notice.onclick = () => {
				window.focus();
				this.select(peer);
				notice.close();
			};
			this.#open.set(peer, notice);
		} catch {
			// Browsers on phones leave notices to service workers.
		}
	}

	/** @param {import('../index.js').Unread} unread */
	counted({ total, chats }) {
		if (this.element.hasAttribute('title-count')) {
			document.title = titleWith(total, document.title);
		}
		for (const [peer, notice] of this.#open) {
			if (!chats.some((it) => it.peer === peer)) {
				notice.close();
				this.#open.delete(peer);
			}
		}
	}
}
