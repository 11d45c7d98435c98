// The guide of host/README.md, as its readers follow it.

import { readFileSync } from 'node:fs';

const GUIDE = readFileSync(new URL('../../host/README.md', import.meta.url), 'utf8');

/** @param {string} heading @returns {string} what stands below it, up to the next of its rank */
function section(heading) {
	const [, text] = `\n${GUIDE}`.split(`\n## ${heading}\n`);
	if (text === undefined) {
		throw new Error(`host/README.md has no section "${heading}"`);
	}
	return text.split(/\n## /)[0];
}

/**
 * The programs of a section, each with the file that it stands in: the last one named before it.
 * @param {string} heading
 * @returns {{ language: string, file: string, code: string }[]}
 */
export function programs(heading) {
	const text = section(heading);
	return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(({ index, 1: language, 2: code }) => {
		const named = [...text.slice(0, index).matchAll(/`([\w./-]+\.(?:rb|erb|py|html|mjs|php))`/g)];
		return { language, file: named.at(-1)?.[1] ?? '', code };
	});
}

/** @param {string} heading @returns {string} what a reader of the section types into a shell, to install */
export function installation(heading) {
	const first = programs(heading).find(({ language }) => language === 'sh');
	if (!first) {
		throw new Error(`host/README.md does not say how to install it under "${heading}"`);
	}
	return first.code;
}
