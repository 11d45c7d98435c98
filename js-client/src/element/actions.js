// What can be done with a message: a button beside the one under the mouse, and a small dialog that the button, a
// long press, or a key opens. There is one of each, whatever the number of messages.

import { icon, ICONS, make } from './dom.js';
import { Popup } from './popup.js';
import { texts } from './texts.js';

/** Those that one finds everywhere; the field beside them takes any other. */
const USUAL = ['👍', '❤️', '😂', '😮', '😢', '🙏'];
/** Between the dialog and what it stands beside. */
const GAP = 4;

/**
 * @typedef {import('./connection.js').Room['messages'][number]} Message
 *
 * @typedef {object} Deeds
 * @property {(message: Message) => void} reply
 * @property {(message: Message) => void} edit
 * @property {(message: Message) => void} remove
 * @property {(message: Message, reaction: string) => void} react or takes it back
 */

/** @param {Message} message @returns {boolean} whether there is anything to do with it */
export const isOpen = ({ seq, deleted }) => seq !== null && !deleted;

export class Actions {
	#button = make('button', { class: 'more', part: 'more', type: 'button', hidden: true, tabindex: '-1', onclick: () => this.#openAtButton() }, icon(ICONS.more));
	/** The message whose the button or the dialog is. @type {{ child: HTMLElement, message: Message } | null} */
	#of = null;

	/**
	 * @param {HTMLElement} stage where button and dialog stand
	 * @param {HTMLElement} list of messages
	 * @param {(child: Element) => Message | undefined} messageOf
	 * @param {Deeds} deeds
	 */
	constructor(stage, list, messageOf, deeds) {
		this.stage = stage;
		this.messageOf = messageOf;
		this.deeds = deeds;
		/** Whether one may write here. */
		this.enabled = true;
		stage.append(this.#button);
		this.popup = new Popup(stage, 'dialog', () => this.#of?.child.focus({ preventScroll: true }));
		stage.addEventListener('pointerleave', () => this.#withdraw());
		// The click that follows a long press would take the focus, and close it.
		list.addEventListener('touchend', (event) => this.popup.isOpen && event.preventDefault());
	}

	/** @param {EventTarget | null} target @returns {boolean} whether it is in a message with which there is something to do */
	#take(target) {
		const child = /** @type {HTMLElement | null} */ (/** @type {Element | null} */ (target)?.closest('.message') ?? null);
		const message = child && this.messageOf(child);
		if (!child?.isConnected || !message || !isOpen(message)) {
			return false;
		}
		this.#of = { child, message };
		return true;
	}

	/** The button stands beside a message under the mouse. @param {EventTarget | null} target */
	offer(target) {
		if (this.popup.isOpen || !this.#take(target)) {
			return;
		}
		const bubble = this.#bubble();
		const stage = this.stage.getBoundingClientRect();
		this.#button.hidden = false;
		this.#button.setAttribute('aria-label', texts.actions);
		this.#button.title = texts.actions;
		const { offsetWidth } = this.#button;
		const after = this.#standsLeft() ? bubble.right + GAP : bubble.left - offsetWidth - GAP;
		this.#button.style.left = `${Math.max(GAP, Math.min(after - stage.left, stage.width - offsetWidth - GAP))}px`;
		this.#button.style.top = `${Math.max(GAP, bubble.top - stage.top)}px`;
	}

	#bubble() {
		return /** @type {Element} */ (this.#of?.child.querySelector('.bubble')).getBoundingClientRect();
	}

	/** Whether there is room to the right of the bubble, not to its left. */
	#standsLeft() {
		return Boolean(this.#of?.message.mine) === (getComputedStyle(this.stage).direction === 'rtl');
	}

	#withdraw() {
		this.#button.hidden = true;
	}

	#openAtButton() {
		if (this.#of) {
			this.open(this.#of.child);
		}
	}

	/** The log scrolls: what stands beside a message does not stay there. */
	moved() {
		this.#withdraw();
		if (this.popup.isOpen) {
			this.popup.close();
		}
	}

	/** @param {EventTarget | null} target in a message */
	open(target) {
		if (this.#take(target)) {
			this.#withdraw();
			this.popup.fill(texts.actions, this.#choices());
			this.#place();
			this.popup.enter();
		}
	}

	#place() {
		const bubble = this.#bubble();
		const stage = this.stage.getBoundingClientRect();
		const { element } = this.popup;
		const { offsetWidth, offsetHeight } = element;
		const left = this.#standsLeft() ? bubble.left : bubble.right - offsetWidth;
		const below = bubble.bottom + GAP + offsetHeight <= stage.bottom;
		const top = below ? bubble.bottom + GAP : bubble.top - GAP - offsetHeight;
		const within = (/** @type {number} */ at, /** @type {number} */ room) => `${Math.max(GAP, Math.min(at, room - GAP))}px`;
		element.style.left = within(left - stage.left, stage.width - offsetWidth);
		element.style.top = within(top - stage.top, stage.height - offsetHeight);
	}

	#choices() {
		const { message } = /** @type {{ message: Message }} */ (this.#of);
		const { reply, edit, remove, react } = this.deeds;
		const button = (/** @type {string} */ label, /** @type {(message: Message) => unknown} */ act) =>
			make('button', { type: 'button', onclick: () => (this.popup.close(true), act(message)) }, label);
		const reactTo = (/** @type {string} */ reaction) => button(reaction, () => react(message, reaction));
		const any = /** @type {HTMLInputElement} */ (make('input', { 'aria-label': texts.react, placeholder: '+', maxlength: '16', autocomplete: 'off' }));
		any.addEventListener('change', () => {
			const reaction = any.value.trim();
			if (reaction) {
				this.popup.close(true);
				react(message, reaction);
			}
		});
		return [
			...(this.enabled ? [make('div', { class: 'reactions', role: 'group', 'aria-label': texts.react }, ...USUAL.map(reactTo), any), button(texts.reply, reply)] : []),
			...(message.text ? [button(texts.copy, ({ text }) => navigator.clipboard?.writeText(text).catch(() => {}))] : []),
			...(this.enabled && message.mine ? [button(texts.edit, edit), button(texts.delete, remove)] : []),
		];
	}
}
