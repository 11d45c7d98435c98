// The messages of a conversation as a list that scrolls: days, bubbles, ticks, the line above what
// is unread.  It keeps the reader's place, whatever comes in above or below.

import { bubble, dress, lookOf } from './bubble.js';
import { fill, icon, ICONS, make, setAttributes, setText } from './dom.js';
import { withMore } from './later.js';
import { onLongPress } from './press.js';
import { texts } from './texts.js';
import { timesIn } from './times.js';
import { stepTo } from './walk.js';
import { ALL, around, boundsOf, extendDown, extendUp, fit, indexOf, tail } from './window.js';

/** Messages of one person with less between them stand together. */
const TOGETHER = 5 * 60 * 1000;
/** So close to the end counts as the end; so close to the top is when older ones are asked for. */
const NEAR_END = 48;
const NEAR_TOP = 400;
/** So far above the line a conversation with unread messages begins. */
const ABOVE_LINE = 16;
/** So much of a message has to be in view for it to be seen: a line. */
const SEEN = 24;
/** Until screen readers have noticed what was added silently. */
const SILENCE = 1000;
/** So long a message stays marked to which one has been led. */
const MARKED = 2500;

/**
 * @typedef {import('./connection.js').Room['messages'][number]} Message
 *
 * @typedef {object} View what the log shows
 * @property {readonly Message[]} messages
 * @property {string} peerName
 * @property {string} me this user's id
 * @property {number} readSeq how far the peer has read
 * @property {number} unreadSeq the first message below the line, 0: there is no line
 * @property {boolean} loaded
 * @property {boolean} fetching older messages are on their way
 * @property {boolean} closed nothing can be said here
 * @property {string} remark what to say where there are no messages
 * @property {string | undefined} language
 *
 * @typedef {import('./bubble.js').Handlers & import('./actions.js').Deeds & {
 *   onTop: () => void,
 *   onMove: () => void,
 * }} Handlers `onTop`: the reader comes near the oldest message; `onMove`: the reader has moved, or sees more than before
 */

/** @param {Message} message */
function keyOf(message) {
	return message.mine && message.ref ? `ref ${message.ref}` : `seq ${message.seq}`;
}

/**
 * @param {Message} message
 * @param {number} readSeq
 * @returns {'sending' | 'sent' | 'read' | 'failed'}
 */
function statusOf(message, readSeq) {
	if (message.seq === null || message.changing) {
		return message.status === 'failed' ? 'failed' : 'sending';
	}
	return message.status === 'read' || message.seq <= readSeq ? 'read' : 'sent';
}

/**
 * @param {Message | undefined} one
 * @param {Message | undefined} next
 */
function standTogether(one, next) {
	return one !== undefined && next !== undefined && one.mine === next.mine && one.status !== 'failed'
		&& next.sent_at.getTime() - one.sent_at.getTime() < TOGETHER
		&& dayOf(one) === dayOf(next);
}

/** As each arrival asks for it again. @type {WeakMap<Date, string>} */
const days = new WeakMap();

/** @param {Message} message */
function dayOf({ sent_at }) {
	const day = days.get(sent_at) ?? sent_at.toDateString();
	days.set(sent_at, day);
	return day;
}

