import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pieces } from '../../src/element/links.js';

/** The addresses of a text, with where they lead when that is not what they say. @param {string} text */
function links(text) {
	const found = pieces(text);
	assert.equal(found.map((it) => it.text).join(''), text, 'nothing of a text is lost');
	return found.filter((it) => it.href).map((it) => (it.href === it.text ? it.text : `${it.text} -> ${it.href}`));
}

describe('links', () => {
	/** @type {[why: string, text: string, ...links: string[]][]} */
	const cases = [
		['an address in a sentence', 'see https://example.com/a?b=1#c, please', 'https://example.com/a?b=1#c'],
		['two of them', 'http://a.example http://b.example.', 'http://a.example', 'http://b.example'],
		['a bracket that the address opens is its own', 'https://en.example.org/wiki/Foo_(bar)', 'https://en.example.org/wiki/Foo_(bar)'],
		['a bracket around it is not', '(https://en.example.org/wiki/Foo)', 'https://en.example.org/wiki/Foo'],
		['both', '(see https://en.example.org/wiki/Foo_(bar)).', 'https://en.example.org/wiki/Foo_(bar)'],
		['a scheme in capitals', 'HTTPS://EXAMPLE.COM/X', 'HTTPS://EXAMPLE.COM/X'],
		['www without a scheme', 'go to www.example.com.', 'www.example.com -> https://www.example.com'],
		['www with a path', 'WWW.example.com/a(b)', 'WWW.example.com/a(b) -> https://WWW.example.com/a(b)'],
		['www needs a domain', 'www. and www.x'],
		['a mail address', 'write to ann.lee+x@example.co.uk!', 'ann.lee+x@example.co.uk -> mailto:ann.lee+x@example.co.uk'],
		['not what only looks like one', 'a@b, @ann, ann@, 3@5.'],
		['letters of all scripts', 'https://例え.jp/道 で', 'https://例え.jp/道'],
		['a word before it', 'xhttps://example.com'],
		['a quote ends it', '"https://example.com/a"', 'https://example.com/a'],
		['an angle bracket ends it', '<https://example.com/a>', 'https://example.com/a'],
		['a host is needed', 'https:// and http://.'],
		['no other scheme', 'javascript:alert(1) data:text/html,x ftp://example.com file:///etc/passwd'],
		['nothing that turns the text around', 'https://example.com/\u202Egnp.exe', 'https://example.com/'],
		['a plain text', 'hello there'],
		['an empty one', ''],
	];
	for (const [why, text, ...expected] of cases) {
		test(why, () => assert.deepEqual(links(text), expected));
	}

	test('a hostile text takes no longer than a harmless one of its length', () => {
		// Each of these made a backtracking expression try every split.
		for (const text of ['a.'.repeat(8000), `${'a'.repeat(8000)}@`, `www.${'a-'.repeat(8000)}`, '('.repeat(16000), `https://${')'.repeat(16000)}`]) {
			assert.ok(Array.isArray(pieces(text)));
		}
	});
});
