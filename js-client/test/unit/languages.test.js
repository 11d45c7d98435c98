import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { addLanguage, chooseLanguage, plural, texts } from '../../src/element/texts.js';

const FOLDER = new URL('../../src/element/languages/', import.meta.url);
const english = { ...texts };

/** A page in that language, as far as the texts look at it. @param {string} lang */
function pageIn(lang) {
	Object.assign(globalThis, { document: { documentElement: { lang } } });
	chooseLanguage();
}

/** @param {unknown} value */
const kind = (value) => (typeof value === 'function' ? `function of ${value.length}` : typeof value);

describe('languages', () => {
	for (const file of readdirSync(FOLDER)) {
		const language = file.replace('.js', '');
		test(`${language} has every text, of the same kind`, async () => {
			await import(new URL(file, FOLDER).href);
			pageIn(`${language}-XX`);
			assert.equal(texts.send === english.send, language === 'en');
			assert.deepEqual(Object.keys(texts).sort(), Object.keys(english).sort());
			for (const [name, text] of Object.entries(texts)) {
				assert.equal(kind(text), kind(/** @type {any} */ (english)[name]), name);
				if (typeof text === 'function') {
					const filled = /** @type {(...args: any[]) => string} */ (text)('Zoë', '5');
					assert.ok(filled.length > 0 && !filled.includes('undefined'), name);
				}
			}
			assert.deepEqual(Object.keys(texts.reasons).sort(), Object.keys(english.reasons).sort());
			pageIn('en');
			assert.equal(texts.send, english.send);
		});
	}

	test('a page in a language that is not loaded is in English', () => {
		pageIn('tlh');
		assert.equal(texts.send, english.send);
	});

	test('a page keeps the words that it has assigned', async () => {
		pageIn('en');
		texts.send = 'Post';
		chooseLanguage();
		assert.equal(texts.send, 'Post');
		texts.send = english.send;
	});

	test('a language can be of the page alone', () => {
		addLanguage('eo', { ...texts, send: 'Sendi' });
		pageIn('eo');
		assert.equal(texts.send, 'Sendi');
		pageIn('en');
	});

	test('numbers have the form that the language gives them', () => {
		const words = plural('ru', { one: '# день', few: '# дня', many: '# дней', other: '# дня' });
		assert.deepEqual([1, 2, 5, 21, 11].map(words), ['1 день', '2 дня', '5 дней', '21 день', '11 дней']);
		assert.equal(plural('en', { one: '#', other: '# x' })(1200), '1,200 x');
	});
});