export class Log {
	#list = make('ul', { role: 'list' });
	#remark = make('p', { class: 'remark', part: 'remark' });
	#older = make('p', { class: 'remark older', hidden: true });
	#belowText = make('span');
	#toEndButton = make('button', { class: 'to-end', part: 'to-end', type: 'button', hidden: true, onclick: () => this.toEnd() }, icon(ICONS.down), this.#belowText);
	#box = make('div', { class: 'log', part: 'log', role: 'log', tabindex: '0', 'aria-live': 'off' }, this.#older, this.#list, this.#remark);
	element = make('div', { class: 'stage' }, this.#box, this.#toEndButton);
	/** What can be done with messages, once somebody has pointed at one. @type {import('./actions.js').Actions | null} */
	#actions = null;
	#endPress = onLongPress(this.#list, (target) => this.#withActions((it) => it.open(target)));

	/** Whether the reader is at the end, and stays there as more comes in. */
	atEnd = true;
	/** The newest message that the reader has had in view; 0: none yet. */
	seenSeq = 0;
	#begun = false;
	/** @type {View | null} */
	#view = null;
	/** What of the messages is in the page. */
	#part = ALL;
	/** The message that each child of the list shows. @type {WeakMap<Element, Message>} */
	#shown = new WeakMap();
	/** How each message is shown. @type {WeakMap<Message, { look: import('./bubble.js').Look, said: string }>} */
	#looks = new WeakMap();
	#firstSeq = Infinity;
	/** The message that one has walked to. @type {HTMLElement | null} */
	#walked = null;
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	#silence;

	/** @param {Handlers} handlers */
	constructor(handlers) {
		// The button that was pressed goes away with what it has done: the focus must not be lost.
		const staying = (/** @type {(ref: string) => void} */ act) => (/** @type {string} */ ref) => {
			act(ref);
			this.focus();
		};
		this.handlers = /** @type {Handlers} */ ({ ...handlers, retry: staying(handlers.retry), discard: staying(handlers.discard) });
		let mouse = '';
		this.#list.addEventListener('pointerover', ({ pointerType, target, x, y }) => {
			// Under a mouse that rests, messages slip past as others come: nobody has pointed at them.
			if (pointerType === 'mouse' && mouse !== `${x} ${y}`) {
				this.#withActions((it) => it.offer(target));
			}
			mouse = `${x} ${y}`;
		});
		this.#box.addEventListener('scroll', () => this.#moved(), { passive: true });
		this.#box.addEventListener('keydown', (event) => this.#key(event));
		this.#list.addEventListener('focusin', ({ target }) => this.#reachable(/** @type {Element} */ (target).closest('li')));
		const resized = new ResizeObserver(() => this.#resized());
		resized.observe(this.#box);
		resized.observe(this.#list);
	}

	/** For another conversation. */
	clear() {
		fill(this.#list, []);
		this.#actions?.moved();
		this.#view = null;
		this.#part = ALL;
		this.#begun = false;
		this.atEnd = true;
		this.seenSeq = 0;
		this.#firstSeq = Infinity;
		this.#toEndButton.hidden = true;
	}

	/** @param {View} view */
	show(view) {
		this.#view = view;
		const { messages, loaded } = view;
		const begins = !this.#begun && loaded && this.isOpen;
		this.#part = begins && view.unreadSeq > 0 ? around(messages, view.unreadSeq) : fit(messages, this.#part, this.atEnd);
		const place = this.atEnd ? null : this.#place();
		setText(this.#older, texts.loading);
		this.#older.hidden = !view.fetching;
		this.#fill(view);
		setText(this.#remark, view.remark);
		this.#remark.hidden = messages.length > 0;
		this.#box.classList.toggle('bare', messages.length === 0);
		setAttributes(this.#box, {
			'aria-label': view.peerName ? texts.messages(view.peerName) : texts.inbox, 'aria-busy': String(!loaded || view.fetching),
		});

		if (begins) {
			this.#begin();
		} else if (place) {
			this.#restore(place);
		} else {
			this.#box.scrollTop = this.#box.scrollHeight;
		}
		this.#showWayToEnd();
		this.#lookAround();
	}

	/** @param {View} view */
	#fill(view) {
		const { start, end } = boundsOf(view.messages, this.#part);
		this.#hush(view.messages[start]?.seq ?? Infinity);
		fill(this.#list, this.#entries(view, start, end));
	}

	/** Another part of what is there. @param {import('./window.js').Part | null} part */
	#turnTo(part) {
		if (this.#view && part) {
			const place = this.#place();
			this.#part = part;
			this.#fill(this.#view);
			if (place) {
				this.#restore(place);
			}
		}
	}

	toEnd() {
		if (this.#view && this.#part.to !== Infinity) {
			this.#turnTo(tail(this.#view.messages));
		}
		this.atEnd = true;
		this.#box.scrollTop = this.#box.scrollHeight;
		this.#toEndButton.hidden = true;
		this.handlers.onMove();
	}

	/** Goes to a message that is there, and marks it. @param {number} seq */
	reveal(seq) {
		const { messages } = this.#view ?? { messages: [] };
		if (messages[indexOf(messages, seq)]?.seq !== seq) {
			return;
		}
		const find = () => /** @type {HTMLElement | undefined} */ ([...this.#list.children].find((it) => this.#shown.get(it)?.seq === seq));
		if (!find()) {
			this.#turnTo(around(messages, seq));
		}
		const child = find();
		child?.scrollIntoView({ block: 'center' });
		child?.focus({ preventScroll: true });
		child?.animate?.({ backgroundColor: ['var(--marked)', 'transparent'] }, MARKED);
	}

	focus() {
		this.#box.focus({ preventScroll: true });
	}

	/** @param {(actions: import('./actions.js').Actions) => void} what */
	#withActions(what) {
		withMore(({ Actions }) => {
			this.#actions ??= new Actions(this.element, this.#list, (child) => this.#shown.get(child), this.handlers);
			this.#actions.enabled = !this.#view?.closed;
			what(this.#actions);
		});
	}

	/** Whether a message looks other than it is shown: that a message of the peer's is read now does not show. @param {Message} message */
	isNews(message) {
		const shown = this.#looks.get(message);
		return message.mine || !shown || lookOf(message, shown.look) !== shown.said;
	}

	/** Up to where the reader has had it in view. While it is not known where they begin, that is nowhere. */
	get seenTo() {
		return this.#begun ? this.atEnd ? Infinity : this.seenSeq : 0;
	}

	/** Whether anything of it can be seen at all. */
	get isOpen() {
		return this.#box.clientHeight > 0;
	}

	// ---- The keyboard

	/** The arrows walk from message to message, from the last in view on. All other keys scroll. @param {KeyboardEvent} event */
	#key(event) {
		if (event.target === this.#walked && (/^(Enter| |ContextMenu)$/.test(event.key) || (event.key === 'F10' && event.shiftKey))) {
			event.preventDefault();
			const { target } = event;
			this.#withActions((it) => it.open(target));
			return;
		}
		const all = /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll('.message')]);
		const at = all.findIndex((it) => it.matches(':focus'));
		const last = this.#childAt(this.#box.getBoundingClientRect().bottom, -1);
		const first = event.key === 'ArrowUp' && event.target === this.#box ? last : null;
		const next = at < 0 || !event.key.startsWith('Arrow') ? first : all[stepTo(event.key, at, all.length) ?? -1];
		if (next) {
			event.preventDefault();
			next.focus();
		}
	}

	/** Tab goes to what is in the message that one has walked to, and past all others'. @param {HTMLElement | null} message */
	#reachable(message) {
		const inner = (/** @type {Element | null} */ it) => /** @type {HTMLElement[]} */ ([...it?.querySelectorAll('a, .quote, .reaction') ?? []]);
		inner(this.#walked).forEach((it) => {
			it.tabIndex = -1;
		});
		inner(message).forEach((it) => {
			it.tabIndex = 0;
		});
		this.#walked = message;
	}

	// ---- Where the reader is

	/** Begins at the line above what is unread, or at the end. */
	#begin() {
		this.#begun = true;
		const box = this.#box;
		box.scrollTop = box.scrollHeight;
		const line = /** @type {HTMLElement | null} */ (this.#list.querySelector('.unread'));
		if (line) {
			const above = line.getBoundingClientRect().top - box.getBoundingClientRect().top;
			box.scrollTop += Math.min(0, above - ABOVE_LINE);
		}
		this.#measure();
	}

	#measure() {
		const { scrollHeight, scrollTop, clientHeight } = this.#box;
		this.atEnd = this.#part.to === Infinity && scrollHeight - scrollTop - clientHeight < NEAR_END;
		if (!this.#begun) {
			// Where the reader begins is still being loaded: nobody has seen the end meanwhile.
			return;
		}
		const last = this.#childAt(this.#box.getBoundingClientRect().bottom - SEEN, -1);
		this.seenSeq = Math.max(this.seenSeq, last ? this.#shown.get(last)?.seq ?? 0 : 0);
	}

	#moved() {
		if (!this.isOpen) {
			return;
		}
		this.#measure();
		this.#endPress();
		this.#actions?.moved();
		this.#showWayToEnd();
		this.#lookAround();
		this.handlers.onMove();
	}

