// Where a message is written: grows with its text, sends on Enter (a phone's Enter is a new line), and
// keeps what is too long.

import { icon, ICONS, isOnPhone, make, setText } from './dom.js';
import { texts } from './texts.js';
import { LONGEST_TEXT, sendable } from '../protocol.js';

/** Bytes from which on each change is measured. */
const LONG = LONGEST_TEXT / 4;

/** @param {string} text */
function bytesOf(text) {
	return new TextEncoder().encode(text).length;
}

export class Composer {
	#text = /** @type {HTMLTextAreaElement} */ (make('textarea', {
		part: 'input', rows: '1', dir: 'auto', autocomplete: 'off',
	}));
	#send = /** @type {HTMLButtonElement} */ (make('button', { class: 'send', part: 'send', type: 'submit' }, icon(ICONS.send)));
	#complaint = make('p', { class: 'complaint', part: 'complaint', role: 'alert' });
	#form = make('form', { part: 'composer' }, this.#text, this.#send);
	element = make('div', {}, this.#complaint, this.#form);

	/**
	 * @param {object} handlers
	 * @param {(text: string) => void} handlers.send
	 * @param {(on: boolean) => void} handlers.typing
	 * @param {() => void} handlers.changed the draft is another one
	 */
	constructor(handlers) {
		this.handlers = handlers;
		this.#text.addEventListener('input', () => {
			this.#changed();
			handlers.changed();
			handlers.typing(this.#text.value !== '');
		});
		this.#text.addEventListener('blur', () => handlers.typing(false));
		this.#text.addEventListener('keydown', (event) => this.#key(event));
		this.#form.addEventListener('submit', (event) => {
			event.preventDefault();
			this.#submit();
		});
		// A tap on the button must not close a phone's keyboard.
		this.#send.addEventListener('pointerdown', (event) => event.preventDefault());
		this.#changed();
	}

	/** @param {boolean} on */
	set enabled(on) {
		this.#text.disabled = !on;
		this.#text.placeholder = texts.write;
		this.#text.setAttribute('aria-label', texts.message);
		this.#text.setAttribute('enterkeyhint', isOnPhone() ? 'enter' : 'send');
		this.#send.setAttribute('aria-label', texts.send);
		this.#send.title = texts.send;
		this.#changed();
	}

	/** What is being written. */
	get draft() {
		return this.#text.value;
	}

	set draft(text) {
		this.#text.value = text;
		this.#changed();
	}

	focus() {
		this.#text.focus();
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		// An Enter that only confirms what an input method proposes is not ours.
		const plain = event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
		if (plain && !isOnPhone()) {
			event.preventDefault();
			this.#submit();
		}
	}

	#submit() {
		const text = sendable(this.#text.value).trim();
		if (text && bytesOf(text) <= LONGEST_TEXT && !this.#text.disabled) {
			this.draft = '';
			this.handlers.changed();
			this.handlers.send(text);
		}
	}

	#changed() {
		const text = this.#text.value;
		const over = text.length > LONG ? bytesOf(sendable(text).trim()) / LONGEST_TEXT - 1 : 0;
		setText(this.#complaint, over > 0 ? texts.tooLong(Math.ceil(over * 100)) : '');
		this.#complaint.hidden = over <= 0;
		this.#send.disabled = this.#text.disabled || over > 0 || text.trim() === '';
		this.#text.style.height = '';
		if (this.#text.scrollHeight > this.#text.clientHeight) {
			// Its border is not in scrollHeight.
			this.#text.style.height = `${this.#text.scrollHeight + 2}px`;
		}
	}
}
