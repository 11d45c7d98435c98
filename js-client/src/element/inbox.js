// <mosquitto-chat-inbox for="chat">: all conversations, the newest first, and who else there is to write to.

import { summary } from './attachments.js';
import { lineFor, lineOf, settingsOf } from './connection.js';
import { avatar, Base, fill, icon, ICONS, languageOf, make, setText, upgrade } from './dom.js';
import { heardName } from './names.js';
import { Notices } from './notify.js';
import { INBOX, styledRoot } from './style.js';
import { chooseLanguage, onTexts, texts } from './texts.js';
import { timesIn } from './times.js';
import { isUserId } from '../topic.js';
import { stepTo, stopAt } from './walk.js';

/** Fewer than these one sees at a glance. */
const SEARCHED = 6;
/** So close to the end of the list more of it is asked for; when that failed, not before this has passed. */
const NEAR_END = 300;
const PAUSE = 3000;

/**
 * @typedef {import('./connection.js').Chat} Chat
 * @typedef {import('./connection.js').Line} Line
 *
 * @typedef {object} Person
 * @property {string} peer
 * @property {string} name
 * @property {number} count unread messages
 * @property {Chat['chats'][number]['last']} last
 * @property {boolean} [muted]
 * @property {boolean} [blocked] by this user
 * @property {boolean | null} [online]
 */

/**
 * Attributes: `for` (the id of the <mosquitto-chat> in which a choice opens), `sound`, `title-count` and `notices` (what
 * tells of a message), and those of the connection as <mosquitto-chat> has them. Its content says who there is besides
 * those with whom something was said, and how people are called: <data value="2">Ben</data>. Events: `chat-select` with
 * { peer, name } as detail, which can be cancelled; `chat-unread` with { total }.
 */
export class MosquittoChatInbox extends Base {
	static observedAttributes = ['for', 'url', 'user-id', 'name', 'token', 'token-url'];

	#search = /** @type {HTMLInputElement} */ (make('input', { type: 'search', part: 'search', autocomplete: 'off', hidden: true, oninput: () => this.#render() }));
	#list = make('ul', { role: 'list' });
	#remark = make('p', { class: 'remark', part: 'remark', role: 'status' });
	#nav = make('nav', { part: 'list', onkeydown: (event) => this.#key(/** @type {KeyboardEvent} */ (event)), onfocusin: () => this.#placeStop() },
		this.#search, this.#list, this.#remark);
	#notices = new Notices(this, (peer) => this.select(peer));
	/** @type {Line | null} */
	#line = null;
	/** @type {Chat | null} */
	#given = null;
	#total = -1;
	/** Whether there are more conversations than those that are loaded; null: none is loaded yet. @type {boolean | null} */
	#more = null;
	#fetching = false;
	#triedMore = -Infinity;
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
		this.addEventListener('scroll', () => this.#lookDown(), { passive: true });
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
				chat.on('chats', () => this.#changed()),
				chat.on('notification', (event) => this.#notified(event)),
				chat.on('state', () => this.#stateChanged()),
			];
			this.#counted();
			this.#stateChanged();
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
		this.#more = null;
		this.#fetching = false;
		this.#triedMore = -Infinity;
		this.#line?.drop();
		this.#line = null;
	}

	#stateChanged() {
		if (this.chat?.state === 'online' && this.#more === null) {
			this.#fetchMore();
		}
		this.#changed();
	}

	async #fetchMore() {
		const { chat } = this;
		if (!chat || this.#fetching || Date.now() - this.#triedMore < PAUSE) {
			return;
		}
		this.#fetching = true;
		this.#changed();
		const more = await chat.moreChats().then((page) => page.more, () => null);
		if (this.chat !== chat) {
			return;
		}
		if (more === null) {
			this.#triedMore = Date.now();
			setTimeout(() => this.isConnected && this.#stateChanged(), PAUSE);
		}
		this.#more = more ?? this.#more;
		this.#fetching = false;
		this.#changed();
	}

	/** Near the end of the list the next conversations come; and while one searches, all the others. */
	#lookDown() {
		if (this.#more && this.scrollHeight - this.scrollTop - this.clientHeight < NEAR_END && this.clientHeight > 0) {
			this.#fetchMore();
		}
	}

