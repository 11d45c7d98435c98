// Long conversations: older messages, the reader's place, and that little is done for each message.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../../tests/stack/wait.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const options = { timeout: 240000 };
const LINES = Array.from({ length: 500 }, (_, i) => `Message ${i + 1}${i % 7 === 0 ? '\nin\nseveral lines' : ''}`);

describe('a long conversation', { skip: noBrowser }, () => {
	const scene = useScene({ options: { rate_limit: 0 } });

	/** @param {import('playwright-core').Locator} log */
	const fromEnd = (log) => log.evaluate((it) => Math.round(it.scrollHeight - it.scrollTop - it.clientHeight));

	/** @param {import('playwright-core').Locator} locator @returns {Promise<number>} */
	const topOf = (locator) => locator.evaluate((it) => Math.round(it.getBoundingClientRect().top));

	test('older_messages_come_as_one_scrolls_and_the_page_stays_where_it_is', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, LINES.slice(0, 130));
		// Read already, so that one begins at the end.
		await scene.stage.connect({ id: ann.id, name: ann.name }).then(async (client) => {
			await client.join(`chat/${ann.id}/${ben.id}`);
			await client.publish(`chat/${ann.id}/${ben.id}`, { event: 'read', seq: 130 });
			await client.next(`chat/${ann.id}/${ben.id}`, 'read');
			await client.end();
		});
		const her = await scene.open(ann, { peer: ben.id });
		await her.message('Message 130').waitFor();
		await her.opened();
		assert.equal(await her.messages.count(), 50);
		assert.ok(await fromEnd(her.log) < 2);

		await her.log.and(her.page.locator('[aria-live="polite"]')).waitFor();
		await her.log.evaluate((log) => {
			new MutationObserver((records) => records.forEach(() => log.toggleAttribute('data-silent',
				log.hasAttribute('data-silent') || log.getAttribute('aria-live') === 'off')))
				.observe(log, { attributeFilter: ['aria-live'] });
			log.scrollTop = 200;
		});
		// Whatever stands first in view stands there still when the page before it has come.
		const place = await her.log.evaluate((log) => {
			const top = log.getBoundingClientRect().top;
			const first = [...log.querySelectorAll('.message')].find((it) => it.getBoundingClientRect().bottom > top);
			first?.setAttribute('data-first', '');
			return Math.round(first?.getBoundingClientRect().top ?? 0);
		});
		await until('the older messages', async () => await her.messages.count() === 100);
		assert.ok(Math.abs(await topOf(her.page.locator('[data-first]')) - place) <= 1);
		assert.ok(await her.log.evaluate((log) => log.hasAttribute('data-silent')), 'old messages are not read out');

		// By keyboard, up to the first.
		await her.log.focus();
		await until('the first message', async () => {
			await her.page.keyboard.press('Home');
			return await her.messages.count() === 130;
		}, { every: 100 });
		assert.equal((await her.texts())[0], LINES[0]);
	});

	test('who_reads_above_is_left_in_peace_and_told_of_what_is_new', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ann, ben, LINES.slice(0, 40));
		const her = await scene.open(ann, { peer: ben.id });
		await her.message('Message 40').waitFor();
		await her.opened();
		await her.log.evaluate((log) => {
			log.scrollTop = 0;
		});
		await her.page.getByRole('button', { name: 'Go to the newest message' }).waitFor();
		await scene.say(ben, ann, ['Look', 'Here']);
		const toEnd = her.page.getByRole('button', { name: '2 new messages below' });
		await toEnd.waitFor();
		assert.equal(await her.log.evaluate((log) => log.scrollTop), 0);
		// What she has not seen, she has not read.
		const delivered = async () => (await scene.stage.stored(`${ann.id}/${ben.id}`)).filter((it) => it.is_delivered).map((it) => it.text);
		assert.deepEqual(await delivered(), []);
		await toEnd.click();
		await toEnd.waitFor({ state: 'hidden' });
		assert.ok(await fromEnd(her.log) < 2);
		await until('what is seen to be read', async () => (await delivered()).length === 2);

		// At the end, one stays there; and one's own message leads there.
		await scene.say(ben, ann, ['And here']);
		await her.message('And here').waitFor();
		assert.ok(await fromEnd(her.log) < 2);
		await her.log.evaluate((log) => {
			log.scrollTop = 0;
		});
		await her.write('I see');
		assert.ok(await fromEnd(her.log) < 2);
	});

	test('a_conversation_opens_at_the_line_above_what_is_unread_however_far_up_it_is', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ann, ben, LINES.slice(0, 30));
		await scene.say(ben, ann, LINES.slice(30, 332));
		const her = await scene.open(ann, { peer: ben.id });
		await her.message('Message 31').waitFor();
		await her.opened();
		const [log, line] = await Promise.all([topOf(her.log), topOf(her.page.getByText('New messages'))]);
		assert.ok(line > log && line < log + 100, `the line stands ${line - log} px below the top`);
		// How many are below what can be seen: fewer and fewer.
		const below = async () => Number((await her.page.getByRole('button', { name: /new messages below/ }).getAttribute('aria-label'))?.split(' ')[0]);
		const first = await below();
		assert.ok(first > 250 && first < 300, `${first} are said to be below`);
		await her.log.evaluate((log) => log.scrollBy(0, 3000));
		await until('fewer to be below', async () => await below() < first);
		await her.page.getByRole('button', { name: /new messages below/ }).click();
		await her.message('Message 332').waitFor();
		assert.ok(await fromEnd(her.log) < 2);
		await until('all to be read', async () => (await scene.stage.stored(`${ann.id}/${ben.id}`)).filter((it) => it.user_id === ben.id).every((it) => it.is_delivered));
	});

	test('what_has_been_seen_is_read_and_the_count_falls_as_one_scrolls', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, LINES.slice(0, 120));
		const her = await scene.open(ann, { people: [ben] });
		const total = () => her.page.evaluate(() => /** @type {any} */ (document.querySelector('mosquitto-chat-inbox')).chat.unread.total);
		await until('all to be unread', async () => await total() === 120);
		// Nothing has been seen while it is still being looked for where the reader begins, though the browser scrolls.
		await her.log.evaluate((log) => setInterval(() => log.dispatchEvent(new Event('scroll')), 0));
		await her.inbox.getByRole('button', { name: 'Ben' }).click();
		await her.message('Message 1\nin\nseveral lines').waitFor();
		await until('what is in view to be read', async () => await total() < 120);
		// What is said to be below is what is left, once that is told and heard.
		const left = async () => {
			const below = Number((await her.page.getByRole('button', { name: /new messages below/ }).getAttribute('aria-label'))?.split(' ')[0]);
			return await total() === below && below;
		};
		const first = Number(await until('the count to be what is below', left));
		assert.ok(first > 90, `${first} are left`);
		await her.log.evaluate((log) => log.scrollBy(0, 900));
		await until('more to be read', async () => await total() < first);
		const below = await until('the count to be what is below again', left);
		await her.inbox.getByText(`${below} unread messages`).waitFor({ state: 'attached' });
		// And the line stands above those when one comes back.
		await her.page.reload();
		await until('the count to be there again', async () => await total() === below);
		await her.inbox.getByRole('button', { name: 'Ben' }).click();
		await her.page.getByText('New messages').waitFor();
		const next = await her.page.locator('.unread + .message .text').textContent();
		assert.equal(next, LINES[120 - below]);
	});

	test('five_hundred_messages_are_no_more_work_than_five', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { peer: ben.id });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		await scene.say(ben, ann, LINES);
		await her.message('Message 500').waitFor();
		// Of so many only a part is in the page, and the others come as one scrolls.
		await until('some of them to be gone', async () => await her.messages.count() <= 400);
		const texts = await her.texts();
		assert.deepEqual(texts, LINES.slice(-texts.length));
		await her.log.focus();
		await until('the first message', async () => {
			await her.page.keyboard.press('Home');
			return (await her.texts())[0] === LINES[0];
		}, { every: 100 });
		assert.ok(await her.messages.count() <= 400);
		await her.page.getByRole('button', { name: 'Go to the newest message' }).click();
		await her.message('Message 500').waitFor();

		const elements = await her.messages.last().evaluate((it) => it.querySelectorAll('*').length);
		assert.ok(elements <= 8, `a plain message has ${elements} elements`);

		// One more, its ticks and a draft: the page changes where they are, and nowhere else.
		const changes = await her.log.evaluate(async (log) => {
			let count = 0;
			const seen = new Set();
			new MutationObserver((records) => {
				count += records.length;
				records.forEach((it) => seen.add(/** @type {Element} */ (it.target).closest?.('.message') ?? it.target));
			}).observe(log, { childList: true, subtree: true, attributes: true, characterData: true });
			const element = /** @type {any} */ (/** @type {ShadowRoot} */ (log.getRootNode()).host);
			element.send('One more');
			while (!log.querySelector('.message:last-child .status-sent, .message:last-child [data-status="sent"]')) {
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
			return { count, places: seen.size };
		});
		assert.ok(changes.places <= 6, `${changes.count} changes in ${changes.places} places`);
		await her.until('One more', 'Sent');
	});

	test('the_way_to_the_end_covers_no_ticks', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ann, ben, Array.from({ length: 60 }, (_, i) => `Message ${i}`));
		for (const width of [320, 390, 1280]) {
			const her = await scene.open(ann, { peer: ben.id, browser: { viewport: { width, height: 600 } } });
			await her.message('Message 59').waitFor();
			await her.opened();
			await her.log.evaluate((log) => log.scrollBy(0, -600));
			const button = await her.page.getByRole('button', { name: 'Go to the newest message' }).boundingBox();
			const ticks = await her.page.locator('.meta').evaluateAll((all) => all.map((it) => it.getBoundingClientRect().toJSON()));
			assert.ok(button);
			assert.deepEqual(ticks.filter((it) => it.right > button.x && it.left < button.x + button.width && it.bottom > button.y && it.top < button.y + button.height), []);
			await her.page.close();
		}
	});
});
