// Pieces of the documents, as their readers find them.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param {string} path from the top of the repository */
export function fromTop(path) {
	return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** How to install and run the plugin, with its options. */
export const OPERATING = readFileSync(fromTop('plugin/OPERATING.md'), 'utf8');
/** How an application signs logins by itself. */
export const SIGNING = readFileSync(fromTop('js-client/host/README.md'), 'utf8').split('\n## Signing a login\n')[1];
export const CONF = readFileSync(fromTop('mosquitto.conf.example'), 'utf8');

/**
 * The code blocks of a language, in their order.
 * @param {string} document
 * @param {string} language
 * @returns {string[]}
 */
export function blocks(document, language) {
	const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
	return [...document.matchAll(fence)].map(([, code]) => code);
}

/**
 * The rows of the table under a heading, each an array of its cells' texts.
 * @param {string} document
 * @param {string} heading
 * @returns {string[][]}
 */
export function tableUnder(document, heading) {
	const start = document.indexOf(`\n${heading}\n`);
	if (start < 0) {
		throw new Error(`the document has no heading "${heading}"`);
	}
	const rows = document.slice(start).split('\n').slice(2)
		.join('\n').split(/^#/m)[0].split('\n')
		.filter((line) => line.startsWith('|'));
	return rows.slice(2).map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
}

/**
 * The options that the example configuration names, with their values; `set`: the line is no comment.
 * @returns {Map<string, { value: string, set: boolean }>}
 */
export function confOptions() {
	const line = /^(#?)(plugin_opt_\w+)[ \t]*(.*)$/gm;
	return new Map([...CONF.matchAll(line)].map(([, hash, name, value]) => [name, { value, set: hash === '' }]));
}
