// The messages of a conversation as a list that scrolls: days, bubbles, ticks, the line above what
// is unread.  It keeps the reader's place, whatever comes in above or below.

import { fill, icon, ICONS, isFewEmoji, linked, make, setText } from './dom.js';
import { texts } from './texts.js';

/** Messages of one person with less between them stand together. */
const TOGETHER = 5 * 60 * 1000;
/** So close to the end counts as the end; so close to the top is when older ones are asked for. */
const NEAR_END = 48;
const NEAR_TOP = 400;
/** Until screen readers have noticed what was added silently. */
const SILENCE = 1000;

/**
 * @typedef {import('./connection.js').Room['messages'][number]} Message
 *
 * @typedef {object} View what the log shows
 * @property {readonly Message[]} messages
 * @property {string} peerName
 * @property {number} readSeq how far the peer has read
 * @property {number} unreadSeq the first message below the line, 0: there is no line
 * @property {boolean} loaded
 * @property {boolean} fetching older messages are on their way
 * @property {string} remark what to say where there are no messages
 * @property {string | undefined} language
 *
 * @typedef {object} Handlers
 * @property {(ref: string) => void} retry
 * @property {(ref: string) => void} discard
 * @property {() => void} onTop the reader comes near the oldest message
 * @property {() => void} onMove the reader has moved, or sees more than before
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
	if (message.seq === null) {
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
		&& one.sent_at.toDateString() === next.sent_at.toDateString();
}

/** @param {string | undefined} language */
function formats(language) {
	const clock = new Intl.DateTimeFormat(language, { timeStyle: 'short' });
	const full = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'medium' });
	const near = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
	const day = new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' });
	const dayOfYear = new Intl.DateTimeFormat(language, { dateStyle: 'long' });
	const capital = (/** @type {string} */ text) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
	return {
		time: (/** @type {Date} */ date) => clock.format(date),
		moment: (/** @type {Date} */ date) => full.format(date),
		day: (/** @type {Date} */ date) => {
			const midnight = (/** @type {Date} */ it) => Date.UTC(it.getFullYear(), it.getMonth(), it.getDate());
			const now = new Date();
			const ago = Math.round((midnight(now) - midnight(date)) / 86400000);
			if (ago === 0 || ago === 1) {
				return capital(near.format(-ago, 'day'));
			}
			return (date.getFullYear() === now.getFullYear() ? day : dayOfYear).format(date);
		},
	};
}

