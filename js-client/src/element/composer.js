// Where a message is written: grows with its text, sends on Enter (a phone's Enter is a new line), keeps what is too
// long, and says what the text is for: a new message, an answer, or another text for an own one.

import { summary } from './attachments.js';
import { icon, ICONS, isOnPhone, make, setAttributes, setText } from './dom.js';
import { withMore } from './later.js';
import { quoted } from './quote.js';
import { texts } from './texts.js';
import { LONGEST_TEXT, sendable } from '../protocol.js';

/** Bytes from which on each change is measured. */
const LONG = LONGEST_TEXT / 4;

/** @param {string} text */
function bytesOf(text) {
	return new TextEncoder().encode(text).length;
}

/**
 * @typedef {import('./connection.js').Room['messages'][number]} Message
 *
 * @typedef {object} Purpose
 * @property {'edit' | 'reply'} kind
 * @property {Message} message
 * @property {string} author
 */

export class Composer {
	#text = /** @type {HTMLTextAreaElement} */ (make('textarea', {
		part: 'input', rows: '1', dir: 'auto', autocomplete: 'off',
	}));
	#send = /** @type {HTMLButtonElement} */ (make('button', { class: 'send', part: 'send', type: 'submit' }, icon(ICONS.send)));
	#complaint = make('p', { class: 'complaint', part: 'complaint', role: 'alert' });
	#purposeLine = make('div', { class: 'purpose', part: 'purpose', hidden: true });
	#form = make('form', { part: 'composer' }, this.#text, this.#send);
	element = make('div', {}, this.#complaint, this.#purposeLine, this.#form);
	/** Once the page has said how files get to it. @type {import('./uploads.js').Uploads | null} */
	#uploads = null;

	/** @type {Purpose | null} */
	#purpose = null;
	/** What was being written before another text is edited. */
	#before = '';
	/** Given by the page. @type {import('./uploads.js').Upload | null} */
	#upload = null;

	/**
	 * @param {object} handlers
	 * @param {(text: string, more: { data?: Record<string, any>, replyTo?: number }) => void} handlers.send
	 * @param {(message: Message, text: string) => void} handlers.edit
	 * @param {() => Message | undefined} handlers.latest the own message that can be edited without saying which
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
		this.element.addEventListener('keydown', (event) => this.#key(event));
		this.#form.addEventListener('submit', (event) => {
			event.preventDefault();
			this.#submit();
		});
		// A tap on the button must not close a phone's keyboard.
		this.#send.addEventListener('pointerdown', (event) => event.preventDefault());
		this.#changed();
	}

	/** Why nothing can be written here; '': it can. @param {string} reason */
	set closed(reason) {
		const news = this.#text.disabled === (reason === '');
		this.#text.disabled = reason !== '';
		setAttributes(this.#text, {
			placeholder: reason || texts.write, 'aria-label': texts.message, enterkeyhint: isOnPhone() ? 'enter' : 'send',
		});
		this.#label();
		if (news) {
			this.#changed();
		}
	}

	/** Names what can be pressed. */
	#label() {
		const label = this.#purpose?.kind === 'edit' ? texts.save : texts.send;
		setAttributes(this.#send, { 'aria-label': label, title: label });
		this.#uploads?.show(Boolean(this.#upload) && !this.#text.disabled);
	}

	/** What is being written; not the text of an old message that is being edited. */
	get draft() {
		return this.#purpose?.kind === 'edit' ? this.#before : this.#text.value;
	}

	set draft(text) {
		this.#purpose = null;
		this.#showPurpose();
		this.#write(text);
	}

	/** How files get to the application; null: there are no files here. */
	get upload() {
		return this.#upload;
	}

	set upload(upload) {
		this.#upload = upload;
		if (upload) {
			withMore(({ Uploads }) => {
				this.#uploads ??= new Uploads(this.#form, this.#text, {
					upload: () => (this.#text.disabled || this.#form.offsetParent === null ? null : this.#upload),
					changed: () => this.#changed(),
				});
				this.#label();
			});
		}
		this.#label();
	}

	focus() {
		this.#text.focus();
	}

	/** For another conversation. */
	clear() {
		this.draft = '';
		this.#uploads?.clear();
	}

	/** @param {Purpose | null} purpose */
	set purpose(purpose) {
		const draft = this.draft;
		this.#before = draft;
		this.#purpose = purpose;
		this.#write(purpose?.kind === 'edit' ? purpose.message.text : draft);
		this.#showPurpose();
		this.#label();
		this.#text.focus();
	}

	#showPurpose() {
		this.#purposeLine.hidden = !this.#purpose;
		if (!this.#purpose) {
			return;
		}
		const { kind, message, author } = this.#purpose;
		const title = kind === 'edit' ? texts.editing : texts.replyingTo(author);
		this.#purposeLine.replaceChildren(
			make('div', { class: 'quote' }, ...quoted({ text: summary(message) }, title)),
			make('button', { type: 'button', 'aria-label': texts.cancel, title: texts.cancel, onclick: () => { this.purpose = null; } }, icon(ICONS.close)));
	}

	/** @param {string} text */
	#write(text) {
		this.#text.value = text;
		this.#changed();
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		// An Enter that only confirms what an input method proposes is not ours.
		const ours = !event.shiftKey && !event.isComposing && event.keyCode !== 229;
		const inText = ours && event.target === this.#text;
		if (inText && event.key === 'Enter' && !isOnPhone()) {
			event.preventDefault();
			this.#submit();
		} else if (ours && event.key === 'Escape' && this.#purpose) {
			event.preventDefault();
			this.purpose = null;
		} else if (inText && event.key === 'ArrowUp' && this.#text.value === '' && !this.#purpose) {
			const message = this.handlers.latest();
			if (message) {
				event.preventDefault();
				this.purpose = { kind: 'edit', message, author: texts.you };
			}
		}
	}

	/** What would be sent. */
	get #content() {
		return sendable(this.#text.value).trim();
	}

	/** Those that go with it. */
	get #files() {
		return this.#uploads ?? { attachments: [], busy: false };
	}

	get #ready() {
		const { attachments, busy } = this.#files;
		const text = this.#content;
		const something = text !== '' || attachments.length > 0 || Boolean(this.#purpose?.kind === 'edit' && this.#purpose.message.data);
		return something && !busy && bytesOf(text) <= LONGEST_TEXT && !this.#text.disabled;
	}

	#submit() {
		if (!this.#ready) {
			return;
		}
		const text = this.#content;
		const purpose = this.#purpose;
		if (purpose?.kind === 'edit') {
			this.purpose = null;
			this.handlers.edit(purpose.message, text);
			return;
		}
		const { attachments } = this.#files;
		const replyTo = purpose?.message.seq ?? undefined;
		this.clear();
		this.handlers.changed();
		this.handlers.send(text, { ...(attachments.length > 0 && { data: { attachments } }), ...(replyTo && { replyTo }) });
	}

	#changed() {
		const text = this.#text.value;
		const over = text.length > LONG ? bytesOf(sendable(text).trim()) / LONGEST_TEXT - 1 : 0;
		setText(this.#complaint, over > 0 ? texts.tooLong(Math.ceil(over * 100)) : '');
		this.#complaint.hidden = over <= 0;
		this.#send.disabled = !this.#ready;
		this.#text.style.height = '';
		if (this.#text.scrollHeight > this.#text.clientHeight) {
			// Its border is not in scrollHeight.
			this.#text.style.height = `${this.#text.scrollHeight + 2}px`;
		}
	}
}
