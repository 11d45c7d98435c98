// <mosquitto-chat peer="2">: the conversation with one user.

import { Composer } from './composer.js';
import { lineFor, lineOf, settingsOf } from './connection.js';
import { draftOf, keepDraft } from './drafts.js';
import { Base, fill, isOnPhone, languageOf, make, upgrade } from './dom.js';
import { Header } from './header.js';
import { Log } from './log.js';
import { heardName } from './names.js';
import { CONVERSATION, styledRoot } from './style.js';
import { openTabs } from './tabs.js';
import { chooseLanguage, onTexts, texts } from './texts.js';
import { indexOf } from './window.js';
import { isUserId } from '../topic.js';

const PAGE = 50;
/** To come to one message far above, pages of the longest kind are fetched, but no more than these. */
const LONG_PAGE = 200;
const MOST_PAGES = 10;
/** So long we wait for the unread counts before a room opens at its end. */
const COUNTS_TIMEOUT = 2000;
/** So long a passing trouble is shown, and so long a connection may take before we speak of it. */
const NOTICE_LASTS = 8000;
const PATIENCE = 1500;
/** So long a message may take before we speak of it. */
const SLOW = 4000;
/** Between two tries for older messages, when the first did not succeed. */
const PAUSE = 3000;
/** At the latest: browsers draw no frames where nobody looks. */
const UNSEEN = 100;

/**
 * @typedef {import('./connection.js').Chat} Chat
 * @typedef {import('./connection.js').Room} Room
 * @typedef {import('./connection.js').Line} Line
 */

/**
 * Attributes: `peer` (the other one's id), `peer-name`, `url`, `user-id` or `id`, `name`, `token`,
 * `token-url`, `theme` (`light` or `dark`). Events: `chat-state` with the connection's state as detail, and `chat-back`
 * when Escape is pressed. A page that has a chat already assigns it to the property `chat`; one that keeps files gives the
 * property `upload`, a function that brings one there.
 */
export class MosquittoChat extends Base {
	static observedAttributes = ['peer', 'peer-name', 'url', 'user-id', 'name', 'token', 'token-url'];

