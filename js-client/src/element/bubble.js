// One message in the log: its bubble, its time and ticks, and what to do where it has failed.

import { icon, ICONS, isFewEmoji, linked, make, setText } from './dom.js';
import { texts } from './texts.js';

/**
 * @typedef {import('./connection.js').Room['messages'][number]} Message
 *
 * @typedef {object} Look what is shown beside the message itself
 * @property {'sending' | 'sent' | 'read' | 'failed' | 'theirs'} status
 * @property {string} author
 * @property {boolean} first of those that stand together
 * @property {boolean} last
 *
 * @typedef {object} Handlers
 * @property {(ref: string) => void} retry
 * @property {(ref: string) => void} discard
 * @property {(message: Message) => void} rewrite back to where it was written
 */

/**
 * @param {Message} message
 * @returns {HTMLElement}
 */
export function bubble(message) {
	return make('li', { tabindex: '-1' },
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
 * @param {Look} look
 * @param {ReturnType<typeof import('./times.js').timesIn>} times
 * @param {Handlers} handlers
 */
export function dress(child, message, { status, author, first, last }, times, handlers) {
	const classes = ['message', status, message.mine && 'mine', first && 'first', last && 'last',
		isFewEmoji(message.text) && 'large'];
	child.className = classes.filter(Boolean).join(' ');
	setText(/** @type {Node} */ (child.querySelector('.author')), `${author}: `);
	const time = /** @type {HTMLTimeElement} */ (child.querySelector('time'));
	time.dateTime = message.sent_at.toISOString();
	time.title = times.moment(message.sent_at);
	const clock = times.time(message.sent_at);
	setText(time, clock);
	// The last line of the text leaves so much room for what stands in its corner.
	child.style.setProperty('--meta', String(clock.length + (message.mine ? 3 : 0)));
	if (status !== 'theirs') {
		showStatus(child, message, status, handlers);
	}
}

/**
 * @param {HTMLElement} child
 * @param {Message} message
 * @param {'sending' | 'sent' | 'read' | 'failed'} status
 * @param {Handlers} handlers
 */
function showStatus(child, message, status, handlers) {
	const meta = /** @type {HTMLElement} */ (child.querySelector('.meta'));
	if (meta.dataset.status !== status) {
		meta.dataset.status = status;
		meta.querySelectorAll('.status').forEach((it) => it.remove());
		meta.append(make('span', { class: 'status', part: `status status-${status}`, title: texts[status] },
			icon(ICONS[status], status), make('span', { class: 'spoken' }, texts[status])));
	}
	child.querySelector('.failure')?.remove();
	if (status === 'failed') {
		child.append(failure(message, handlers));
	}
}

/**
 * @param {Message} message
 * @param {Handlers} handlers
 */
function failure(message, { retry, discard, rewrite }) {
	const { error } = message;
	const ref = message.ref ?? '';
	const code = /** @type {{ code?: string } | null} */ (error)?.code ?? '';
	const button = (/** @type {string} */ label, /** @type {() => void} */ onclick) => make('button', { type: 'button', onclick }, label);
	// What is too long stays so, however often it is tried.
	const way = code === 'too_large' ? button(texts.edit, () => rewrite(message)) : button(texts.retry, () => retry(ref));
	return make('div', { class: 'failure', part: 'failure' },
		make('span', {}, `${texts.failed}. ${texts.reasons[code] ?? ''}`.trim()),
		make('span', { class: 'ways' }, way, button(texts.discard, () => discard(ref))));
}
