// Inbox and conversation in one, and what tells of messages to somebody who looks elsewhere.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../../tests/stack/wait.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const options = { timeout: 240000 };

describe('the whole in one element', { skip: noBrowser }, () => {
	const scene = useScene({ options: { rate_limit: 0 } });

	test('it_shows_both_beside_each_other_or_one_at_a_time_by_its_own_width', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(ben, ann, ['Hello']);
		const names = `<data value="${cleo.id}">Cleo</data>`;
		const her = await scene.open(ann, { body: `<mosquitto-chat-app>${names}</mosquitto-chat-app>` });
		await her.inbox.getByRole('button', { name: 'Cleo' }).waitFor();
		await her.inbox.getByRole('button', { name: 'Ben' }).click();
		await her.message('Hello').waitFor();
		assert.ok(await her.inbox.isVisible());
		const back = her.page.getByRole('button', { name: 'Back to the conversations' });
		assert.ok(await back.isHidden());

		// The element's width counts, not the window's.
		await her.page.evaluate(() => {
			const app = /** @type {HTMLElement} */ (document.querySelector('mosquitto-chat-app'));
			app.style.inlineSize = '380px';
			app.style.flex = 'none';
		});
		await back.waitFor();
		assert.ok(await her.inbox.isHidden());
		await back.click();
		await her.inbox.waitFor();
		assert.ok(await her.input.isHidden());
	});

	test('on_a_phone_the_browsers_way_back_leads_to_the_inbox', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { body: '<mosquitto-chat-app></mosquitto-chat-app>', browser: { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true } });
		const { page } = her;
		await her.inbox.getByRole('button', { name: 'Ben' }).tap();
		await her.message('Hello').waitFor();
		assert.ok(await her.inbox.isHidden());
		await page.goBack();
		await her.inbox.waitFor();
		assert.equal(new URL(page.url()).pathname.startsWith('/page/'), true, 'it is still the page');
		await page.goForward();
		await her.message('Hello').waitFor();
		await page.reload();
		await her.message('Hello').waitFor();
		await page.getByRole('button', { name: 'Back to the conversations' }).tap();
		await her.inbox.waitFor();
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
		await page.goForward();
		await her.message('Hello').waitFor();
		await page.getByRole('button', { name: 'Back to the conversations' }).tap();
		await her.inbox.waitFor();
		await until('the history to be where the page is', () => page.evaluate(() => !history.state?.chatPeer));
	});

	test('steps_of_the_page_in_its_history_leave_the_conversation_open', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { body: '<mosquitto-chat-app></mosquitto-chat-app>' });
		await her.inbox.getByRole('button', { name: 'Ben' }).click();
		await her.message('Hello').waitFor();
		await her.page.evaluate(() => new Promise((resolve) => {
			history.pushState({}, '', '#section');
			addEventListener('popstate', () => setTimeout(resolve), { once: true });
			history.back();
		}));
		assert.equal(await her.page.locator('mosquitto-chat-app').getAttribute('peer'), ben.id);
	});

	test('who_looks_elsewhere_is_told_where_that_is_wanted_and_not_of_muted_chats', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(ben, ann, ['Before']);
		await scene.say(cleo, ann, ['Before']);
		const her = await scene.open(ann, { body: '<mosquitto-chat-app sound title-count notices></mosquitto-chat-app>' });
		await until('the title to say how many are unread', async () => await her.page.title() === '(2) A page');
		await her.page.evaluate(async (peer) => {
			const state = Object.assign(window, { rung: 0, /** @type {string[]} */ notices: [] });
			Object.defineProperty(document, 'hidden', { get: () => true });
			state.AudioContext = /** @type {any} */ (class extends AudioContext { constructor() { super(); state.rung++; } });
			state.Notification = /** @type {any} */ (class {
				static permission = 'granted';
				constructor(/** @type {string} */ title, /** @type {any} */ { body }) { state.notices.push(`${title}: ${body}`); }
				close() { state.notices.push('closed'); }
			});
			await /** @type {any} */ (document.querySelector('mosquitto-chat-app')).chat.mute(peer);
		}, cleo.id);
		await her.inbox.getByText('Muted').waitFor({ state: 'attached' });
		await scene.say(cleo, ann, ['Quiet']);
		await her.inbox.getByText('Quiet').waitFor();
		await scene.say(ben, ann, ['Loud']);
		await until('a notice', () => her.page.evaluate(() => /** @type {any} */ (window).notices.length > 0));
		const { rung, notices } = await her.page.evaluate(() => ({ rung: /** @type {any} */ (window).rung, notices: /** @type {any} */ (window).notices }));
		assert.equal(rung, 1);
		assert.deepEqual(notices, ['New message from Ben: Loud']);
		await until('the title to count it', async () => await her.page.title() === '(4) A page');

		// Read on another device: the notice goes.
		const client = await scene.stage.connect({ id: ann.id, name: ann.name });
		const topic = `chat/${[ann.id, ben.id].sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).join('/')}`;
		await client.join(topic);
		await client.publish(topic, { event: 'read', seq: 2 });
		await until('the notice to be closed', () => her.page.evaluate(() => /** @type {any} */ (window).notices.includes('closed')));
		await client.end();
	});

	test('what_the_browser_keeps_silent_costs_nothing_afterwards', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Before']);
		const her = await scene.open(ann, { body: '<mosquitto-chat-app sound notices></mosquitto-chat-app>' });
		await her.inbox.getByText('Before').waitFor();
		await her.page.evaluate(() => {
			const state = Object.assign(window, { /** @type {AudioContext[]} */ sounds: [] });
			Object.defineProperty(document, 'hidden', { get: () => true });
			// As before somebody has touched the page.
			state.AudioContext = /** @type {any} */ (class extends AudioContext {
				constructor() {
					super();
					this.suspend().catch(() => {});
					state.sounds.push(this);
				}
			});
			// As on phones.
			state.Notification = /** @type {any} */ (class {
				static permission = 'granted';
				constructor() { throw new TypeError('Illegal constructor'); }
			});
		});
		await scene.say(ben, ann, ['Now']);
		await her.inbox.getByText('Now').waitFor();
		await until('the sound to be given up', () => her.page.evaluate(() => {
			const { sounds } = /** @type {any} */ (window);
			return sounds.length === 1 && sounds[0].state === 'closed';
		}));
	});

	test('all_conversations_are_listed_more_as_one_scrolls_and_found_by_name', options, async () => {
		const [ann, ...others] = scene.people('Ann', ...Array.from({ length: 60 }, (_, i) => `Person ${i + 1}`));
		await Promise.all(others.map((it) => scene.say(it, ann, ['Hello'])));
		const her = await scene.open(ann, { people: others.slice(59) });
		const rows = her.inbox.getByRole('button');
		await until('the first page', async () => await rows.count() >= 50);
		await her.page.locator('mosquitto-chat-inbox').evaluate((it) => it.scrollTo(0, it.scrollHeight));
		await until('all of them', async () => await rows.count() === 60);
		await her.inbox.getByRole('searchbox', { name: 'Search by name' }).fill('person 60');
		await until('one to be found', async () => await rows.count() === 1);
		await her.inbox.getByRole('searchbox').fill('nobody');
		await her.inbox.getByText('Nobody of that name is in this list.').waitFor();
	});

	for (const direction of ['ltr', 'rtl']) {
		test(`a_large_count_moves_nothing_and_reads_from_left_to_right_in_a_page_that_is_${direction}`, options, async () => {
			const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
			await scene.say(ben, ann, Array.from({ length: 100 }, (_, i) => `Message ${i}`));
			await scene.say(cleo, ann, ['One']);
			const her = await scene.open(ann, { people: [], html: `lang="en-GB" dir="${direction}"` });
			await her.inbox.getByText('99+').waitFor();
			assert.equal(await her.inbox.getByText('99+').evaluate((it) => getComputedStyle(it).direction), 'ltr');
			const times = await her.inbox.locator('time').evaluateAll((all) => all.map((it) => {
				const { left, right } = it.getBoundingClientRect();
				return getComputedStyle(it).direction === 'rtl' ? left : right;
			}));
			assert.equal(times.length, 2);
			assert.ok(Math.abs(times[0] - times[1]) <= 1, `the times stand at ${times}`);
		});
	}
});