	#resized() {
		if (this.isOpen && this.#begun && this.atEnd) {
			this.#box.scrollTop = this.#box.scrollHeight;
		} else if (this.isOpen) {
			this.handlers.onMove();
		}
	}

	/** Near an end of what is in the page, more of it comes: what is there, or else what the database has. */
	#lookAround() {
		if (!this.#begun || !this.isOpen || !this.#view) {
			return;
		}
		const { messages } = this.#view;
		const { scrollTop, scrollHeight, clientHeight } = this.#box;
		const above = scrollTop < NEAR_TOP && extendUp(messages, this.#part);
		if (above) {
			this.#turnTo(above);
		} else if (scrollTop < NEAR_TOP) {
			this.handlers.onTop();
		}
		if (scrollHeight - scrollTop - clientHeight < NEAR_TOP) {
			this.#turnTo(extendDown(messages, this.#part));
		}
	}

	/**
	 * @param {number} y in the window
	 * @param {1 | -1} direction to the next message below this height, or above it
	 * @returns {HTMLElement | null}
	 */
	#childAt(y, direction) {
		const { children } = this.#list;
		let [low, high] = [0, children.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			const { top, bottom } = children[middle].getBoundingClientRect();
			if ((direction > 0 ? bottom : top) > y) {
				high = middle;
			} else {
				low = middle + 1;
			}
		}
		let at = direction > 0 ? low : low - 1;
		while (children[at] && !this.#shown.has(children[at])) {
			at += direction;
		}
		return /** @type {HTMLElement | null} */ (children[at] ?? null);
	}

	/** The first message in view, and where it stands. */
	#place() {
		const child = this.#childAt(this.#box.getBoundingClientRect().top, 1);
		return child && { child, top: child.getBoundingClientRect().top };
	}

	/** @param {{ child: HTMLElement, top: number }} place */
	#restore({ child, top }) {
		if (child.isConnected) {
			this.#box.scrollTop += child.getBoundingClientRect().top - top;
		}
	}

	#showWayToEnd() {
		this.#toEndButton.hidden = this.atEnd || !this.#begun || !this.#view;
		if (this.#toEndButton.hidden) {
			return;
		}
		const { messages } = /** @type {View} */ (this.#view);
		const count = messages.slice(indexOf(messages, this.seenSeq + 1)).filter((it) => !it.mine).length;
		setAttributes(this.#toEndButton, { 'aria-label': count > 0 ? texts.toEndWith(count) : texts.toEnd });
		setText(this.#belowText, count > 0 ? String(count) : '');
	}

	// ---- What there is to see

	/**
	 * A page of old messages is no news: only what comes after them is read out.
	 * @param {number} first the first message's seq
	 */
	#hush(first) {
		if (first < this.#firstSeq || this.#part.to !== Infinity) {
			this.#firstSeq = Math.min(first, this.#firstSeq);
			this.#box.setAttribute('aria-live', 'off');
			clearTimeout(this.#silence);
			this.#silence = setTimeout(() => this.#box.setAttribute('aria-live', 'polite'), SILENCE);
		}
	}

	/**
	 * @param {View} view
	 * @param {number} start
	 * @param {number} end
	 * @returns {import('./dom.js').Entry[]}
	 */
	#entries(view, start, end) {
		/** @type {import('./dom.js').Entry[]} */
		const entries = [];
		const { messages, unreadSeq } = view;
		const times = timesIn(view.language);
		/** Each day once, even when a clock goes back. @type {Set<string>} */
		const begun = new Set();
		for (let i = start; i < end; i++) {
			const message = messages[i];
			const day = dayOf(message);
			if (!begun.has(day)) {
				begun.add(day);
				const text = times.day(message.sent_at);
				entries.push({ key: `day ${day}`, look: text, make: () => make('li', { class: 'day', part: 'day' }, text) });
			}
			if (message.seq !== null && message.seq === unreadSeq) {
				entries.push({ key: 'unread', look: texts.unread, make: () => make('li', { class: 'unread', part: 'unread' }, texts.unread) });
			}
			entries.push(this.#entry(view, message, {
				first: !standTogether(messages[i - 1], message),
				last: !standTogether(message, messages[i + 1]),
			}));
		}
		return entries;
	}

	/**
	 * @param {View} view
	 * @param {Message} message
	 * @param {{ first: boolean, last: boolean }} group
	 * @returns {import('./dom.js').Entry}
	 */
	#entry({ messages, me, readSeq, peerName, language }, message, { first, last }) {
		const nameOf = (/** @type {string} */ user) => (user === me ? texts.you : peerName);
		const answered = message.reply_to === null ? undefined : messages[indexOf(messages, message.reply_to)];
		const look = {
			status: message.mine ? statusOf(message, readSeq) : /** @type {const} */ ('theirs'),
			author: nameOf(message.user_id), answered: answered?.seq === message.reply_to && answered ? answered : null,
			first, last, nameOf, me, language, times: timesIn(language),
		};
		const dressed = (/** @type {HTMLElement} */ child) => {
			dress(child, message, look, this.handlers);
			this.#shown.set(child, message);
			return child;
		};
		const said = lookOf(message, look);
		this.#looks.set(message, { look, said });
		return { key: keyOf(message), look: said, make: () => dressed(bubble()), update: dressed };
	}
}
