// Where a text has addresses that one can go to: of the web, with or without a scheme, and of mail.

/**
 * What may begin an address, and all that may stand in one. An address begins where a word does.
 * A scheme is followed by anything that has no space; without one, `www.` and mail need a domain with a dot.
 */
const CANDIDATE = new RegExp([
	'(?<scheme>https?:\\/\\/[^\\s<>"`\\p{Cc}\\p{Cf}]+)',
	'(?<web>www\\.[\\p{L}\\p{N}-]+(?:\\.[\\p{L}\\p{N}-]+)+(?:[:\\/?#][^\\s<>"`\\p{Cc}\\p{Cf}]*)?)',
	'(?<mail>[\\w.!#$%&*+\\/=?^{|}~-]{1,64}@[\\p{L}\\p{N}-]{1,63}(?:\\.[\\p{L}\\p{N}-]{1,63})+)',
].map((it) => `(?<![\\p{L}\\p{N}_@])${it}`).join('|'), 'giu');

const PUNCTUATION = /[.,;:!?'*_~…。、，！？]/u;
const OPENING = new Map([['(', ')'], ['[', ']'], ['{', '}'], ['«', '»'], ['“', '”'], ['‘', '’']]);
const CLOSING = new Set(OPENING.values());

/**
 * Without what belongs to the sentence around it: punctuation at the end, and a bracket that closes
 * one which the address has not opened.
 * @param {string} address
 */
function trimmed(address) {
	/** How many more of each closing bracket there are than of its opening one. @type {Map<string, number>} */
	const surplus = new Map();
	const add = (/** @type {string} */ closing, /** @type {number} */ n) => surplus.set(closing, (surplus.get(closing) ?? 0) + n);
	for (const char of address) {
		if (CLOSING.has(char)) {
			add(char, 1);
		} else if (OPENING.has(char)) {
			add(/** @type {string} */ (OPENING.get(char)), -1);
		}
	}
	let end = address.length;
	for (; end > 0; end--) {
		const last = address[end - 1];
		if ((surplus.get(last) ?? 0) > 0) {
			add(last, -1);
		} else if (!PUNCTUATION.test(last)) {
			break;
		}
	}
	return address.slice(0, end);
}

/** @param {string} href */
function isUrl(href) {
	try {
		return new URL(href).hostname !== '' || href.startsWith('mailto:');
	} catch {
		return false;
	}
}

/**
 * @param {string} text
 * @returns {{ text: string, href?: string }[]} the text in pieces; those with an `href` are addresses
 */
export function pieces(text) {
	/** @type {{ text: string, href?: string }[]} */
	const found = [];
	let from = 0;
	for (const match of text.matchAll(CANDIDATE)) {
		const address = trimmed(match[0]);
		const prefix = match.groups?.web ? 'https://' : match.groups?.mail ? 'mailto:' : '';
		const href = prefix + address;
		if (!isUrl(href)) {
			continue;
		}
		if (match.index > from) {
			found.push({ text: text.slice(from, match.index) });
		}
		found.push({ text: address, href });
		from = match.index + address.length;
	}
	if (from < text.length) {
		found.push({ text: text.slice(from) });
	}
	return found;
}
