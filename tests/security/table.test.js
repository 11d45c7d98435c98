// SECURITY.md says which tests show what it claims, and which constants are the limits: they are there.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url);
const page = readFileSync(new URL('SECURITY.md', ROOT), 'utf8');

/** @param {string} heading @returns {string[][]} the cells of the table below it */
function tableOf(heading) {
	const chapter = page.split(`\n## ${heading}\n`)[1].split('\n## ')[0];
	return chapter.split('\n').filter((line) => line.startsWith('| ')).slice(1).map((line) => line.slice(2, -2).split(' | '));
}

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('every attack names tests that are there', () => {
	const rows = tableOf('Attacks');
	assert.ok(rows.length > 30);
	let count = 0;
	for (const [attack, , shown] of rows) {
		const groups = shown.split('; ');
		assert.ok(groups.length > 0 && groups[0], attack);
		for (const group of groups) {
			const [, file, names] = /** @type {RegExpMatchArray} */ (group.match(/^`(tests\/[^`]+)`: (".*")$/) ?? assert.fail(`${attack}: ${group}`));
			assert.ok(existsSync(new URL(file, ROOT)), `${attack}: there is no ${file}`);
			const source = readFileSync(new URL(file, ROOT), 'utf8').replaceAll("\\'", "'");
			for (const name of names.slice(1, -1).split('", "')) {
				const pattern = name.split('…').map(escaped).join('[^\\n]*?');
				const found = file.endsWith('.c')
					? new RegExp(`\\b${pattern}\\(|CHAT_TEST\\(${pattern}\\)`)
					: new RegExp(`test\\((['\`])[^\\n]*?${pattern}[^\\n]*?\\1,`);
				assert.match(source, found, `${attack}: ${file} has no test "${name}"`);
				count++;
			}
		}
	}
	assert.ok(count > 80, String(count));
});

test('every limit has its constant, with its number', () => {
	const folder = new URL('plugin/', ROOT);
	const source = readdirSync(folder, { withFileTypes: true }).filter((it) => it.isDirectory()).flatMap((it) =>
		readdirSync(new URL(`${it.name}/`, folder)).map((file) => readFileSync(new URL(`${it.name}/${file}`, folder), 'utf8'))).join('\n').replaceAll(/\\\n\s*/g, '');
	const rows = tableOf('Limits');
	assert.ok(rows.length > 25);
	for (const [what, bound, constants] of rows.filter((row) => row[2] !== '–')) {
		for (const [, name] of constants.matchAll(/`([^`]+)`/g)) {
			if (name === name.toLowerCase()) {
				assert.ok(source.includes(`{"${name}", OPTION_`), `${what}: there is no option ${name}`);
				continue;
			}
			const values = [...source.matchAll(new RegExp(`#define ${name}\\s+([^/\\n]+)`, 'g'))].map((it) => it[1].trim());
			assert.ok(values.length > 0, `${what}: there is no ${name}`);
			// Where the constant is a plain number and the only one, the page says that number.
			const numbers = values.filter((value) => /^\d+$/.test(value));
			if (/^\d/.test(bound) && numbers.length === values.length) {
				assert.ok(numbers.some((number) => bound.includes(number)), `${what}: ${name} is ${numbers}, the page says ${bound}`);
			}
		}
	}
});
