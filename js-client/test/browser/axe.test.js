// What axe says of a page with the elements, and what becomes of them in large letters.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const options = { timeout: 240000 };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('axe and large letters', { skip: noBrowser }, () => {
	const scene = useScene();

	/** @param {import('playwright-core').Page} page @returns {Promise<string[]>} what is wrong, and where */
	const faults = async (page) => {
		await page.evaluate(AXE);
		return page.evaluate(async () => {
			// Whether the page has a heading and landmarks is the page's business.
			const { violations } = await /** @type {any} */ (window).axe.run(document, { rules: { region: { enabled: false }, 'page-has-heading-one': { enabled: false }, 'landmark-one-main': { enabled: false } } });
			return violations.flatMap((/** @type {any} */ it) => it.nodes.map((/** @type {any} */ node) => `${it.id}: ${node.target.flat().join(' ')}`));
		});
	};

	for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
		test(`axe_has_nothing_to_say_in_${colorScheme}`, options, async () => {
			const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
			await scene.say(ben, ann, ['Hello', 'See https://example.org', '👍']);
			const her = await scene.open(ann, { people: [ben, cleo], browser: { colorScheme } });
			await her.inbox.getByText('3 unread messages').waitFor({ state: 'attached' });
			assert.deepEqual(await faults(her.page), []);
			await her.inbox.getByRole('button', { name: 'Ben' }).click();
			await her.page.getByText('New messages').waitFor();
			await her.write('An answer');
			await her.until('An answer', 'Sent');
			// With a reaction, an answer that is being written, and the dialog open.
			const choose = async (/** @type {string} */ deed) => {
				await her.message('An answer').locator('.bubble').hover();
				await her.page.getByRole('button', { name: 'What to do with this message' }).click();
				await her.page.getByRole('dialog').getByRole('button', { name: deed }).click();
			};
			await choose('❤️');
			await her.page.getByRole('button', { name: 'You reacted with ❤️' }).waitFor();
			await choose('Reply');
			await her.message('An answer').focus();
			await her.page.keyboard.press('Enter');
			await her.page.getByRole('dialog').waitFor();
			assert.deepEqual(await faults(her.page), []);
			// With a file on its way, the conversation muted, its menu open, and Ben blocked.
			await her.page.keyboard.press('Escape');
			await her.page.evaluate(() => {
				/** @type {any} */ (document.querySelector('mosquitto-chat')).upload = () => new Promise(() => {});
			});
			const [chooser] = await Promise.all([her.page.waitForEvent('filechooser'), her.page.getByRole('button', { name: 'Attach a file' }).click()]);
			await chooser.setFiles({ name: 'pear.png', mimeType: 'image/png', buffer: Buffer.from('x') });
			const menu = her.page.getByRole('button', { name: 'What to do with this conversation' });
			await menu.click();
			await her.page.getByRole('menuitem', { name: 'Mute' }).click();
			await her.page.locator('.header .muted').waitFor();
			await menu.click();
			await her.page.getByRole('menu').waitFor();
			assert.deepEqual(await faults(her.page), []);
			await her.page.getByRole('menuitem', { name: 'Block' }).click();
			await her.page.getByText('You have blocked Ben.').waitFor();
			assert.deepEqual(await faults(her.page), []);
		});
	}

	test('in_letters_twice_as_large_nothing_is_cut_and_the_dot_is_round', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello', 'A text that is long enough to need a second line on a narrow screen']);
		const her = await scene.open(ann, { peer: ben.id, browser: { viewport: { width: 390, height: 780 } } });
		await her.message('Hello').waitFor();
		await her.page.evaluate(() => {
			document.documentElement.style.fontSize = '200%';
		});
		const wrong = await her.page.evaluate(() => {
			const root = /** @type {ShadowRoot} */ (document.querySelector('mosquitto-chat')?.shadowRoot);
			const dot = getComputedStyle(/** @type {Element} */ (root.querySelector('.presence')), '::before');
			const cut = [...root.querySelectorAll('.header, .presence, .bubble, .line, textarea')].filter((it) => it.scrollWidth > it.clientWidth + 1);
			return [...cut.map((it) => it.className), ...(dot.width === dot.height ? [] : [`a dot of ${dot.width} by ${dot.height}`])];
		});
		assert.deepEqual(wrong, []);
		assert.equal(await her.page.evaluate(() => document.documentElement.scrollWidth), 390);
	});
});
