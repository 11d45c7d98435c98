// What can be done with a conversation as a whole: no bell for it, and nothing to and from the other one any more.

import { make } from './dom.js';
import { Popup } from './popup.js';
import { texts } from './texts.js';

/**
 * @typedef {object} Standing how this user has arranged a conversation
 * @property {boolean} muted
 * @property {boolean} blocked by this user
 * @property {boolean} begun something was said in it
 */

export class PeerMenu {
	/**
	 * @param {HTMLElement} stage where both stand
	 * @param {HTMLElement} button opens it
	 * @param {{ mute: (on: boolean) => void, block: (on: boolean) => void }} deeds
	 */
	constructor(stage, button, deeds) {
		this.button = button;
		this.deeds = deeds;
		this.popup = new Popup(stage, 'menu', () => button.focus(), stage, (open) => button.setAttribute('aria-expanded', String(open)));
		this.popup.element.classList.add('of-peer');
	}

	/** @param {Standing} standing */
	toggle({ muted, blocked, begun }) {
		if (this.popup.isOpen) {
			this.popup.close();
			return;
		}
		const item = (/** @type {string} */ label, /** @type {() => void} */ act) =>
			make('button', { type: 'button', role: 'menuitem', onclick: () => (this.popup.close(true), act()) }, label);
		this.popup.fill(texts.options, [
			...(begun ? [item(muted ? texts.unmute : texts.mute, () => this.deeds.mute(!muted))] : []),
			item(blocked ? texts.unblock : texts.block, () => this.deeds.block(!blocked)),
		]);
		this.popup.enter();
	}
}
