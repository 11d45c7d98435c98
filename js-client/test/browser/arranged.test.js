// Conversations that are muted, and people who are blocked.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../../tests/stack/wait.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const options = { timeout: 240000 };

describe('how a conversation is arranged', { skip: noBrowser }, () => {
	const scene = useScene();

	/** @typedef {Awaited<ReturnType<typeof scene.open>>} View */
	const menu = (/** @type {View} */ { page }) => page.getByRole('button', { name: 'What to do with this conversation' });
	/** @param {View} who @param {string} deed */
	const choose = async (who, deed) => {
		await menu(who).click();
		await who.page.getByRole('menu').getByRole('menuitem', { name: deed, exact: true }).click();
	};

	test('a_conversation_is_muted_and_says_so_here_and_on_every_device', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const [her, elsewhere] = [await scene.open(ann, { peer: ben.id, people: [ben] }), await scene.open(ann, { peer: ben.id })];
		await her.message('Hello').waitFor();
		await elsewhere.message('Hello').waitFor();
		await choose(her, 'Mute');
		await her.inbox.getByText('Muted').waitFor({ state: 'attached' });
		const header = her.page.locator('.header');
		await header.getByText('Muted').waitFor({ state: 'attached' });
		assert.ok(await header.locator('.muted svg').isVisible());
		// Without an inbox, its menu asks.
		await menu(elsewhere).click();
		await elsewhere.page.getByRole('menuitem', { name: 'Unmute' }).click();
		await header.locator('.muted').waitFor({ state: 'hidden' });
		await her.inbox.getByText('Muted').waitFor({ state: 'detached' });
	});

	test('who_is_blocked_neither_writes_nor_is_written_to_until_that_is_taken_back', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const [her, his] = [await scene.open(ann, { peer: ben.id, people: [ben] }), await scene.open(ben, { peer: ann.id, people: [ann] })];
		await her.message('Hello').waitFor();
		await his.message('Hello').waitFor();
		await her.inbox.locator('.avatar.online').waitFor();
		await choose(her, 'Block');
		await her.page.getByText('You have blocked Ben.').waitFor();
		assert.ok(await her.input.isDisabled());
		// Neither hears of the other any more.
		await her.inbox.locator('.avatar.online').waitFor({ state: 'detached' });
		await his.inbox.locator('.avatar.online').waitFor({ state: 'detached' });
		assert.equal(await her.input.getAttribute('placeholder'), 'You have blocked Ben.');
		// The other one is not told by whom.
		await his.page.getByText('You cannot write in this conversation.').waitFor();
		assert.ok(await his.input.isDisabled());
		assert.equal(await his.page.getByText('You have blocked').count(), 0);
		assert.equal(await his.page.getByRole('button', { name: 'Unblock' }).count(), 0);
		// Reactions and answers neither; what was said can be read, and copied.
		await her.message('Hello').focus();
		await her.page.keyboard.press('Enter');
		await her.page.getByRole('dialog').waitFor();
		assert.deepEqual(await her.page.getByRole('dialog').getByRole('button').allTextContents(), ['Copy text']);
		await her.page.keyboard.press('Escape');

		await her.page.reload();
		await her.page.getByText('You have blocked Ben.').waitFor();
		await her.page.getByRole('button', { name: 'Unblock' }).click();
		await her.page.getByText('You have blocked Ben.').waitFor({ state: 'hidden' });
		await until('him to be able to write', () => his.input.isEnabled());
		await his.write('Thank you');
		await her.message('Thank you').waitFor();
	});

	test('somebody_with_whom_nothing_was_said_can_be_blocked_and_not_muted', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { peer: ben.id, attributes: 'peer-name="Ben"' });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		await menu(her).click();
		await her.page.getByRole('menu').waitFor();
		assert.deepEqual(await her.page.getByRole('menuitem').allTextContents(), ['Block']);
		await her.page.getByRole('menuitem').click();
		await her.page.getByText('You have blocked Ben.').waitFor();
		await her.page.getByRole('button', { name: 'Unblock' }).click();
		await until('her to be able to write', () => her.input.isEnabled());
	});

	test('what_the_operator_has_left_to_the_application_is_refused_and_said_to_be', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const { wsPort } = await scene.stage.another({ options: { user_blocking: 'false' } });
		const her = await scene.open(ann, { peer: ben.id, url: `ws://127.0.0.1:${wsPort}/mqtt` });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		await choose(her, 'Block');
		await her.page.getByText('That could not be changed.').waitFor();
		assert.ok(await her.input.isEnabled());
	});

	test('a_long_name_leaves_room_for_the_sign_and_is_cut_at_its_own_end', options, async () => {
		const long = 'Dario Featherstonehaugh-Cholmondeley the younger of the two';
		const [ann, dario] = scene.people('Ann', long);
		await scene.say(dario, ann, ['Hello']);
		const her = await scene.open(ann, {
			body: '<mosquitto-chat-app></mosquitto-chat-app>', html: 'lang="he" dir="rtl"', browser: { viewport: { width: 320, height: 568 } },
		});
		await her.inbox.getByRole('button', { name: 'Dario' }).click();
		await her.message('Hello').waitFor();
		await choose(her, 'Mute');
		/** Whether the sign, and the first letter of the name, are where they can be seen. @param {string} place */
		const isSeen = (place) => her.page.locator(place).evaluate((it) => {
			const frame = it.getBoundingClientRect();
			const sign = /** @type {Element} */ (it.querySelector('.icon')).getBoundingClientRect();
			const name = /** @type {Element} */ (it.querySelector('bdi'));
			const letter = document.createRange();
			letter.setStart(/** @type {Node} */ (name.firstChild), 0);
			letter.setEnd(/** @type {Node} */ (name.firstChild), 1);
			return [sign, letter.getBoundingClientRect()].every(({ left, right, width }) => width > 0 && left >= frame.left - 1 && right <= frame.right + 1);
		});
		await her.page.locator('.header .muted').waitFor();
		assert.ok(await isSeen('.header .name'));
		await her.page.getByRole('button', { name: 'Back to the conversations' }).click();
		await her.inbox.getByText('Muted').waitFor({ state: 'attached' });
		assert.ok(await isSeen('.person .name'));
		assert.equal(await her.page.evaluate(() => document.documentElement.scrollWidth), 320);
	});

	test('the_menu_is_walked_by_keyboard_and_closes_as_menus_do', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { peer: ben.id });
		await her.message('Hello').waitFor();
		await menu(her).focus();
		await her.page.keyboard.press('Enter');
		const items = her.page.getByRole('menuitem');
		await items.first().waitFor();
		const focused = () => items.evaluateAll((all) => all.findIndex((it) => it.matches(':focus')));
		assert.equal(await focused(), 0);
		await her.page.keyboard.press('ArrowDown');
		assert.equal(await focused(), 1);
		await her.page.keyboard.press('Home');
		assert.equal(await focused(), 0);
		await her.page.keyboard.press('Escape');
		assert.equal(await items.count(), 0);
		assert.ok(await menu(her).evaluate((it) => it.matches(':focus')));
		// By mouse: a second press closes it, and one elsewhere does.
		await menu(her).click();
		await items.first().waitFor();
		await menu(her).click();
		await items.first().waitFor({ state: 'detached' });
		await menu(her).click();
		await items.first().waitFor();
		await her.message('Hello').locator('.bubble').click();
		await items.first().waitFor({ state: 'detached' });
	});

	test('the_menu_closes_when_something_else_in_the_page_is_pressed', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { body: `<p>Of the page</p><mosquitto-chat peer="${ben.id}"></mosquitto-chat>` });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		assert.equal(await menu(her).getAttribute('aria-expanded'), 'false');
		await menu(her).click();
		await her.page.getByRole('menu').waitFor();
		assert.equal(await menu(her).getAttribute('aria-expanded'), 'true');
		await her.page.getByText('Of the page').click();
		await her.page.getByRole('menu').waitFor({ state: 'detached' });
		assert.equal(await menu(her).getAttribute('aria-expanded'), 'false');
	});

	test('the_menu_is_that_of_the_conversation_that_is_shown', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(ben, ann, ['Of Ben']);
		await scene.say(cleo, ann, ['Of Cleo']);
		const her = await scene.open(ann, { peer: ben.id });
		await her.message('Of Ben').waitFor();
		/** @param {string} peer */
		const turnTo = (peer) => her.page.locator('mosquitto-chat').evaluate((it, id) => it.setAttribute('peer', id), peer);
		await menu(her).click();
		await her.page.getByRole('menu').waitFor();
		await turnTo(cleo.id);
		await her.message('Of Cleo').waitFor();
		assert.equal(await her.page.getByRole('menu').count(), 0);

		// What the menu needs to know comes when another conversation is shown already: that has a menu of its own.
		await her.page.evaluate(() => {
			const { chat } = /** @type {any} */ (document.querySelector('mosquitto-chat'));
			Object.defineProperty(chat, 'chats', { get: () => [] });
			chat.moreChats = () => new Promise((resolve) => Object.assign(window, { let: resolve }));
		});
		await menu(her).click();
		await turnTo(ben.id);
		await her.message('Of Ben').waitFor();
		await her.page.evaluate(() => {
			const { chat } = /** @type {any} */ (document.querySelector('mosquitto-chat'));
			/** @type {any} */ (window).let();
			chat.moreChats = async () => {};
		});
		await menu(her).click();
		await her.page.getByRole('menu').waitFor();
	});
});
