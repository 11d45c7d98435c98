// The message that another one answers, in two lines above it.

import { summary } from './attachments.js';
import { make } from './dom.js';

/** More of it is not shown. */
const LONGEST = 200;

/**
 * @param {{ text: string, data?: any, deleted?: boolean } | null} message null: it is not loaded
 * @param {string} author
 * @returns {HTMLElement[]}
 */
export function quoted(message, author) {
	return [
		...(message ? [make('bdi', { class: 'quoted-author cut' }, author)] : []),
		make('span', { class: 'cut', dir: 'auto' }, message ? summary(message).slice(0, LONGEST) : '…'),
	];
}