	#counted() {
		const { unread } = /** @type {Chat} */ (this.chat);
		this.#notices.counted(unread);
		if (unread.total !== this.#total) {
			this.#total = unread.total;
			this.dispatchEvent(new CustomEvent('chat-unread', { detail: { total: unread.total }, bubbles: true, composed: true }));
		}
		this.#changed();
	}

	/** @param {import('../index.js').NotificationEvent} event */
	#notified({ chat, name, message, quiet }) {
		const peer = chat.split('/').slice(1).find((id) => id !== this.chat?.id) ?? '';
		if (!quiet && message.user_id === peer) {
			this.#notices.arrived(peer, this.#known.get(peer) || name?.trim() || peer, message);
		}
	}

	/** What is said in the open conversation makes no notification: it is heard there. */
	#listen() {
		const { conversation } = this;
		if (conversation && conversation !== this.#beside) {
			this.#beside = conversation;
			this.#watched?.observe(conversation, { attributes: true, attributeFilter: ['peer'] });
			const back = (/** @type {Event} */ event) => event.target === conversation && this.focus();
			conversation.addEventListener('chat-back', back);
			this.#offs.push(() => conversation.removeEventListener('chat-back', back));
		}
		const peer = conversation?.getAttribute('peer') ?? null;
		const name = this.#known.get(peer ?? '');
		if (name && conversation?.getAttribute('peer-name') !== name) {
			conversation?.setAttribute('peer-name', name);
		}
		const id = this.chat?.id;
		if (!this.chat || !id || peer === this.#heard) {
			return;
		}
		this.#roomOffs.splice(0).forEach((off) => off());
		this.#heard = peer;
		if (peer && peer !== id && isUserId(peer)) {
			const room = this.chat.with(peer);
			this.#roomOffs = [room.on('presence', () => this.#changed()), room.on('forbidden', () => this.#changed()), room.on('message', (message) => {
				const { muted = false } = this.chat?.chats.find((it) => it.peer === peer) ?? {};
				const isNew = message.seq !== null && !message.mine && message.seq > room.readSeq;
				if (document.hidden && isNew && !muted) {
					this.#notices.arrived(peer, this.#nameOf(peer), message);
				}
			})];
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
		return this.#known.get(peer) || heardName(this.chat, peer) || peer;
	}

	/** Those with whom something was said, the newest first; then those whom the page names. @returns {Person[]} */
	get #people() {
		const known = this.#known;
		const loaded = this.chat?.chats ?? [];
		const missing = (this.chat?.unread.chats ?? []).filter(({ peer }) => !loaded.some((it) => it.peer === peer));
		const written = [...loaded, ...missing].sort((a, b) => Number(b.last?.sent_at ?? 0) - Number(a.last?.sent_at ?? 0));
		const met = new Set(written.map(({ peer }) => peer));
		const others = [...known.keys()].filter((peer) => !met.has(peer)).map((peer) => ({ peer, name: null, count: 0, last: null }));
		return [...written, ...others].map((it) => ({
			...it, name: known.get(it.peer) || it.name?.trim() || heardName(this.chat, it.peer) || it.peer,
		}));
	}

	#render() {
		const people = this.#people;
		const sought = this.#search.value.trim().toLocaleLowerCase();
		const found = sought ? people.filter(({ name }) => name.toLocaleLowerCase().includes(sought)) : people;
		const current = this.conversation?.getAttribute('peer') ?? null;
		this.#nav.setAttribute('aria-label', texts.inbox);
		this.#search.hidden = people.length < SEARCHED && !sought;
		this.#search.placeholder = texts.search;
		this.#search.setAttribute('aria-label', texts.search);
		setText(this.#remark, this.#remarkOn(people.length, found.length));
		this.#remark.hidden = this.#remark.textContent === '';
		fill(this.#list, found.map((person) => this.#entry(person, current)));
		this.#placeStop();
		this.#lookDown();
	}

	/** @param {number} all @param {number} found */
	#remarkOn(all, found) {
		if (this.#fetching && this.#more) {
			return texts.more;
		}
		if (all === 0) {
			return this.#more === null && this.chat ? texts.more : texts.nobody;
		}
		return found === 0 ? texts.notFound : '';
	}

	/**
	 * @param {Person} person
	 * @param {string | null} current
	 * @returns {import('./dom.js').Entry}
	 */
	#entry(person, current) {
		const { peer, name, count, last, muted = false } = person;
		const chosen = peer === current;
		const room = peer === this.#heard ? this.chat?.with(peer) : null;
		// Of somebody who is blocked, or has blocked, nothing is told any more.
		const online = !person.blocked && !room?.forbidden && Boolean(person.online || room?.peer.online);
		const preview = last && `${last.mine && !last.deleted ? `${texts.you}: ` : ''}${summary(last).slice(0, 200)}`;
		const dressed = (/** @type {HTMLElement} */ child) => {
			this.#dress(child, person, { chosen, online, preview });
			return child;
		};
		return {
			key: peer,
			look: JSON.stringify([name, count, last?.sent_at, preview, chosen, muted, online, new Date().toDateString(), texts.muted]),
			make: () => dressed(make('li', {}, make('button', { type: 'button', part: 'person', onclick: () => this.select(peer) }))),
			update: dressed,
		};
	}

	/**
	 * @param {HTMLElement} child
	 * @param {Person} person
	 * @param {{ chosen: boolean, online: boolean, preview: string | null }} look
	 */
	#dress(child, { peer, name, count, last, muted }, { chosen, online, preview }) {
		const button = /** @type {HTMLButtonElement} */ (child.firstElementChild);
		button.className = `person${count > 0 ? ' new' : ''}${last ? '' : ' quiet'}`;
		button.setAttribute('aria-current', String(chosen));
		const spoken = (/** @type {string} */ text) => make('span', { class: 'spoken' }, text);
		const picture = avatar(peer, name);
		picture.classList.toggle('online', online);
		const parts = [picture, make('span', { class: 'name cut' }, make('bdi', {}, name), ...(online ? [spoken(` (${texts.online})`)] : []),
			...(muted ? [icon(ICONS.muted), spoken(texts.muted)] : []))];
		if (last) {
			parts.push(make('time', { datetime: last.sent_at.toISOString() }, timesIn(languageOf(this)).short(last.sent_at)));
			parts.push(make('span', { class: 'last cut' }, make('bdi', {}, preview ?? '')));
		}
		if (count > 0) {
			parts.push(make('span', { class: 'count', part: 'count' }, make('span', { 'aria-hidden': 'true', dir: 'ltr' }, count > 99 ? '99+' : String(count)),
				spoken(texts.unreadCount(count))));
		}
		button.replaceChildren(...parts);
	}

	// ---- The keyboard

	get #buttons() {
		return /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll('button')]);
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		const all = this.#buttons;
		const at = all.findIndex((it) => it.matches(':focus'));
		const searches = event.target === this.#search;
		const next = all[(searches ? (event.key === 'ArrowDown' ? 0 : -1) : stepTo(event.key, at, all.length)) ?? -1];
		if (next) {
			event.preventDefault();
			next.focus();
		}
	}

	/** Tab comes to the row that has the focus, or had it last; else to that of the conversation that is open, or the first. */
	#placeStop() {
		const all = this.#buttons;
		stopAt(all, all.find((it) => it.matches(':focus')) ?? all.find((it) => it.getAttribute('aria-current') === 'true') ?? all[0]);
	}
}
