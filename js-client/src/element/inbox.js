// <mosquitto-chat-inbox for="chat">: who wrote, the newest first, and who else there is to write to.

import { lineFor, lineOf, settingsOf } from './connection.js';
import { avatar, Base, fill, languageOf, make, upgrade } from './dom.js';
import { INBOX, styledRoot } from './style.js';
import { chooseLanguage, onTexts, texts } from './texts.js';
import { stepTo, stopAt } from './walk.js';
import { timesIn } from './times.js';
import { isUserId } from '../topic.js';

/**
 * @typedef {import('./connection.js').Chat} Chat
 * @typedef {import('./connection.js').Line} Line
 *
 * @typedef {object} Person
 * @property {string} peer
 * @property {string} [name]
 * @property {number} count unread messages
 * @property {{ text: string, sent_at: Date, mine: boolean } | null} last
 */

/**
 * Attributes: `for` (the id of the <mosquitto-chat> in which a choice opens), and those of the connection
 * as <mosquitto-chat> has them. Its content says who there is besides those who wrote, and how people
 * are called: <data value="2">Ben</data>. Events: `chat-select` with { peer, name } as detail, which can
 * be cancelled; `chat-unread` with { total }.
 */
export class MosquittoChatInbox extends Base {
	static observedAttributes = ['for', 'url', 'user-id', 'name', 'token', 'token-url'];

	#list = make('ul', { role: 'list' });
	#remark = make('p', { class: 'remark', part: 'remark' });
	#nav = make('nav', { part: 'list', onkeydown: (event) => this.#key(/** @type {KeyboardEvent} */ (event)), onfocusin: () => this.#placeStop() },
		this.#list, this.#remark);
	/** @type {Map<string, Person>} */
	#people = new Map();
	/** @type {Line | null} */
	#line = null;
	/** @type {Chat | null} */
	#given = null;
	#total = -1;
	#due = false;
	#offTexts = () => {};
	/** @type {(() => void)[]} */
	#offs = [];
	/** @type {(() => void)[]} */
	#roomOffs = [];
	/** @type {string | null} whose room we listen to: what is said there makes no notification */
	#heard = null;
	/** @type {Element | null} the conversation that we watch */
	#beside = null;
	#watched = globalThis.MutationObserver && new MutationObserver(() => this.#changed());