export class Log {
	#list = make('ul', { role: 'list' });
	#remark = make('p', { class: 'remark', part: 'remark' });
	#older = make('p', { class: 'remark older', hidden: true });
	#toEndButton = make('button', { class: 'to-end', part: 'to-end', type: 'button', hidden: true, onclick: () => this.toEnd() });
	#box = make('div', { class: 'log', part: 'log', role: 'log', tabindex: '0', 'aria-live': 'off' }, this.#older, this.#list, this.#remark);
	element = make('div', { class: 'stage' }, this.#box, this.#toEndButton);

	/** Whether the reader is at the end, and stays there as more comes in. */
	atEnd = true;
	#begun = false;
	/** @type {readonly Message[]} */
	#messages = [];
	#lastSeq = 0;
	#firstSeq = Infinity;
	/** The newest message when the reader left the end. */
	#leftAt = 0;
	#formats = formats(undefined);
	/** @type {string | undefined} */
	#language;
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	#silence;

	/** @param {Handlers} handlers */
	constructor(handlers) {
		this.handlers = handlers;
		this.#box.addEventListener('scroll', () => this.#moved(), { passive: true });
		const resized = new ResizeObserver(() => this.#resized());
		resized.observe(this.#box);
		resized.observe(this.#list);
	}

	/** For another conversation. */
	clear() {
		fill(this.#list, []);
		this.#messages = [];
		this.#begun = false;
		this.atEnd = true;
		this.#lastSeq = 0;
		this.#firstSeq = Infinity;
		this.#toEndButton.hidden = true;
	}

	/** @param {View} view */
	show(view) {
		const { messages, loaded } = view;
		this.#messages = messages;
		this.#setLanguage(view.language);
		this.#hush(messages);
		const place = this.atEnd ? null : this.#place();
		setText(this.#older, texts.loading);
		this.#older.hidden = !view.fetching;
		fill(this.#list, this.#entries(view));
		setText(this.#remark, view.remark);
		this.#remark.hidden = messages.length > 0;
		this.#box.classList.toggle('bare', messages.length === 0);
		this.#box.setAttribute('aria-label', view.peerName ? texts.messages(view.peerName) : texts.inbox);
		this.#box.setAttribute('aria-busy', String(!loaded || view.fetching));
		this.#lastSeq = messages.reduce((last, it) => Math.max(last, it.seq ?? 0), 0);

		if (!this.#begun && loaded && this.#box.clientHeight > 0) {
			this.#begin();
		} else if (place) {
			this.#restore(place);
		} else {
			this.#box.scrollTop = this.#box.scrollHeight;
		}
		this.#showWayToEnd();
		this.#lookUp();
	}

	toEnd() {
		this.atEnd = true;
		this.#box.scrollTop = this.#box.scrollHeight;
		this.#toEndButton.hidden = true;
		this.handlers.onMove();
	}

	focus() {
		this.#box.focus({ preventScroll: true });
	}

	/** Whether anything of it can be seen at all. */
	get isOpen() {
		return this.#box.clientHeight > 0;
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
			box.scrollTop += Math.min(0, above - 16);
		}
		this.#measure();
	}

	#measure() {
		const { scrollHeight, scrollTop, clientHeight } = this.#box;
		const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
		if (this.atEnd && !atEnd) {
			this.#leftAt = this.#lastSeq;
		}
		this.atEnd = atEnd;
	}

	#moved() {
		if (!this.isOpen) {
			return;
		}
		this.#measure();
		this.#showWayToEnd();
		this.#lookUp();
		this.handlers.onMove();
	}

	#resized() {
		if (this.isOpen && this.#begun && this.atEnd) {
			this.#box.scrollTop = this.#box.scrollHeight;
		} else if (this.isOpen) {
			this.handlers.onMove();
		}
	}

	#lookUp() {
		if (this.#begun && this.isOpen && this.#box.scrollTop < NEAR_TOP) {
			this.handlers.onTop();
		}
	}

	/** The first message in view, and where it stands. */
	#place() {
		const top = this.#box.getBoundingClientRect().top;
		for (const child of /** @type {Iterable<HTMLElement>} */ (this.#list.children)) {
			const box = child.getBoundingClientRect();
			if (box.bottom > top && child.classList.contains('message')) {
				return { child, top: box.top };
			}
		}
		return null;
	}

	/** @param {{ child: HTMLElement, top: number }} place */
	#restore({ child, top }) {
		if (child.isConnected) {
			this.#box.scrollTop += child.getBoundingClientRect().top - top;
		}
	}

	#showWayToEnd() {
		this.#toEndButton.hidden = this.atEnd || !this.#begun;
		if (this.#toEndButton.hidden) {
			return;
		}
		const count = this.#messages.filter((it) => !it.mine && (it.seq ?? 0) > this.#leftAt).length;
		const label = count > 0 ? texts.toEndWith(count) : texts.toEnd;
		this.#toEndButton.hidden = false;
		this.#toEndButton.setAttribute('aria-label', label);
		this.#toEndButton.replaceChildren(icon(ICONS.down), ...(count > 0 ? [String(count)] : []));
	}

	// ---- What there is to see

	/** @param {string | undefined} language */
	#setLanguage(language) {
		if (language !== this.#language) {
			this.#language = language;
			this.#formats = formats(language);
		}
	}

	/**
	 * A page of old messages is no news: only what comes after them is read out.
	 * @param {readonly Message[]} messages
	 */
	#hush(messages) {
		const first = messages.find((it) => it.seq !== null)?.seq ?? Infinity;
		if (first < this.#firstSeq) {
			this.#firstSeq = first;
			this.#box.setAttribute('aria-live', 'off');
			clearTimeout(this.#silence);
			this.#silence = setTimeout(() => this.#box.setAttribute('aria-live', 'polite'), SILENCE);
		}
	}

