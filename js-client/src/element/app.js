// <mosquitto-chat-app>: inbox and conversation in one, beside each other or one at a time, by its own width.

import { MosquittoChat } from './conversation.js';
import { Base, icon, ICONS, make, upgrade } from './dom.js';
import { MosquittoChatInbox } from './inbox.js';
import { APP, styledRoot } from './style.js';
import { chooseLanguage, onTexts, texts } from './texts.js';

/** What both parts are told alike, and what is the inbox's. */
const SHARED = ['url', 'user-id', 'name', 'token', 'token-url', 'theme'];
const INBOX_ONLY = ['sound', 'title-count', 'notices'];

/**
 * Attributes: `peer` (whose conversation is open), those of the connection as <mosquitto-chat> has them, and of
 * <mosquitto-chat-inbox> `sound`, `title-count` and `notices`. Its content says how people are called: <data value="2">Ben</data>.
 * Properties: `chat` and `upload`. Events: those of both, and `chat-select` with a `peer` of '' when one goes back.
 */
export class MosquittoChatApp extends Base {
	static observedAttributes = ['peer', ...SHARED, ...INBOX_ONLY];

	#inbox = /** @type {MosquittoChatInbox} */ (make('mosquitto-chat-inbox', { for: 'conversation', part: 'inbox', exportparts: 'list, search, remark, person, avatar, count' }));
	#conversation = /** @type {MosquittoChat} */ (make('mosquitto-chat', {
		id: 'conversation', part: 'conversation',
		exportparts: 'header, avatar, name, presence, options, notice, log, remark, day, unread, bubble, bubble-mine, bubble-theirs, text, meta, '
			+ 'status, status-sending, status-sent, status-read, status-failed, quote, picture, file, reaction, failure, to-end, typing, composer, '
			+ 'input, send, attach, complaint, purpose, uploads, drop, more, actions',
	}));
	#back = make('button', { slot: 'before-name', class: 'back', part: 'back', type: 'button', onclick: () => this.#goBack() }, icon(ICONS.back));
	/** Whether the step into the conversation is one of the page's history. */
	#stepped = false;
	#watched = globalThis.MutationObserver && new MutationObserver(() => this.#copyNames());
	#onPop = () => {
		const peer = history.state?.chatPeer ?? '';
		// All other steps are the page's.
		if (peer || this.#stepped) {
			this.#stepped = peer !== '';
			this.peer = peer;
		}
	};
	#offTexts = () => {};

	constructor() {
		super();
		this.#conversation.append(this.#back);
		styledRoot(this, APP).append(make('div', { class: 'frame' }, this.#inbox, this.#conversation));
		this.#inbox.addEventListener('chat-select', (event) => this.#selected(/** @type {CustomEvent} */ (event)));
		this.#conversation.addEventListener('chat-back', () => this.#isNarrow && this.#goBack());
	}

	get chat() {
		return this.#conversation.chat;
	}

	/** A chat that the page has made. */
	set chat(chat) {
		this.#inbox.chat = chat;
		this.#conversation.chat = chat;
	}

	get upload() {
		return this.#conversation.upload;
	}

	set upload(upload) {
		this.#conversation.upload = upload;
	}

	/** Whose conversation is open; empty for nobody's. */
	get peer() {
		return this.getAttribute('peer') ?? '';
	}

	set peer(id) {
		if (id) {
			this.setAttribute('peer', id);
		} else {
			this.removeAttribute('peer');
		}
	}

	/** The same as a click in the inbox. @param {string} peer */
	select(peer) {
		this.#inbox.select(peer);
	}

	connectedCallback() {
		chooseLanguage();
		this.#offTexts = onTexts(() => this.#speak());
		this.#speak();
		upgrade(this, ['chat', 'upload', 'peer']);
		this.#copyNames();
		this.#watched?.observe(this, { childList: true, characterData: true, attributes: true, subtree: true, attributeFilter: ['value'] });
		globalThis.addEventListener('popstate', this.#onPop);
		if (history.state?.chatPeer && !this.peer) {
			// After a reload.
			this.#stepped = true;
			this.peer = history.state.chatPeer;
		}
	}

	disconnectedCallback() {
		this.#offTexts();
		this.#watched?.disconnect();
		globalThis.removeEventListener('popstate', this.#onPop);
	}

	/** @param {string} name @param {string | null} before @param {string | null} now */
	attributeChangedCallback(name, before, now) {
		if (before === now) {
			return;
		}
		const parts = name === 'peer' ? [this.#conversation] : INBOX_ONLY.includes(name) ? [this.#inbox] : [this.#inbox, this.#conversation];
		parts.forEach((part) => (now === null ? part.removeAttribute(name) : part.setAttribute(name, now)));
		if (name === 'peer' && now === null && this.#isNarrow) {
			this.#inbox.focus();
		}
	}

	get #isNarrow() {
		return getComputedStyle(this.#back).display !== 'none';
	}

	#speak() {
		this.#back.setAttribute('aria-label', texts.back);
	}

	#copyNames() {
		this.#inbox.replaceChildren(...[...this.querySelectorAll('data[value]')].map((it) => it.cloneNode(true)));
	}

	/** Where only one of the two is seen, the way back is the browser's as well. @param {CustomEvent} event */
	#selected(event) {
		queueMicrotask(() => {
			if (event.defaultPrevented) {
				return;
			}
			const { peer } = event.detail;
			if (this.#isNarrow && !this.peer) {
				history.pushState({ ...history.state, chatPeer: peer }, '');
				this.#stepped = true;
			}
			this.peer = peer;
			this.#conversation.focus();
		});
	}

	#goBack() {
		if (this.#stepped) {
			history.back();
		} else {
			this.peer = '';
		}
		this.dispatchEvent(new CustomEvent('chat-select', { detail: { peer: '', name: '' }, bubbles: true, composed: true }));
	}
}
