// Who the other one is: picture, name, and whether they are in this chat, online, or when they last were.

import { avatar, fill, make, setText } from './dom.js';
import { texts } from './texts.js';
import { timesIn } from './times.js';

/**
 * @typedef {import('./connection.js').Room['peer']} Peer
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
	#presence = make('span', { class: 'presence', part: 'presence' });
	element = make('div', { class: 'header', part: 'header' },
		make('slot', { name: 'before-name' }), this.#picture,
		make('div', { class: 'who' }, make('div', { class: 'name cut', part: 'name' }, this.#name), this.#presence), make('slot', { name: 'after-name' }));

	/**
	 * @param {string} id empty for nobody
	 * @param {string} name
	 * @param {Peer | null} peer null: nothing is known of them now
	 * @param {string | undefined} language
	 */
	show(id, name, peer, language) {
		this.element.hidden = !id;
		setText(this.#name, name);
		fill(this.#picture, [{ key: 'avatar', look: `${id} ${name}`, make: () => avatar(id, name) }]);
		this.#presence.hidden = !peer;
		this.#presence.classList.toggle('here', Boolean(peer?.present || peer?.online));
		setText(this.#presence, peer ? presenceText(peer, language) : '');
	}
}