	/**
	 * @param {View} view
	 * @returns {import('./dom.js').Entry[]}
	 */
	#entries(view) {
		/** @type {import('./dom.js').Entry[]} */
		const entries = [];
		const { messages, unreadSeq } = view;
		/** Each day once, even when a clock goes back. @type {Set<string>} */
		const days = new Set();
		messages.forEach((message, i) => {
			const day = message.sent_at.toDateString();
			if (!days.has(day)) {
				days.add(day);
				const text = this.#formats.day(message.sent_at);
				entries.push({ key: `day ${day}`, look: text, make: () => make('li', { class: 'day', part: 'day' }, text) });
			}
			if (message.seq !== null && message.seq === unreadSeq) {
				entries.push({ key: 'unread', look: texts.unread, make: () => make('li', { class: 'unread', part: 'unread' }, texts.unread) });
			}
			entries.push(this.#entry(view, message, {
				first: !standTogether(messages[i - 1], message),
				last: !standTogether(message, messages[i + 1]),
			}));
		});
		return entries;
	}

	/**
	 * @param {View} view
	 * @param {Message} message
	 * @param {{ first: boolean, last: boolean }} group
	 * @returns {import('./dom.js').Entry}
	 */
	#entry({ readSeq, peerName }, message, { first, last }) {
		const status = message.mine ? statusOf(message, readSeq) : 'theirs';
		const author = message.mine ? texts.you : peerName;
		const time = message.sent_at.getTime();
		return {
			key: keyOf(message),
			look: `${status} ${first} ${last} ${time} ${author}`,
			make: () => {
				const made = this.#bubble(message);
				this.#dress(made, message, { status, author, first, last });
				return made;
			},
			update: (child) => this.#dress(child, message, { status, author, first, last }),
		};
	}

	/** @param {Message} message */
	#bubble(message) {
		return make('li', {},
			make('div', { class: 'bubble', part: `bubble ${message.mine ? 'bubble-mine' : 'bubble-theirs'}` },
				make('bdi', { class: 'spoken author' }),
				make('p', { class: 'line', dir: 'auto' },
					make('span', { class: 'text', part: 'text' }, ...linked(message.text)),
					make('span', { class: 'room', 'aria-hidden': 'true' }),
					make('span', { class: 'meta', part: 'meta' }, make('time', { dir: 'auto' })))));
	}

	/**
	 * All about a message that can change.
	 * @param {HTMLElement} child
	 * @param {Message} message
	 * @param {{ status: string, author: string, first: boolean, last: boolean }} look
	 */
	#dress(child, message, { status, author, first, last }) {
		const classes = ['message', status, message.mine && 'mine', first && 'first', last && 'last',
			isFewEmoji(message.text) && 'large'];
		child.className = classes.filter(Boolean).join(' ');
		setText(/** @type {Node} */ (child.querySelector('.author')), `${author}: `);
		const time = /** @type {HTMLTimeElement} */ (child.querySelector('time'));
		time.dateTime = message.sent_at.toISOString();
		time.title = this.#formats.moment(message.sent_at);
		const clock = this.#formats.time(message.sent_at);
		setText(time, clock);
		// The last line of the text leaves so much room for what stands in its corner.
		child.style.setProperty('--meta', String(clock.length + (message.mine ? 3 : 0)));
		if (message.mine) {
			this.#showStatus(child, message, /** @type {'sending' | 'sent' | 'read' | 'failed'} */ (status));
		}
	}

	/**
	 * @param {HTMLElement} child
	 * @param {Message} message
	 * @param {'sending' | 'sent' | 'read' | 'failed'} status
	 */
	#showStatus(child, message, status) {
		const meta = /** @type {HTMLElement} */ (child.querySelector('.meta'));
		if (meta.dataset.status !== status) {
			meta.dataset.status = status;
			meta.querySelectorAll('.status').forEach((it) => it.remove());
			meta.append(make('span', { class: 'status', part: `status status-${status}`, title: texts[status] },
				icon(ICONS[status], status), make('span', { class: 'spoken' }, texts[status])));
		}
		child.querySelector('.failure')?.remove();
		if (status === 'failed') {
			child.append(this.#failure(message));
		}
	}

	/** @param {Message} message */
	#failure(message) {
		const { ref, error } = message;
		const why = texts.reasons[/** @type {{ code?: string } | null} */ (error)?.code ?? ''] ?? '';
		const act = (/** @type {(ref: string) => void} */ what) => () => {
			what(ref ?? '');
			this.focus();
		};
		return make('div', { class: 'failure', part: 'failure' },
			make('span', {}, `${texts.failed}. ${why}`.trim()),
			make('span', { class: 'ways' },
				make('button', { type: 'button', onclick: act(this.handlers.retry) }, texts.retry),
				make('button', { type: 'button', onclick: act(this.handlers.discard) }, texts.discard)));
	}
}