	#log = new Log({
		retry: (ref) => this.#act((room) => room.retry(ref)),
		discard: (ref) => this.#discard(ref),
		rewrite: ({ ref, text }) => {
			this.#discard(ref ?? '');
			this.#composer.draft = [this.#composer.draft, text].filter(Boolean).join('\n');
			this.#keepDraft();
			this.#composer.focus();
		},
		goTo: (seq) => this.#goTo(seq),
		react: ({ seq, reactions }, reaction) => this.#change((room, id) => {
			const has = reactions.some((it) => it.reaction === reaction && it.by.includes(id));
			return room.react(Number(seq), reaction, !has);
		}),
		remove: ({ seq }) => this.#change((room) => room.remove(Number(seq))),
		edit: (message) => this.#write('edit', message),
		reply: (message) => this.#write('reply', message),
		onTop: () => this.#fetchOlder(),
		onMove: () => this.#markRead(),
	});
	#composer = new Composer({
		send: (text, more) => this.send(text, more),
		edit: ({ seq, text: before }, text) => text !== before && this.#change((room) => room.edit(Number(seq), { text })),
		latest: () => this.#room?.messages.filter(({ mine, seq, deleted }) => mine && seq !== null && !deleted).pop(),
		typing: (on) => this.#room?.typing(on),
		changed: () => this.#keepDraft(),
	});
	#header = new Header({
		standing: () => this.#learnStanding(),
		mute: (on) => this.#arrange((chat, peer) => chat.mute(peer, on)),
		block: (on) => this.#arrange((chat, peer) => chat.block(peer, on)),
	});
	#notice = make('div', { class: 'notice', part: 'notice', role: 'status' });
	#typing = make('div', { class: 'typing', part: 'typing', role: 'status' });

	/** @type {Line | null} */
	#line = null;
	/** @type {Chat | null} the page's own */
	#given = null;
	/** @type {Room | null} */
	#room = null;
	#peer = '';
	#loaded = false;
	/** The latest one to open the room: only that counts. */
	#attempt = 0;
	/** Why the room could not be opened: an error's code. */
	#problem = '';
	#fetching = false;
	/** The way to what is unread is being fetched. */
	#seeking = false;
	#triedOlder = 0;
	/** What of the peer's messages was unread when we came: between these two. */
	#unread = { after: 0, upTo: 0 };
	/** Whose draft is in the composer. @type {string | null} */
	#draftBy = null;
	/** @type {ReturnType<typeof openTabs> | null} */
	#tabs = null;
	#busyUntil = 0;
	#shownFacts = '';
	/** Whether this user has blocked the peer, as far as we have heard it here. @type {boolean | null} */
	#blocked = null;
	/** That a change was refused is said until then. */
	#refusedUntil = 0;
	/** When we began to wait for a connection, and when we got the one that there is. */
	#since = 0;
	#onlineSince = 0;
	#inView = true;
	#due = false;
	/** @type {(() => void)[]} */
	#chatOffs = [];
	/** @type {(() => void)[]} */
	#roomOffs = [];
	#looks = globalThis.IntersectionObserver && new IntersectionObserver((entries) => {
		this.#inView = entries[entries.length - 1].isIntersecting;
		this.#markRead();
	});
	#onChange = () => this.#changed();
	#offTexts = () => {};

	constructor() {
		super();
		styledRoot(this, CONVERSATION)
			.append(this.#header.element, this.#notice, this.#log.element, this.#typing, this.#composer.element);
		this.shadowRoot?.addEventListener('keydown', (event) => this.#key(/** @type {KeyboardEvent} */ (event)));
	}

	/** The chat whose conversation this is. */
	get chat() {
		return this.#line?.chat ?? this.#given;
	}

	set chat(chat) {
		this.#given = chat;
		this.#begin();
	}

	/** The other one's id; empty for nobody. */
	get peer() {
		return this.getAttribute('peer') ?? '';
	}

	set peer(id) {
		this.setAttribute('peer', id);
	}

	connectedCallback() {
		chooseLanguage();
		this.#offTexts = onTexts(this.#onChange);
		upgrade(this, ['chat', 'peer', 'upload']);
		this.#looks?.observe(this);
		this.#tabs = openTabs((user, peer, ref) => {
			if (user === this.chat?.id && isUserId(peer) && peer !== user) {
				this.chat.with(peer).discard(ref);
				this.#changed();
			}
		});
		document.addEventListener('visibilitychange', this.#onChange);
		this.#begin();
	}

	disconnectedCallback() {
		this.#looks?.disconnect();
		document.removeEventListener('visibilitychange', this.#onChange);
		this.#offTexts();
		this.#tabs?.close();
		this.#end();
	}

	/** @param {string} name @param {string | null} before @param {string | null} now */
	attributeChangedCallback(name, before, now) {
		if (!this.isConnected || before === now) {
			return;
		}
		if (name === 'peer') {
			this.#enter();
		} else if (name === 'peer-name') {
			this.#render();
		} else {
			// Attributes that belong together change one after the other.
			queueMicrotask(() => this.isConnected && this.#begin());
		}
	}

	/** How files get to the application: without it, there are none in what one writes. */
	get upload() {
		return this.#composer.upload;
	}

	set upload(upload) {
		this.#composer.upload = upload;
	}

	/**
	 * Sends a message to the peer.
	 * @param {string} text
	 * @param {{ data?: Record<string, any>, replyTo?: number }} [more]
	 */
	send(text, more = {}) {
		setTimeout(() => this.#changed(), SLOW);
		this.#unread = { after: 0, upTo: 0 };
		this.#act((room) => room.send({ text, ...more }));
		this.#log.toEnd();
	}

	/**
	 * Puts the cursor where one writes; a phone would cover half of the conversation then.
	 * @override
	 */
	focus() {
		if (isOnPhone()) {
			this.#log.focus();
		} else {
			this.#composer.focus();
		}
	}

	/** @param {KeyboardEvent} event */
	#key(event) {
		if (event.key === 'Escape' && !event.defaultPrevented && !event.isComposing) {
			this.dispatchEvent(new CustomEvent('chat-back', { bubbles: true, composed: true, cancelable: true }));
		}
	}

	// ---- The connection

	#begin() {
		if (!this.isConnected) {
			return;
		}
		this.#end();
		const settings = this.#given ? null : settingsOf(this);
		this.#line = this.#given ? lineOf(this.#given) : settings && lineFor(settings);
		this.#wait();
		if (this.#line) {
			const { chat } = this.#line;
			this.#chatOffs = [
				chat.on('state', () => this.#stateChanged()),
				chat.on('error', (error) => this.#complain(error)),
				chat.on('chats', () => this.#facts !== this.#shownFacts && this.#changed()),
				chat.on('blocked', ({ peer, on }) => {
					this.#blocked = peer === this.#peer ? on : this.#blocked;
					this.#changed();
				}),
			];
			this.#enter();
		}
		this.#stateChanged();
	}

	#end() {
		this.#leave();
		this.#chatOffs.splice(0).forEach((off) => off());
		this.#line?.drop();
		this.#line = null;
	}

	/** A connection that comes back soon is not worth a word. */
	#wait() {
		this.#since = Date.now();
		setTimeout(() => this.#changed(), PATIENCE);
	}

	#stateChanged() {
		const state = this.chat?.state ?? 'idle';
		const before = this.getAttribute('state');
		if (before !== state) {
			if (before === 'online') {
				this.#wait();
			}
			if (state === 'online') {
				this.#onlineSince = Date.now();
				setTimeout(() => this.#changed(), SLOW);
			}
			this.setAttribute('state', state);
			this.dispatchEvent(new CustomEvent('chat-state', { detail: state, bubbles: true, composed: true }));
		}
		this.#recallDraft();
		if (state === 'closed') {
			// By the page: it has closed all rooms.
			this.#loaded = false;
			this.#attempt++;
			this.#log.clear();
		}
		if (state === 'online' && this.#room && !this.#loaded) {
			// It may have been given up while nobody was logged in.
			this.#open(this.#room);
		}
		this.#changed();
	}

	/** What the reader should know of; the rest shows in the state, or is the developer's business. */
	#complain(/** @type {{ code: string }} */ { code }) {
		if (code === 'rate_limited' || code === 'unavailable') {
			this.#busyUntil = Date.now() + NOTICE_LASTS;
			setTimeout(() => this.#changed(), NOTICE_LASTS);
			this.#changed();
		}
	}

	// ---- The conversation

	#enter() {
		const { peer } = this;
		if (!this.#line || (this.#room && this.#peer === peer)) {
			return;
		}
		this.#leave();
		this.#log.clear();
		this.#peer = peer;
		this.#composer.clear();
		this.#recallDraft();
		if (peer) {
			this.#join(this.#line, peer);
		}
		this.#render();
	}

	/**
	 * @param {Line} line
	 * @param {string} peer
	 */
	#join(line, peer) {
		let room;
		try {
			room = line.enter(peer);
		} catch {
			// It says so in place of messages.
			return;
		}
		const changed = () => this.#changed();
		this.#room = room;
		this.#roomOffs = [
			room.on('message', (message) => this.#arrived(message)),
			...(/** @type {const} */ (['typing', 'presence'])).map((it) => room.on(it, changed)),
			room.on('forbidden', () => this.#closedOrOpen()),
			room.on('update', (message) => this.#log.isNews(message) && changed()),
			room.on('read', ({ user_id }) => user_id === peer && changed()),
			room.on('reset', () => this.#reset()),
		];
		this.#open(room);
	}

	/** It may be this user who has closed it. */
	async #closedOrOpen() {
		this.#changed();
		await (this.#room?.forbidden && this.#learnStanding());
		this.#changed();
	}

	/** @param {Room} room */
	async #open(room) {
		const attempt = ++this.#attempt;
		let problem = '';
		try {
			await room.open();
			await this.#reachUnread(room);
		} catch (error) {
			problem = /** @type {{ code: string }} */ (error).code;
		}
		if (this.#room !== room || this.#attempt !== attempt) {
			return;
		}
		this.#seeking = false;
		this.#problem = problem;
		if (!problem) {
			this.#loaded = true;
			this.#unread = { after: room.readSeq, upTo: room.messages.reduce((last, it) => Math.max(last, it.seq ?? 0), 0) };
		}
		this.#changed();
	}

	/** The newest page may not go back to the first unread message. @param {Room} room */
	async #reachUnread(room) {
		if (this.chat?.state === 'online') {
			// The counts may come after the messages.
			await Promise.race([this.chat.connect().catch(() => {}), new Promise((resolve) => setTimeout(resolve, COUNTS_TIMEOUT))]);
		}
		const { readSeq } = room;
		const count = this.chat?.unread.chats.find(({ peer }) => peer === this.#peer)?.count ?? 0;
		const missing = () => room.messages.filter(({ mine, seq }) => !mine && seq !== null && seq > readSeq).length < count;
		if (this.#room === room && missing()) {
			this.#seeking = true;
			this.#changed();
			await this.#reach(room, missing);
		}
	}

	/**
	 * Fetches older messages as long as there is something missing.
	 * @param {Room} room
	 * @param {() => boolean} missing
	 */
	async #reach(room, missing) {
		for (let pages = 0; pages < MOST_PAGES && this.#room === room && room.more && missing(); pages++) {
			try {
				await room.older({ limit: LONG_PAGE });
			} catch {
				// What there is has to do.
				return;
			}
		}
	}

	#leave() {
		if (!this.#room) {
			return;
		}
		this.#draftBy = null;
		this.#seeking = false;
		this.#room.typing(false);
		this.#roomOffs.splice(0).forEach((off) => off());
		this.#line?.leave(this.#room);
		this.#room = null;
		this.#problem = '';
		this.#loaded = false;
		this.#fetching = false;
		this.#unread = { after: 0, upTo: 0 };
		this.#blocked = null;
	}

	/** What was missed is more than can be fetched: begins anew at the end. */
	#reset() {
		this.#log.clear();
		this.#changed();
	}

	/** @param {Room['messages'][number]} message */
	#arrived({ mine, seq }) {
		// A line above what comes while nobody looks, if there is none yet.
		const unseen = this.#loaded && (document.hidden || !this.#inView);
		if (!mine && seq !== null && unseen && this.#unreadSeq === 0) {
			this.#unread = { after: seq - 1, upTo: seq };
		}
		this.#changed();
	}

	async #fetchOlder() {
		const room = this.#room;
		const soon = Date.now() - this.#triedOlder < PAUSE;
		if (!room?.more || !this.#loaded || this.#fetching || soon) {
			return;
		}
		this.#fetching = true;
		this.#changed();
		try {
			await room.older({ limit: PAGE });
		} catch {
			// The reader's next move tries again.
			this.#triedOlder = Date.now();
		}
		if (this.#room === room) {
			this.#fetching = false;
			this.#changed();
		}
	}

	#markRead() {
		const { isOpen, seenTo } = this.#log;
		if (this.#room && this.#loaded && this.#inView && isOpen && seenTo > 0) {
			this.#room.markRead(seenTo);
		}
	}

	/** Once it is known who writes. */
	#recallDraft() {
		const id = this.chat?.id ?? null;
		if (id !== null && this.#draftBy !== id && this.#peer) {
			this.#draftBy = id;
			this.#composer.draft ||= draftOf(id, this.#peer);
		}
	}

	#keepDraft() {
		if (this.#draftBy !== null) {
			keepDraft(this.#draftBy, this.#peer, this.#composer.draft);
		}
	}

	/** @param {string} ref a failed message's: in all tabs */
	#discard(ref) {
		this.#tabs?.discard(this.chat?.id ?? '', this.#peer, ref);
		this.#act((room) => room.discard(ref));
	}

	/**
	 * A change of a message: on the screen at once, and taken back where it is refused.
	 * @param {(room: Room, id: string) => Promise<void>} what
	 */
	#change(what) {
		this.#act((room) => what(room, this.chat?.id ?? '').catch(() => this.#refused()));
	}

	#refused() {
		this.#refusedUntil = Date.now() + NOTICE_LASTS;
		setTimeout(() => this.#changed(), NOTICE_LASTS);
		this.#changed();
	}

	/** @param {(chat: Chat, peer: string) => Promise<void>} what */
	#arrange(what) {
		const { chat } = this;
		if (chat && this.#peer) {
			what(chat, this.#peer).catch(() => this.#refused());
		}
	}

	/** How this user has arranged the conversation, as far as that has been heard. @returns {import('./peer-menu.js').Standing} */
	get #standing() {
		const entry = this.chat?.chats.find(({ peer }) => peer === this.#peer);
		return { muted: entry?.muted ?? false, blocked: this.#blocked ?? entry?.blocked ?? false, begun: (this.#room?.messages.length ?? 0) > 0 };
	}

	/** What of the list of all conversations shows here. */
	get #facts() {
		const { muted, blocked } = this.#standing;
		return `${muted} ${blocked} ${this.#peerName}`;
	}

	/** Where there is no inbox, nobody has asked for the list of all conversations yet. */
	async #learnStanding() {
		if (this.chat?.state === 'online' && this.chat.chats.length === 0) {
			await Promise.race([this.chat.moreChats().catch(() => {}), new Promise((resolve) => setTimeout(resolve, COUNTS_TIMEOUT))]);
		}
		return this.#standing;
	}

	/** @param {'edit' | 'reply'} kind @param {Room['messages'][number]} message */
	#write(kind, message) {
		this.#composer.purpose = { kind, message, author: message.mine ? texts.you : this.#peerName };
	}

	/** Leads to a message, however far up it is. @param {number} seq */
	async #goTo(seq) {
		const room = this.#room;
		if (room && this.#loaded && !this.#fetching) {
			this.#fetching = true;
			await this.#reach(room, () => room.messages.every((it) => (it.seq ?? Infinity) > seq));
			if (this.#room === room) {
				this.#fetching = false;
				this.#render();
				this.#log.reveal(seq);
			}
		}
	}

	/** @param {(room: Room) => unknown} what */
	#act(what) {
		if (this.#room) {
			what(this.#room);
			this.#render();
		}
	}

	// ---- What there is to see

	/** Shows all at the next chance: many events may come before it. */
	#changed() {
		if (!this.#due) {
			this.#due = true;
			const show = () => {
				if (this.#due) {
					this.#due = false;
					this.#render();
				}
			};
			requestAnimationFrame(show);
			setTimeout(show, UNSEEN);
		}
	}

	get #peerName() {
		return this.getAttribute('peer-name')?.trim() || heardName(this.chat, this.#peer) || this.#room?.peer.name?.trim() || this.#peer;
	}

	/** The seq of the first message that was unread, as far back as we have them. */
	get #unreadSeq() {
		const { after, upTo } = this.#unread;
		const isUnread = (/** @type {Room['messages'][number]} */ { mine }) => !mine;
		const messages = this.#room?.messages ?? [];
		return messages.slice(indexOf(messages, after + 1), indexOf(messages, upTo + 1)).find(isUnread)?.seq ?? 0;
	}

	#render() {
		if (!this.isConnected) {
			return;
		}
		const room = this.#room;
		this.#shownFacts = this.#facts;
		this.#showNotice();
		this.#showPeer();
		this.#composer.closed = room && !room.forbidden ? '' : this.#closedText;
		this.#composer.element.hidden = room === null;
		if (!room) {
			this.#log.clear();
		}
		this.#log.show({
			messages: this.#seeking ? [] : room?.messages ?? [],
			peerName: this.#peerName,
			me: this.chat?.id ?? '',
			closed: room?.forbidden ?? true,
			readSeq: room?.peer.readSeq ?? 0,
			unreadSeq: this.#unreadSeq,
			loaded: this.#loaded,
			fetching: this.#fetching,
			remark: this.#remark,
			language: languageOf(this),
		});
		this.#markRead();
	}

	/** What stands where there are no messages. */
	get #remark() {
		if (!this.#room) {
			return this.peer && this.#line ? texts.noRoom : texts.choose;
		}
		if (this.#problem) {
			return texts.reasons[this.#problem] ?? '';
		}
		return this.#loaded ? texts.empty : texts.loading;
	}

	#showPeer() {
		const name = this.#peerName;
		const peer = this.chat?.state === 'online' && !this.#room?.forbidden ? this.#room?.peer ?? null : null;
		this.#header.show(this.#peer, name, peer, this.#standing.muted, languageOf(this));
		const types = peer?.present && peer.typing;
		fill(this.#typing, types ? [{ key: 'typing', look: name, make: () => make('span', {}, texts.typing(name)) },
			{ key: 'dots', look: '', make: () => make('span', { class: 'dots', 'aria-hidden': 'true' }, make('i'), make('i'), make('i')) }] : []);
	}

	/** Why nothing can be written here. */
	get #closedText() {
		return this.#standing.blocked ? texts.blocked(this.#peerName) : texts.closed;
	}

	#showNotice() {
		const [text, label = '', way = () => {}] = this.#noticed();
		this.#notice.hidden = text === '';
		fill(this.#notice, text === '' ? [] : [
			{ key: 'text', look: text, make: () => make('span', {}, text) },
			...(label ? [{ key: 'way', look: label, make: () => make('button', { type: 'button', onclick: way }, label) }] : []),
		]);
	}

	/** @returns {[text: string, label?: string, way?: () => void]} what the reader should know, and a way out */
	#noticed() {
		const { chat } = this;
		if (!chat) {
			return [texts.incomplete];
		}
		if (chat.state === 'unauthorized') {
			return [texts.unauthorized, texts.connect, () => this.chat?.connect().catch(() => {})];
		}
		const waited = Date.now() - this.#since >= PATIENCE;
		if (chat.state === 'offline' || chat.state === 'connecting') {
			const first = chat.state === 'connecting' && !this.#loaded;
			return [waited ? (first ? texts.connecting : texts.offline) : ''];
		}
		if (this.#refusedUntil > Date.now()) {
			return [texts.unchanged];
		}
		if (this.#room?.forbidden && this.#standing.blocked) {
			return [this.#closedText, texts.unblock, () => this.#arrange((it, peer) => it.block(peer, false))];
		}
		if (this.#room?.forbidden) {
			return [texts.closed];
		}
		return [this.#busyUntil > Date.now() || this.#isSlow ? texts.busy : ''];
	}

	/** Whether a message waits although there is a connection. */
	get #isSlow() {
		const since = Date.now() - SLOW;
		const messages = this.#room?.messages ?? [];
		// They stand behind all that are stored.
		const waits = (/** @type {Room['messages'][number]} */ it) => it.status === 'sending' && it.sent_at.getTime() <= since;
		return this.#onlineSince <= since && messages.slice(indexOf(messages, Infinity)).some(waits);
	}
}
