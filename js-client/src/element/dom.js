// Making and updating elements.  Text enters them as text: nothing here, and nothing that uses it,
// parses HTML.

import { pieces } from './links.js';

/** What custom elements extend; a stand-in where there is no DOM, so that a server may import them. */
export const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? class {});

/**
 * Properties that a page has set before it knew the element: sets them again, as the element means it.
 * @param {HTMLElement} element
 * @param {string[]} names
 */
export function upgrade(element, names) {
	for (const name of names) {
		const own = Object.getOwnPropertyDescriptor(element, name);
		if (own) {
			delete (/** @type {any} */ (element)[name]);
			/** @type {any} */ (element)[name] = own.value;
		}
	}
}

const coarse = globalThis.matchMedia?.('(pointer: coarse)');

/** Whether one writes with the thumbs. */
export function isOnPhone() {
	return coarse?.matches ?? false;
}

/**
 * @typedef {object} Entry a child of a list
 * @property {string} key says which child it is
 * @property {string} look says all that it shows
 * @property {() => HTMLElement} make
 * @property {(child: HTMLElement) => void} [update] makes it show what it should; without it, it is made anew
 */

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | EventListener>} [attributes] `onclick` and the like are listeners
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
	const made = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === 'function') {
			made.addEventListener(name.slice(2), value);
		} else {
			made.toggleAttribute(name, value !== false);
			if (typeof value === 'string') {
				made.setAttribute(name, value);
			}
		}
	}
	made.append(...children);
	return made;
}

/**
 * Writes only where something changes, so that a screen reader is not told again.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
	if (node.textContent !== text) {
		node.textContent = text;
	}
}

/**
 * Likewise: what is set anew costs the browser a look at all of its rules, also where it is the same.
 * @param {Element} element
 * @param {Record<string, string>} attributes
 */
export function setAttributes(element, attributes) {
	for (const [name, value] of Object.entries(attributes)) {
		if (element.getAttribute(name) !== value) {
			element.setAttribute(name, value);
		}
	}
}

/** @type {WeakMap<HTMLElement, Map<string, { look: string, child: HTMLElement }>>} */
const filled = new WeakMap();

/**
 * Makes the list's children these, in this order. What is there already stays the same element,
 * with its focus and its place.
 * @param {HTMLElement} list
 * @param {Entry[]} entries
 */
export function fill(list, entries) {
	const before = filled.get(list) ?? new Map();
	/** @type {Map<string, { look: string, child: HTMLElement }>} */
	const now = new Map();
	for (const { key, look, make: makeChild, update } of entries) {
		const known = before.get(key);
		if (known && known.look !== look && update) {
			update(known.child);
		}
		const keeps = known && (known.look === look || update);
		now.set(key, { look, child: keeps ? known.child : makeChild() });
	}
	for (const [key, { child }] of before) {
		if (now.get(key)?.child !== child) {
			child.remove();
		}
	}
	let place = list.firstElementChild;
	for (const { child } of now.values()) {
		if (child === place) {
			place = place.nextElementSibling;
		} else {
			list.insertBefore(child, place);
		}
	}
	filled.set(list, now);
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * A drawing beside a text that says the same.
 * @param {string} path in a box of 16 by 16
 * @param {string} [name] its class
 */
export function icon(path, name = '') {
	const svg = document.createElementNS(SVG, 'svg');
	svg.setAttribute('viewBox', '0 0 16 16');
	svg.setAttribute('class', `icon ${name}`.trim());
	svg.setAttribute('aria-hidden', 'true');
	const line = document.createElementNS(SVG, 'path');
	line.setAttribute('d', path);
	svg.append(line);
	return svg;
}

export const ICONS = {
	sending: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3.2l2 1.3',
	sent: 'M3.5 8.5l3 3l6-7',
	read: 'M.8 8.7l2.9 2.9l5.9-7M7.4 10.9l.8.8l6.4-7.4',
	failed: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3.4M8 10.6v.4',
	send: 'M8 13V3.5M3.7 7.5L8 3.2l4.3 4.3',
	down: 'M8 3v9.5M3.7 8.5L8 12.8l4.3-4.3',
	more: 'M3.2 8h.1M8 8h.1M12.8 8h.1',
	close: 'M4 4l8 8M12 4l-8 8',
	clip: 'M13 7.5l-5.3 5.3a3.2 3.2 0 0 1-4.5-4.5l5.8-5.8a2.1 2.1 0 0 1 3 3l-5.7 5.7a1 1 0 0 1-1.5-1.5L9.6 4.6',
	file: 'M4 1.8h5l3.2 3.2v9.2H4zM9 1.8V5h3.2',
	muted: 'M3 6.2h2L8.5 3v10L5 9.8H3zM11 6.3l3 3.4M14 6.3l-3 3.4',
	back: 'M10 3L5 8l5 5',
};

/**
 * A round picture of somebody: initials, on a colour that is always theirs.
 * @param {string} id
 * @param {string} name
 */
export function avatar(id, name) {
	const letters = name.match(/(?<![\p{L}\p{N}])[\p{L}\p{N}]/gu) ?? [];
	const initials = letters.length > 1 ? letters[0] + letters[letters.length - 1] : letters[0] ?? '';
	const made = make('span', { class: 'avatar', part: 'avatar', 'aria-hidden': 'true' }, initials.toUpperCase());
	let hash = 7;
	for (const char of id) {
		hash = (hash * 31 + char.charCodeAt(0)) % 360;
	}
	// Neighbouring ids get distant colours.
	made.style.setProperty('--hue', String((hash * 137) % 360));
	return made;
}

/**
 * A message's text, with its addresses as links.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function linked(text) {
	return pieces(text).map(({ text: piece, href }) => (href
		? make('a', { href, tabindex: '-1', target: '_blank', rel: 'noopener noreferrer nofollow' }, piece)
		: piece));
}

const EMOJI_ONLY = /^(?:[\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\u200d\ufe0f\s])+$/u;
const FEW = 3;

/**
 * Whether a text is a few emoji and nothing else.
 * @param {string} text
 */
export function isFewEmoji(text) {
	if (text.length > 60 || !EMOJI_ONLY.test(text)) {
		return false;
	}
	const Segmenter = /** @type {any} */ (Intl).Segmenter;
	return [...(Segmenter ? new Segmenter().segment(text.trim()) : text.trim())].length <= FEW;
}

/** As they are written in a page, and as `Intl` calls them. @type {Map<string | undefined, string | undefined>} */
const languages = new Map();

/** @param {string | undefined} said @returns {string | undefined} */
function canonical(said) {
	try {
		return Intl.getCanonicalLocales(said)[0];
	} catch {
		return undefined;
	}
}

/**
 * The language in which an element stands, for dates.
 * @param {Element} element
 * @returns {string | undefined} undefined: the browser's
 */
export function languageOf(element) {
	const said = element.closest('[lang]')?.getAttribute('lang') || undefined;
	if (!languages.has(said)) {
		languages.set(said, canonical(said));
	}
	return languages.get(said);
}
