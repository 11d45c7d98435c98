// Texts, names and ids that want to be something else.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const options = { timeout: 240000 };

const TEXTS = [
	'<img src=x onerror="window.broken = true">',
	'</p></li></ul></div></template></mosquitto-chat><script>window.broken = true</script>',
	'&lt;b&gt; &amp;amp; &#x3c;script&#x3e;',
	'" onmouseover="window.broken = true" x="',
	'${window.broken = true} {{constructor.constructor("window.broken = true")()}}',
	'javascript:window.broken=true http://javascript:alert(1)',
	'\u202everkehrt herum\u202c und weiter \u2066isolated\u2069',
	'\u202e\u202e\u202e never closed',
	'مرحبا، كيف حالك؟ English in between, ثم عربي',
	'שלום <b>עולם</b>',
	'👩‍👩‍👧‍👦👨🏽‍🚀🏳️‍🌈',
	'Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320\u034da\u036b\u0357l\u034b\u0363go',
	'\u200b\u200b\ufeff invisible',
	'\u0001\u0002\u001b[31mred\u001b[0m \u007f \u0085 \\u0000 %00 \u2400',
	'  leading and\n\n\n\tlines and tabs  \u2028 \u2029 and more',
	'w'.repeat(16384),
	'__proto__', 'constructor', 'null',
];

const NAMES = ['<img src=x onerror=window.broken=true>', '\u202eneB\u202c "><script>', '__proto__', ' '];

describe('hostile data', { skip: noBrowser }, () => {
	const scene = useScene({ options: { rate_limit: 0 } });

	/** @param {import('playwright-core').Page} page */
	const isBroken = (page) => page.evaluate(() => 'broken' in window || 'polluted' in {});

	/** @param {import('playwright-core').Page} page every kind of element in the shadow roots */
	const tags = (page) => page.evaluate(() => {
		const roots = [...document.querySelectorAll('mosquitto-chat, mosquitto-chat-inbox')].map((it) => it.shadowRoot);
		return [...new Set(roots.flatMap((root) => [...root?.querySelectorAll('*') ?? []].map((it) => it.localName)))].sort();
	});

	test('texts_arrive_as_they_are_and_stay_text', options, async () => {
		const [ann, ben] = scene.people('Ann', NAMES[0]);
		const her = await scene.open(ann, { peer: ben.id, people: [] });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		const before = await tags(her.page);
		await scene.say(ben, ann, TEXTS);
		await her.message(TEXTS[TEXTS.length - 1]).waitFor();
		assert.deepEqual(await her.texts(), TEXTS);
		const added = (await tags(her.page)).filter((it) => !before.includes(it));
		assert.deepEqual(added.filter((it) => !['li', 'p', 'bdi', 'time', 'div', 'span', 'a'].includes(it)), []);
		assert.deepEqual(await her.page.locator('.message a').evaluateAll((all) => all.map((it) => it.getAttribute('href'))), []);
		assert.equal(await isBroken(her.page), false);
		// And back: what is written by hand is what the other side reads.
		for (const text of TEXTS.filter((it) => it === it.trim() && !/[\n\u2028\u0001]/.test(it))) {
			await her.write(text);
		}
		const his = await scene.open(ben, { peer: ann.id });
		await his.message('null').nth(1).waitFor();
		assert.equal(await isBroken(his.page), false);
	});

	test('nothing_is_wider_than_the_smallest_phone', options, async () => {
		const [ann, ben] = scene.people('Ann', NAMES[0].repeat(3));
		await scene.say(ben, ann, TEXTS);
		const her = await scene.open(ann, { peer: ben.id, browser: { viewport: { width: 320, height: 568 } } });
		await her.message('null').waitFor();
		const wider = await her.page.evaluate(() => {
			const root = /** @type {ShadowRoot} */ (document.querySelector('mosquitto-chat')?.shadowRoot);
			const all = [document.documentElement, ...root.querySelectorAll('*')];
			// What stands in a .cut ends where that does, with an ellipsis.
			return all.filter((it) => it.getBoundingClientRect().right > 320.5 && !it.closest('.spoken') && !it.parentElement?.closest('.cut'))
				.map((it) => `${it.localName}.${it.getAttribute('class')}`);
		});
		assert.deepEqual(wider, []);
		assert.equal(await her.log.evaluate((log) => log.scrollWidth - log.clientWidth), 0);
		assert.equal(await her.page.evaluate(() => document.documentElement.scrollWidth), 320);
	});

	test('ids_and_names_are_only_ids_and_names', options, async () => {
		const ids = ['__proto__', 'constructor', 'a@b.c', '~._=-'];
		const people = ids.map((id, i) => ({ id, name: NAMES[i] }));
		const [ann] = scene.people('Ann');
		const her = await scene.open(ann, { people: [] });
		await her.state('online');
		for (const person of people) {
			await scene.say(person, ann, [`I am ${person.id}`]);
		}
		for (const { id, name } of people) {
			const row = her.inbox.getByRole('button').filter({ hasText: `I am ${id}` });
			// A name that cannot be seen gives way to the id.
			assert.equal(await row.locator('.name').textContent(), name.trim() || id);
			await row.click();
			await her.message(`I am ${id}`).waitFor();
			await her.write(`And I am Ann, ${id}`);
			await her.until(`And I am Ann, ${id}`, 'Sent');
			assert.equal(await her.messages.count(), 2);
		}
		assert.equal(await isBroken(her.page), false);

		const proto = await scene.open(people[0], { peer: ann.id, people: [ann] });
		await proto.message('And I am Ann, __proto__').waitFor();
		await proto.page.getByText(/^(In this chat|Online|Not here now)$/).waitFor();
		await her.inbox.getByRole('button').filter({ hasText: 'Ann, __proto__' }).click();
		await her.page.getByText('In this chat').waitFor();
		await proto.write('Read this');
		await proto.until('Read this', 'Read');
	});

	test('addresses_become_links_that_go_where_they_say', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, [
			'See https://example.org/a_(b)?c=<d>&e=1, and (http://example.com/x).',
			'https://example.org/\u202egnp.exe',
		]);
		const her = await scene.open(ann, { peer: ben.id });
		const links = her.page.locator('.message a');
		await links.first().waitFor();
		assert.deepEqual(await links.evaluateAll((all) => all.map((it) => it.getAttribute('href'))),
			['https://example.org/a_(b)?c=', 'http://example.com/x', 'https://example.org/']);
		assert.deepEqual(await links.allTextContents(),
			['https://example.org/a_(b)?c=', 'http://example.com/x', 'https://example.org/']);
		assert.ok((await links.evaluateAll((all) => all.map((it) => it.getAttribute('rel')))).every((it) => it?.includes('noopener')));
	});
});
