// Who the other one is: picture, name, and whether they are in this chat, online, or when they last were; and a button for
// what can be done with the conversation.

import { avatar, fill, icon, ICONS, make, setAttributes, setText } from './dom.js';
import { withMore } from './later.js';
import { texts } from './texts.js';
import { timesIn } from './times.js';

/**
 * @typedef {import('./connection.js').Room['peer']} Peer
 * @typedef {import('./peer-menu.js').Standing} Standing
 */

/**
 * @param {Pick<Peer, 'present' | 'online' | 'seenAt'>} peer
 * @param {string | undefined} language
 * @returns {string}
 */
export function presenceText({ present, online, seenAt }, language) {
	if (present || online) {
		return present ? texts.here : texts.online;
	}
	return seenAt ? texts.lastSeen(timesIn(language).lately(seenAt)) : texts.away;
}

export class Header {
	#picture = make('span');
	#name = make('bdi');
	#muted = make('span', { class: 'muted', hidden: true }, icon(ICONS.muted), make('span', { class: 'spoken' }));
	#presence = make('span', { class: 'presence', part: 'presence' });
	#button = make('button', { class: 'options', part: 'options', type: 'button', 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: () => this.#toggleMenu() }, icon(ICONS.more));
	#corner = make('div', { class: 'corner' }, this.#button);
	element = make('div', { class: 'header', part: 'header' },
		make('slot', { name: 'before-name' }), this.#picture,
		make('div', { class: 'who' }, make('div', { class: 'name cut', part: 'name' }, this.#name, this.#muted), this.#presence),
		make('slot', { name: 'after-name' }), this.#corner);
	/** @type {import('./peer-menu.js').PeerMenu | null} */
	#menu = null;
	/** Whose conversation it is. */
	#id = '';

	/**
	 * @param {object} deeds
	 * @param {() => Promise<Standing>} deeds.standing
	 * @param {(on: boolean) => void} deeds.mute
	 * @param {(on: boolean) => void} deeds.block
	 */
	constructor(deeds) {
		this.deeds = deeds;
	}

	async #toggleMenu() {
		const id = this.#id;
		const standing = await this.deeds.standing();
		withMore(({ PeerMenu }) => {
			this.#menu ??= new PeerMenu(this.#corner, this.#button, this.deeds);
			if (id === this.#id) {
				this.#menu.toggle(standing);
			}
		});
	}

	/**
	 * @param {string} id empty for nobody
	 * @param {string} name
	 * @param {Peer | null} peer null: nothing is known of them now
	 * @param {boolean} muted
	 * @param {string | undefined} language
	 */
	show(id, name, peer, muted, language) {
		this.element.hidden = !id;
		if (id !== this.#id) {
			this.#id = id;
			this.#menu?.popup.close();
		}
		setText(this.#name, name);
		fill(this.#picture, [{ key: 'avatar', look: `${id} ${name}`, make: () => avatar(id, name) }]);
		this.#muted.hidden = !muted;
		setText(/** @type {Node} */ (this.#muted.lastChild), texts.muted);
		setAttributes(this.#button, { 'aria-label': texts.options, title: texts.options });
		this.#presence.hidden = !peer;
		this.#presence.classList.toggle('here', Boolean(peer?.present || peer?.online));
		setText(this.#presence, peer ? presenceText(peer, language) : '');
	}
}