	constructor() {
		super();
		styledRoot(this, INBOX).append(this.#nav);
	}

	/** The chat whose inbox this is. */
	get chat() {
		return this.#line?.chat ?? this.#given;
	}

	set chat(chat) {
		this.#given = chat;
		this.#begin();
	}

	/** The conversation in which a choice opens. */
	get conversation() {
		const root = /** @type {Document | ShadowRoot} */ (this.getRootNode());
		return root.getElementById?.(this.getAttribute('for') ?? '') ?? null;
	}

	connectedCallback() {
		chooseLanguage();
		this.#offTexts = onTexts(() => this.#changed());
		upgrade(this, ['chat']);
		this.#begin();
	}

	disconnectedCallback() {
		this.#offTexts();
		this.#end();
	}

	/** @param {string} name @param {string | null} before @param {string | null} now */
	attributeChangedCallback(name, before, now) {
		if (this.isConnected && before !== now) {
			queueMicrotask(() => this.isConnected && this.#begin());
		}
	}

	/**
	 * Opens a conversation, as a click on it does.
	 * @param {string} peer
	 */
	select(peer) {
		const name = this.#nameOf(peer);
		const event = new CustomEvent('chat-select', { detail: { peer, name }, bubbles: true, composed: true, cancelable: true });
		const { conversation } = this;
		if (this.dispatchEvent(event) && conversation) {
			conversation.setAttribute('peer-name', this.#known.get(peer) ?? '');
			conversation.setAttribute('peer', peer);
			conversation.focus();
		}
		this.#changed();
	}

	/**
	 * Goes to the chosen conversation, or to the first.
	 * @override
	 */
	focus() {
		const button = this.#list.querySelector('[aria-current="true"]') ?? this.#list.querySelector('button');
		/** @type {HTMLElement | null} */ (button)?.focus();
	}

	// ---- What it hears

	#begin() {
		if (!this.isConnected) {
			return;
		}
		this.#end();
		const settings = this.#given ? null : settingsOf(this);
		this.#line = this.#given ? lineOf(this.#given) : settings && lineFor(settings);
		if (this.#line) {
			const { chat } = this.#line;
			this.#offs = [
				chat.on('unread', () => this.#counted()),
				chat.on('notification', (event) => this.#notified(event)),
				chat.on('state', () => this.#changed()),
			];
			this.#counted();
		}
		this.#watched?.observe(this, { childList: true, characterData: true, attributes: true, subtree: true });
		this.#changed();
	}

	#end() {
		this.#watched?.disconnect();
		this.#offs.splice(0).forEach((off) => off());
		this.#roomOffs.splice(0).forEach((off) => off());
		this.#heard = null;
		this.#beside = null;
		this.#line?.drop();
		this.#line = null;
		this.#people.clear();
	}

	/** @param {string} peer */
	#person(peer) {
		const person = this.#people.get(peer) ?? { peer, count: 0, last: null };
		this.#people.set(peer, person);
		return person;
	}

	/** The counts are the chat's; who has none left stays in the list. */
	#counted() {
		const { chats, total } = /** @type {Chat} */ (this.chat).unread;
		this.#people.forEach((it) => {
			it.count = 0;
		});
		for (const { peer, count, last } of chats) {
			const person = this.#person(peer);
			person.count = count;
			if (last) {
				this.#said(person, last);
			}
		}
		if (total !== this.#total) {
			this.#total = total;
			this.dispatchEvent(new CustomEvent('chat-unread', { detail: { total }, bubbles: true, composed: true }));
		}
		this.#changed();
	}

	/**
	 * @param {Person} person
	 * @param {{ user_id: string, text: string, sent_at: string | Date }} message
	 */
	#said(person, { user_id, text, sent_at }) {
		const last = { text, sent_at: new Date(sent_at), mine: user_id !== person.peer };
		if (!person.last || person.last.sent_at <= last.sent_at) {
			person.last = last;
		}
	}

	/** @param {import('../index.js').NotificationEvent} event */
	#notified({ chat, name, message }) {
		const peer = chat.split('/').slice(1).find((id) => id !== this.chat?.id) ?? '';
		const person = this.#person(peer);
		if (message.user_id === peer && name?.trim()) {
			person.name = name;
		}
		this.#said(person, message);
		this.#changed();
	}

	/** What is said in the open conversation makes no notification: it is heard there. */
	#listen() {
		const { conversation } = this;
		if (conversation && conversation !== this.#beside) {
			this.#beside = conversation;
			this.#watched?.observe(conversation, { attributes: true, attributeFilter: ['peer'] });
			conversation.addEventListener('chat-back', (event) => event.target === conversation && this.focus());
		}
		const peer = conversation?.getAttribute('peer') ?? null;
		const id = this.chat?.id;
		if (!this.chat || !id || peer === this.#heard) {
			return;
		}
		this.#roomOffs.splice(0).forEach((off) => off());
		this.#heard = peer;
		const name = this.#known.get(peer ?? '');
		if (name) {
			conversation?.setAttribute('peer-name', name);
		}
		if (peer && peer !== id && isUserId(peer)) {
			const room = this.chat.with(peer);
			const heard = () => {
				const last = room.messages[room.messages.length - 1];
				if (last) {
					this.#said(this.#person(peer), last);
					this.#changed();
				}
			};
			this.#roomOffs = [room.on('message', heard), room.on('reset', heard)];
			heard();
		}
	}

	// ---- What there is to see

	#changed() {
		if (!this.#due) {
			this.#due = true;
			setTimeout(() => {
				this.#due = false;
				if (this.isConnected) {
					this.#listen();
					this.#render();
				}
			});
		}
	}

	/** How the page calls people. */
	get #known() {
		const said = /** @type {NodeListOf<HTMLDataElement>} */ (this.querySelectorAll('data[value]'));
		return new Map([...said].map((it) => [it.value, it.textContent?.trim() ?? '']));
	}

	/** @param {string} peer */
	#nameOf(peer) {
		return this.#known.get(peer) || this.#people.get(peer)?.name || peer;
	}

	#render() {
		const known = this.#known;
		const written = [...this.#people.values()].filter((it) => it.last)
			.sort((a, b) => Number(b.last?.sent_at ?? 0) - Number(a.last?.sent_at ?? 0));
		const others = [...known.keys()].filter((peer) => !written.some((it) => it.peer === peer))
			.map((peer) => this.#people.get(peer) ?? { peer, count: 0, last: null });
		const current = this.conversation?.getAttribute('peer') ?? null;
		this.#nav.setAttribute('aria-label', texts.inbox);
		this.#remark.hidden = written.length + others.length > 0;
		this.#remark.textContent = texts.nobody;
		fill(this.#list, [...written, ...others].map((person) => this.#entry(person, current)));
		this.#placeStop();
	}

	/**
	 * @param {Person} person
	 * @param {string | null} current
	 * @returns {import('./dom.js').Entry}
	 */
	#entry(person, current) {
		const { peer, count, last } = person;
		const name = this.#nameOf(peer);
		const chosen = peer === current;
		return {
			key: peer,
			look: JSON.stringify([name, count, last, chosen, new Date().toDateString()]),
			make: () => {
				const made = make('li', {}, make('button', { type: 'button', part: 'person', onclick: () => this.select(peer) }));
				this.#dress(made, person, name, chosen);
				return made;
			},
			update: (child) => this.#dress(child, person, name, chosen),
		};
	}

	/**
	 * @param {HTMLElement} child
	 * @param {Person} person
	 * @param {string} name
	 * @param {boolean} chosen
	 */
	#dress(child, { peer, count, last }, name, chosen) {
		const button = /** @type {HTMLButtonElement} */ (child.firstElementChild);
		button.className = `person${count > 0 ? ' new' : ''}${last ? '' : ' quiet'}`;
		button.setAttribute('aria-current', String(chosen));
		const parts = [avatar(peer, name), make('span', { class: 'name cut' }, make('bdi', {}, name))];
		if (last) {
			const text = `${last.mine ? `${texts.you}: ` : ''}${last.text.slice(0, 200)}`;
			parts.push(make('time', { datetime: last.sent_at.toISOString() }, this.#when(last.sent_at)));
			parts.push(make('span', { class: 'last cut' }, make('bdi', {}, text)));
		}
		if (count > 0) {
			parts.push(make('span', { class: 'count', part: 'count' }, make('span', { 'aria-hidden': 'true', dir: 'ltr' }, count > 99 ? '99+' : String(count)),
				make('span', { class: 'spoken' }, texts.unreadCount(count))));
		}
		button.replaceChildren(...parts);
	}

	/** @param {Date} date */
	#when(date) {
		return timesIn(languageOf(this)).short(date);
	}

	get #buttons() {
		return /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll('button')]);
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		const all = this.#buttons;
		const next = all[stepTo(event.key, all.findIndex((it) => it.matches(':focus')), all.length) ?? -1];
		if (next) {
			event.preventDefault();
			next.focus();
		}
	}

	/** Tab comes to the row that has the focus, or had it last; else to that of the conversation that is open, or the first. */
	#placeStop() {
		const all = this.#buttons;
		stopAt(all, all.find((it) => it.matches(':focus')) ?? all.find((it) => it.ariaCurrent === 'true') ?? all[0]);
	}
}
