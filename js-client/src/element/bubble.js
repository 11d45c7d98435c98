// One message in the log: what it answers, its text and files, its time and ticks, reactions, and what to do where it
// has failed.

import { attachmentsOf, shown } from './attachments.js';
import { fill, icon, ICONS, isFewEmoji, linked, make, setText } from './dom.js';
import { quoted } from './quote.js';
import { texts } from './texts.js';

/**
 * @typedef {import('./connection.js').Room['messages'][number]} Message
 *
 * @typedef {object} Look what is shown beside the message itself
 * @property {'sending' | 'sent' | 'read' | 'failed' | 'theirs'} status
 * @property {string} author
 * @property {boolean} first of those that stand together
 * @property {boolean} last
 * @property {Message | null} answered the message that it answers, where that is loaded
 * @property {(user: string) => string} nameOf
 * @property {string} me
 * @property {string | undefined} language
 * @property {ReturnType<typeof import('./times.js').timesIn>} times
 *
 * @typedef {object} Handlers
 * @property {(ref: string) => void} retry
 * @property {(ref: string) => void} discard
 * @property {(message: Message) => void} rewrite back to where it was written
 * @property {(seq: number) => void} goTo
 * @property {(message: Message, reaction: string) => void} react or takes it back
 */

/** All of a message that can change, in short: where it is the same, nothing is made anew. @param {Message} message @param {Look} look */
export function lookOf({ sent_at, text, change, edited_at, reactions, deleted }, { status, first, last, author, answered }) {
	const said = reactions.map(({ reaction, by }) => `${reaction}${by}`).join();
	const quote = answered && `${answered.change} ${answered.text.slice(0, 200)}`;
	return `${status} ${first} ${last} ${sent_at.getTime()} ${author} ${change} ${edited_at?.getTime()} ${deleted} ${said} ${quote} ${edited_at ? text : ''}`;
}

/** With what each message has: the browser has work with every element in the page. @returns {HTMLElement} */
export function bubble() {
	return make('li', { tabindex: '-1' },
		make('div', { class: 'bubble' },
			make('bdi', { class: 'spoken author' }),
			make('p', { class: 'line', dir: 'auto' },
				make('span', { class: 'words' }, make('span', { class: 'text', part: 'text' }), make('span', { class: 'room', 'aria-hidden': 'true' })),
				make('span', { class: 'meta', part: 'meta' }, make('time', { dir: 'auto' })))));
}

/** @param {Element} child @param {string} name @returns {HTMLElement} */
const part = (child, name) => /** @type {HTMLElement} */ (child.querySelector(`.${name}`));

/**
 * A list that most messages do without.
 * @param {Element} child
 * @param {string} name
 * @param {Element} before it stands after this
 * @param {import('./dom.js').Entry[]} entries
 */
function fillPlace(child, name, before, entries) {
	let place = part(child, name);
	if (!place && entries.length > 0) {
		place = make('div', { class: name });
		before.after(place);
	}
	if (place) {
		fill(place, entries);
	}
}

/**
 * @param {HTMLElement} child
 * @param {Message} message
 * @param {Look} look
 * @param {Handlers} handlers
 */
export function dress(child, message, look, handlers) {
	const { status, author, first, last, times } = look;
	const { mine, deleted, text } = message;
	const classes = ['message', status, mine && 'mine', first && 'first', last && 'last', deleted && 'deleted', isFewEmoji(text) && 'large'];
	child.className = classes.filter(Boolean).join(' ');
	part(child, 'bubble').setAttribute('part', `bubble ${mine ? 'bubble-mine' : 'bubble-theirs'}`);
	setText(part(child, 'author'), `${author}: `);
	showContent(child, message, look, handlers);

	const time = /** @type {HTMLTimeElement} */ (child.querySelector('time'));
	time.dateTime = message.sent_at.toISOString();
	time.title = times.moment(message.sent_at);
	const clock = times.time(message.sent_at);
	setText(time, clock);
	const edited = message.edited_at && !deleted ? texts.edited : '';
	if (edited && !part(child, 'edited')) {
		time.before(make('span', { class: 'edited' }));
	}
	if (part(child, 'edited')) {
		setText(part(child, 'edited'), edited);
	}
	// The last line of the text leaves so much room for what stands in its corner.
	child.style.setProperty('--meta', String(clock.length + (edited ? edited.length + 1 : 0) + (mine ? 3 : 0)));
	showReactions(child, message, look, handlers);
	if (status !== 'theirs') {
		showStatus(child, message, status, handlers);
	}
}

/**
 * @param {HTMLElement} child
 * @param {Message} message
 * @param {Look} look
 * @param {Handlers} handlers
 */
function showContent(child, { text, data, deleted, reply_to, seq, change }, { answered, nameOf, language }, handlers) {
	const said = deleted ? texts.deleted : text;
	if (part(child, 'text').textContent !== said) {
		part(child, 'text').replaceChildren(...(deleted ? [said] : linked(said)));
	}
	const quote = reply_to === null ? [] : [{
		key: 'quote',
		look: `${answered?.change} ${answered?.text}`,
		make: () => make('button', { type: 'button', class: 'quote', part: 'quote', tabindex: '-1', onclick: () => handlers.goTo(reply_to) },
			...quoted(answered, answered ? nameOf(answered.user_id) : '')),
	}];
	fillPlace(child, 'answers', part(child, 'author'), quote);
	const files = deleted ? [] : attachmentsOf(data, document.baseURI);
	fillPlace(child, 'files', part(child, 'answers') ?? part(child, 'author'),
		files.map((it, i) => ({ key: String(i), look: `${seq} ${change} ${it.url}`, make: () => shown([it], language)[0] })));
}

/**
 * @param {HTMLElement} child
 * @param {Message} message
 * @param {Look} look
 * @param {Handlers} handlers
 */
function showReactions(child, message, { nameOf, me }, { react }) {
	fillPlace(child, 'reactions', part(child, 'bubble'), message.reactions.map(({ reaction, by }) => ({
		key: reaction,
		look: by.join(),
		make: () => {
			const label = texts.reacted(by.map(nameOf).join(', '), reaction);
			return make('button', {
				type: 'button', class: 'reaction', part: 'reaction', tabindex: '-1', title: label, 'aria-label': label,
				'aria-pressed': String(by.includes(me)), onclick: () => react(message, reaction),
			}, make('bdi', {}, reaction), ...(by.length > 1 ? [` ${by.length}`] : []));
		},
	})));
}

/**
 * @param {HTMLElement} child
 * @param {Message} message
 * @param {'sending' | 'sent' | 'read' | 'failed'} status
 * @param {Handlers} handlers
 */
function showStatus(child, message, status, handlers) {
	const meta = part(child, 'meta');
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
