// The files that belong to a message: its `data.attachments`, [{ url, type, name, size, width, height }]. Another user
// has said all of it, so only addresses are taken that load something, and run nothing in this page.

import { icon, ICONS, make } from './dom.js';
import { texts } from './texts.js';

/** So many are shown of one message. */
export const MOST = 10;
/** Pictures are shown no larger than this, in pixels; where nobody says how large they are, of this size. */
const LARGEST = 320;
const UNKNOWN = { width: 240, height: 180 };

const PICTURE = /^image\/(png|jpeg|gif|webp|avif)$/;

/**
 * @typedef {object} Attachment
 * @property {string} url `https:`, or the page's own site
 * @property {string} [type]
 * @property {string} [name]
 * @property {number} [size] in bytes
 * @property {number} [width] of a picture
 * @property {number} [height]
 */

/**
 * @param {string} url
 * @param {string} page its address
 * @returns {string | null} null for what is not to be loaded
 */
export function safeUrl(url, page) {
	try {
		const { href, protocol, origin } = new URL(url, page);
		const own = protocol === 'http:' && origin === new URL(page).origin;
		return protocol === 'https:' || own ? href : null;
	} catch {
		return null;
	}
}

/**
 * @param {any} data a message's
 * @param {string} page its address
 * @returns {Attachment[]} what of it can be shown
 */
export function attachmentsOf(data, page) {
	const list = Array.isArray(data?.attachments) ? data.attachments : [];
	const text = (/** @type {unknown} */ it) => (typeof it === 'string' ? it : undefined);
	const number = (/** @type {unknown} */ it) => (typeof it === 'number' && it > 0 && it < 1e12 ? it : undefined);
	return list.slice(0, MOST).flatMap((/** @type {any} */ it) => {
		const url = typeof it?.url === 'string' && safeUrl(it.url, page);
		return url ? [{
			url, type: text(it.type), name: text(it.name)?.slice(0, 200), size: number(it.size), width: number(it.width), height: number(it.height),
		}] : [];
	});
}

/** @param {Attachment} attachment */
export const isPicture = ({ type }) => PICTURE.test(type ?? '');

/** What a message is called where there is no place for more than its text. @param {{ text: string, data?: any, deleted?: boolean }} message */
export function summary({ text, data, deleted }) {
	const [first] = deleted || text ? [] : attachmentsOf(data, document.baseURI);
	return deleted ? texts.deleted : text || (first ? first.name || (isPicture(first) ? texts.picture : texts.file) : '');
}

/**
 * @param {number} width
 * @param {number} height
 * @returns {{ width: number, height: number }} of the same shape, and no larger than we show
 */
export function fitted(width, height) {
	const scale = Math.min(1, LARGEST / width, LARGEST / height);
	return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** @param {number} bytes @param {string | undefined} language */
function sizeText(bytes, language) {
	const [unit, size] = bytes < 1e3 ? ['byte', bytes] : bytes < 1e6 ? ['kilobyte', bytes / 1e3] : ['megabyte', bytes / 1e6];
	return new Intl.NumberFormat(language, { style: 'unit', unit: String(unit), maximumFractionDigits: Number(size) < 10 ? 1 : 0 }).format(Number(size));
}

/** @param {Attachment} attachment @param {string} part @param {Node[]} children */
function link({ url, name }, part, ...children) {
	// What is no picture is saved, and not opened: a page of somebody's would run on this site.
	const download = part === 'file' && (name ?? '');
	return make('a', { class: part, part, href: url, target: '_blank', rel: 'noopener noreferrer nofollow', tabindex: '-1', download }, ...children);
}

/** @param {Attachment} attachment */
function picture(attachment) {
	const { url, name, width, height } = attachment;
	const size = width && height ? fitted(width, height) : UNKNOWN;
	const image = make('img', {
		alt: name || texts.picture, width: String(size.width), height: String(size.height),
		loading: 'lazy', decoding: 'async', referrerpolicy: 'no-referrer', src: url,
	});
	// Its place is there before it is loaded, and stays as it is then.
	image.style.aspectRatio = `${size.width} / ${size.height}`;
	return link(attachment, 'picture', image);
}

/** @param {Attachment} attachment @param {string | undefined} language */
function file(attachment, language) {
	const { name, size } = attachment;
	return link(attachment, 'file', icon(ICONS.file), make('bdi', { class: 'cut' }, name || texts.file),
		...(size ? [make('bdi', { class: 'size' }, sizeText(size, language))] : []));
}

/**
 * @param {Attachment[]} attachments
 * @param {string | undefined} language
 * @returns {HTMLElement[]}
 */
export function shown(attachments, language) {
	return attachments.map((it) => (isPicture(it) ? picture(it) : file(it, language)));
}
