// For everybody: by keyboard, by ear, from right to left, on dark and light, in few pixels.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startProxy } from '../../../tests/stack/proxy.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const options = { timeout: 240000 };

/** WCAG 2, level AA, for text of the usual size. */
const CONTRAST = 4.5;

/**
 * Each text of a page that has less contrast with what is behind it than it should. Runs in the page.
 * @param {number} least
 */
function faintTexts(least) {
	const context = /** @type {CanvasRenderingContext2D} */ (document.createElement('canvas').getContext('2d', { willReadFrequently: true }));
	/** Draws the colours over each other. @param {string[]} colours @param {number[]} alphas */
	const mix = (colours, alphas) => {
		context.globalAlpha = 1;
		context.fillStyle = '#fff';
		context.fillRect(0, 0, 1, 1);
		colours.forEach((colour, i) => {
			context.globalAlpha = alphas[i];
			context.fillStyle = colour;
			context.fillRect(0, 0, 1, 1);
		});
		const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((it) => (it / 255 <= 0.04045 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	/** @param {Element} element @returns {Element[]} it and what it stands in, the outermost first */
	const chain = (element) => {
		const parent = element.parentElement ?? /** @type {ShadowRoot} */ (element.getRootNode()).host;
		return parent ? [...chain(parent), element] : [element];
	};
	const roots = [...document.querySelectorAll('mosquitto-chat, mosquitto-chat-inbox')].map((it) => /** @type {ShadowRoot} */ (it.shadowRoot));
	return roots.flatMap((root) => [...root.querySelectorAll('*')])
		.filter((it) => [...it.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()) && it.checkVisibility() && !it.closest('.spoken'))
		.map((element) => {
			const around = chain(element);
			const styles = around.map((it) => getComputedStyle(it));
			// What is translucent as a whole lets through what is behind the nearest opaque one.
			const opacity = styles.reduce((all, it) => all * Number(it.opacity), 1);
			const backgrounds = styles.map((it) => it.backgroundColor);
			const behind = mix(backgrounds, backgrounds.map(() => 1));
			const front = mix([...backgrounds, styles[styles.length - 1].color], [...backgrounds.map(() => 1), opacity]);
			const contrast = (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
			return { text: element.textContent, of: element.className, contrast: Math.round(contrast * 100) / 100 };
		})
		.filter(({ contrast }) => contrast < least);
}

describe('for everybody', { skip: noBrowser }, () => {
	const scene = useScene();

	test('all_can_be_done_by_keyboard', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { people: [cleo, ben] });
		const { keyboard } = her.page;
		await her.inbox.getByText('1 unread message').waitFor({ state: 'attached' });
		const focused = () => her.page.evaluate(() => {
			let it = document.activeElement;
			while (it?.shadowRoot?.activeElement) {
				it = it.shadowRoot.activeElement;
			}
			return it?.getAttribute('aria-label') || it?.textContent?.slice(0, 30) || '';
		});

		await keyboard.press('Tab');
		assert.match(await focused(), /Ben/);
		await keyboard.press('ArrowDown');
		assert.match(await focused(), /Cleo/);
		await keyboard.press('ArrowUp');
		await keyboard.press('Enter');
		await her.message('Hello').waitFor();
		assert.equal(await focused(), 'Message');
		await keyboard.type('Hello Ben');
		await keyboard.press('Shift+Enter');
		await keyboard.type('in two lines');
		await keyboard.press('Tab');
		assert.equal(await focused(), 'Send');
		await keyboard.press('Space');
		await her.until('Hello Ben\nin two lines', 'Sent');
		await keyboard.press('Shift+Tab');
		await keyboard.press('Shift+Tab');
		assert.match(await focused(), /Messages with Ben/);
		// Through the messages with the arrows, and to what is in one with Tab.
		await keyboard.press('ArrowUp');
		assert.match(await focused(), /Hello Ben/);
		await keyboard.press('ArrowUp');
		assert.match(await focused(), /Ben:.*Hello/);
		// Back to where one came from, which is the one stop that the list has.
		await keyboard.press('Escape');
		assert.match(await focused(), /Ben/);
		assert.equal(await her.inbox.locator('button[tabindex="0"]').count(), 1);
		await keyboard.press('End');
		assert.match(await focused(), /Cleo/);
		await keyboard.press('Tab');
		assert.equal(await focused(), 'What to do with this conversation');
		await keyboard.press('Tab');
		assert.match(await focused(), /Messages with Ben/);
	});

	test('a_screen_reader_is_told_what_is_there_and_what_comes', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { people: [ben] });
		// What a screen reader is told as the first message comes; a moment later it is another thing.
		await her.page.evaluate(() => {
			const root = /** @type {ShadowRoot} */ (document.querySelector('mosquitto-chat')?.shadowRoot);
			new MutationObserver((_changes, observer) => {
				if (root.querySelector('.message')) {
					observer.disconnect();
					document.body.dataset.live = root.querySelector('[role="log"]')?.getAttribute('aria-live') ?? '';
				}
			}).observe(root, { childList: true, subtree: true });
		});
		await her.inbox.getByRole('button', { name: 'Ben' }).click();
		await her.message('Hello').waitFor();
		const log = her.page.getByRole('log', { name: 'Messages with Ben' });
		await log.waitFor();
		assert.equal(await log.locator('.message').getByText('Ben:').count(), 1);
		// Old messages are not read out; those that come afterwards are.
		assert.equal(await her.page.evaluate(() => document.body.dataset.live), 'off');
		await log.and(her.page.locator('[aria-live="polite"][aria-busy="false"]')).waitFor();
		await her.write('Hi');
		await her.until('Hi', 'Sent');
		assert.match(await her.message('Hi').textContent() ?? '', /You:.*Hi.*\d\d:\d\d.*Sent/s);
		assert.equal(await her.page.getByRole('status').count() > 0, true);
		assert.equal(await her.inbox.getByRole('button', { name: 'Ben', exact: false }).getAttribute('aria-current'), 'true');
		// Everything that can be pressed has a name.
		const nameless = await her.page.getByRole('button').evaluateAll((all) =>
			all.filter((it) => !it.getAttribute('aria-label') && !it.textContent?.trim()).length);
		assert.equal(nameless, 0);
	});

	for (const [scheme, forced] of /** @type {const} */ ([['light', undefined], ['dark', undefined], ['light', 'dark'], ['dark', 'light']])) {
		test(`texts_can_be_read_in_${forced ?? scheme}_on_a_${scheme}_system`, options, async () => {
			const [ann, ben] = scene.people('Ann', 'Ben');
			const { cluster } = scene.stage;
			await cluster.query('alter table chat.messages drop constraint if exists polite');
			await cluster.query(`alter table chat.messages add constraint polite check (text not like '%rude%')`);
			await scene.say(ben, ann, ['Hello', 'Are you there?']);
			await scene.say(ann, ben, ['Yes']);
			const her = await scene.open(ann, { people: [ben], browser: { colorScheme: scheme } });
			if (forced) {
				await her.page.evaluate((theme) => document.querySelectorAll('mosquitto-chat, mosquitto-chat-inbox')
					.forEach((it) => it.setAttribute('theme', theme)), forced);
			}
			await her.inbox.getByText('2 unread messages').waitFor({ state: 'attached' });
			assert.deepEqual(await her.page.evaluate(faintTexts, CONTRAST), []);
			await her.inbox.getByRole('button', { name: 'Ben' }).click();
			await her.page.getByText('New messages').waitFor();
			await her.write('A rude one');
			await her.until('A rude one', 'Not sent');
			assert.deepEqual(await her.page.evaluate(faintTexts, CONTRAST), []);
			const background = await her.page.locator('mosquitto-chat').evaluate((it) => getComputedStyle(it).backgroundColor);
			assert.equal(background === 'rgb(255, 255, 255)', (forced ?? scheme) === 'light');
		});
	}

	test('a_page_from_right_to_left_has_all_on_the_other_side', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['שלום', 'Hello']);
		const her = await scene.open(ann, { peer: ben.id, html: 'lang="he" dir="rtl"' });
		await her.write('Mine');
		await her.message('Mine').waitFor();
		const side = async (/** @type {string} */ text) => {
			const [box, log] = await Promise.all([her.message(text).locator('.bubble').boundingBox(), her.log.boundingBox()]);
			const left = (box?.x ?? 0) - (log?.x ?? 0);
			return left < (log?.width ?? 0) - left - (box?.width ?? 0) ? 'left' : 'right';
		};
		assert.equal(await side('Mine'), 'left');
		assert.equal(await side('Hello'), 'right');
		assert.equal(await side('שלום'), 'right');
		// Each text by its own letters.
		const directions = await her.page.locator('.text').evaluateAll((all) => all.map((it) => getComputedStyle(it).direction));
		assert.deepEqual(directions, ['rtl', 'ltr', 'ltr']);
		await her.input.fill('שלום');
		assert.equal(await her.input.evaluate((it) => getComputedStyle(it).direction), 'rtl');
	});

	test('a_page_in_a_language_that_it_imports_speaks_it', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, {
			peer: ben.id, people: [ben], html: 'lang="de-AT"', head: '<script type="module" src="/chat/element/languages/de.js"></script>',
		});
		await her.page.getByText('Hier wurde noch nichts gesagt.').waitFor();
		await her.page.getByRole('textbox', { name: 'Nachricht' }).waitFor();
		await her.page.getByRole('navigation', { name: 'Unterhaltungen' }).waitFor();
	});

	test('a_name_in_the_other_direction_stands_beside_its_picture', options, async () => {
		const [ann, ben] = scene.people('Ann', 'نور الدين');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { peer: ben.id, people: [ben] });
		await her.message('Hello').waitFor();
		for (const place of ['.header', '.person']) {
			const [picture, name] = await Promise.all(['.avatar', 'bdi'].map((it) => her.page.locator(`${place} ${it}`).first().boundingBox()));
			assert.ok(picture && name);
			const gap = name.x - picture.x - picture.width;
			assert.ok(gap >= 0 && gap < 20, `${gap} pixels from the picture in ${place}`);
		}
	});

	test('the_time_stands_in_the_last_line_where_that_has_room_and_never_on_a_text', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const texts = ['Short', 'שלום', '...', 'A longer text that takes two lines because it says more than one line can hold, and ends soon', 'x'.repeat(300)];
		await scene.say(ben, ann, texts);
		for (const html of ['lang="en-GB"', 'lang="ar" dir="rtl"']) {
			const her = await scene.open(ann, { peer: ben.id, html });
			await her.message('Short').waitFor();
			const overlaps = await her.page.locator('.message').evaluateAll((all) => all.map((message) => {
				const time = /** @type {Element} */ (message.querySelector('.meta')).getBoundingClientRect();
				const lines = [.../** @type {Element} */ (message.querySelector('.text')).getClientRects()];
				return lines.some((it) => it.left < time.right - 1 && it.right > time.left + 1 && it.bottom > time.top + 4 && it.top < time.bottom - 4);
			}));
			assert.deepEqual(overlaps, texts.map(() => false), html);
			const box = await her.message('Short').locator('.bubble').boundingBox();
			assert.ok(box && box.height < 45, 'a short message is one line');
		}
	});

	test('on_a_phone_enter_is_a_new_line', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { peer: ben.id, browser: { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true } });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		await her.input.fill('One');
		assert.equal(await her.input.getAttribute('enterkeyhint'), 'enter');
		await her.input.press('Enter');
		await her.input.pressSequentially('Two');
		await her.send.tap();
		await her.until('One\nTwo', 'Sent');
		assert.equal(await her.page.evaluate(() => document.documentElement.scrollWidth), 320);
	});

	test('what_is_being_sent_can_be_read_and_the_page_has_no_second_banner', options, async () => {
		const [ann, ...others] = scene.people('Ann', 'Ben', 'Cleo');
		const proxy = await startProxy(scene.stage.broker.wsPort);
		try {
			for (const [i, colorScheme] of /** @type {const} */ (['light', 'dark']).entries()) {
				const her = await scene.open(ann, { peer: others[i].id, url: proxy.url, browser: { colorScheme } });
				await her.page.getByText('Nothing has been said here yet.').waitFor();
				proxy.holdAnswers();
				await her.write('On its way');
				await her.until('On its way', 'Sending');
				assert.deepEqual(await her.page.evaluate(faintTexts, CONTRAST), []);
				assert.equal(await her.page.getByRole('banner').count(), 0);
				await her.page.close();
				proxy.cut();
			}
		} finally {
			proxy.close();
		}
	});

	test('before_a_choice_the_log_is_not_called_after_nobody', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { people: [ben] });
		await her.page.getByText('Choose a conversation').waitFor();
		assert.equal(await her.log.getAttribute('aria-label'), 'Conversations');
	});

	test('in_forced_colours_the_chosen_row_and_the_bubbles_can_be_seen', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(ben, ann, ['Hello']);
		await scene.say(cleo, ann, ['Hello']);
		const her = await scene.open(ann, { people: [], peer: ben.id, browser: { forcedColors: 'active' } });
		await her.message('Hello').waitFor();
		await her.inbox.getByRole('button').nth(1).waitFor();
		await her.input.focus();
		const outlines = await her.inbox.getByRole('button').evaluateAll((all) => all.map((it) => [it.getAttribute('aria-current'), getComputedStyle(it).outlineStyle]));
		assert.deepEqual(outlines.sort(), [['false', 'none'], ['true', 'solid']]);
		const border = await her.page.locator('.bubble').first().evaluate((it) => [getComputedStyle(it).borderTopColor, getComputedStyle(it).backgroundColor]);
		assert.notEqual(border[0], border[1]);
	});
});
