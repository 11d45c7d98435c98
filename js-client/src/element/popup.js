// A small box that opens over the rest: Escape, the way elsewhere, and a press elsewhere close it; the arrows walk in it.

import { make } from './dom.js';
import { addStyle } from './style.js';
import { MORE } from './style-more.js';
import { stepTo } from './walk.js';

export class Popup {
	/** Something in the page is pressed while it is open. @type {(event: Event) => void} */
	#pressed;

	/**
	 * @param {HTMLElement} stage in which it stands
	 * @param {'dialog' | 'menu'} role
	 * @param {() => void} closed is told after Escape, or a choice: the focus goes back to where it was
	 * @param {HTMLElement} [inside] what is no elsewhere, where that is more than the box
	 * @param {(open: boolean) => void} [toggled]
	 */
	constructor(stage, role, closed, inside, toggled = () => {}) {
		this.element = make('div', { class: 'actions', part: 'actions', role, hidden: true });
		this.closed = closed;
		this.toggled = toggled;
		addStyle(stage, MORE);
		stage.append(this.element);
		const leave = (/** @type {EventTarget | null} */ to) => {
			if (to && !(inside ?? this.element).contains(/** @type {Node} */ (to))) {
				this.close();
			}
		};
		this.element.addEventListener('keydown', (event) => this.#key(event));
		this.element.addEventListener('focusout', ({ relatedTarget }) => leave(relatedTarget));
		this.#pressed = (event) => leave(event.composedPath()[0]);
	}

	get isOpen() {
		return !this.element.hidden;
	}

	/** @param {string} label @param {Node[]} content */
	fill(label, content) {
		this.element.setAttribute('aria-label', label);
		this.element.replaceChildren(...content);
		this.element.hidden = false;
		this.toggled(true);
		document.addEventListener('pointerdown', this.#pressed, true);
	}

	/** The focus goes to the first of what can be done. */
	enter() {
		/** @type {HTMLElement | null} */ (this.element.querySelector('button'))?.focus({ preventScroll: true });
	}

	/** @param {boolean} [back] the focus goes to where it was */
	close(back = false) {
		document.removeEventListener('pointerdown', this.#pressed, true);
		this.element.hidden = true;
		this.element.replaceChildren();
		this.toggled(false);
		if (back) {
			this.closed();
		}
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		const all = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll('button, input')]);
		const next = /^(Arrow|Home|End)/.test(event.key) && all[stepTo(event.key, all.findIndex((it) => it.matches(':focus')), all.length) ?? -1];
		if (event.key === 'Escape') {
			event.preventDefault();
			this.close(true);
		} else if (next && !(/^(Home|End)$/.test(event.key) && event.target instanceof HTMLInputElement)) {
			event.preventDefault();
			next.focus();
		}
		event.stopPropagation();
	}
}
