// Two people in two browsers, talking.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startProxy } from '../../../tests/stack/proxy.js';
import { until } from '../../../tests/stack/wait.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const options = { timeout: 240000 };

describe('a conversation', { skip: noBrowser }, () => {
	const scene = useScene();

	test('two_people_talk_and_see_who_is_here_who_types_and_what_is_read', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { peer: ben.id, attributes: 'peer-name="Ben"' });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		await her.page.getByText('Not here now').waitFor();
		await her.write('Hello Ben');
		await her.until('Hello Ben', 'Sent');

		const his = await scene.open(ben, { peer: ann.id });
		await his.message('Hello Ben').waitFor();
		// Nobody has told his page how she is called: that comes from her.
		await his.page.locator('.header').getByText('Ann', { exact: true }).waitFor();
		await her.page.getByText('In this chat').waitFor();
		await her.until('Hello Ben', 'Read');

		await his.input.pressSequentially('Hi');
		await her.page.getByText('Ben is typing…').waitFor();
		await his.input.press('Enter');
		await her.message('Hi').waitFor();
		await her.page.getByText('Ben is typing…').waitFor({ state: 'detached' });
		assert.deepEqual(await her.texts(), ['Hello Ben', 'Hi']);
		assert.deepEqual(await his.texts(), ['Hello Ben', 'Hi']);

		await his.page.close();
		await her.page.getByText('In this chat').waitFor({ state: 'hidden' });
		await her.page.getByText(/^(Not here now|Last seen \d\d:\d\d)$/).waitFor();
	});

	test('an_own_message_is_there_at_once_and_goes_out_when_it_can', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const proxy = await startProxy(scene.stage.broker.wsPort);
		try {
			const her = await scene.open(ann, { peer: ben.id, url: proxy.url });
			await her.page.getByText('Nothing has been said here yet.').waitFor();
			proxy.holdAnswers();
			await her.input.fill('One');
			// Before anything else can happen in the page.
			const shown = await her.input.evaluate((input) => {
				input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
				const log = /** @type {Document} */ (/** @type {unknown} */ (input.getRootNode())).querySelector('.message');
				return log?.textContent;
			});
			assert.match(shown ?? '', /One.*Sending/s);
			await her.write('Two');
			await her.until('Two', 'Sending');
			assert.equal(await her.input.inputValue(), '');
			proxy.cut();
			await her.until('One', 'Sent');
			await her.until('Two', 'Sent');
			assert.deepEqual((await scene.stage.stored(`${ann.id}/${ben.id}`)).map((it) => it.text), ['One', 'Two']);
		} finally {
			proxy.close();
		}
	});

	test('a_message_that_was_refused_can_be_tried_again_or_discarded', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const { cluster } = scene.stage;
		await cluster.query(`alter table chat.messages add constraint polite check (text not like '%rude%')`);
		const her = await scene.open(ann, { peer: ben.id });
		await her.write('A rude one');
		await her.write('Another rude one');
		await her.write('A kind one');
		await her.until('A rude one', 'Not sent');
		await her.until('Another rude one', 'Not sent');
		await her.until('A kind one', 'Sent');
		await her.message('A rude one').getByText('It was not accepted.').waitFor();

		await her.message('Another rude one').getByRole('button', { name: 'Discard' }).click();
		await her.message('Another rude one').waitFor({ state: 'detached' });
		await cluster.query('alter table chat.messages drop constraint polite');
		// By keyboard, and the focus is not lost when the button goes.
		await her.message('A rude one').getByRole('button', { name: 'Try again' }).focus();
		await her.page.keyboard.press('Enter');
		await her.until('A rude one', 'Sent');
		assert.ok(await her.log.evaluate((log) => /** @type {ShadowRoot} */ (log.getRootNode()).activeElement === log));
		assert.deepEqual((await scene.stage.stored(`${ann.id}/${ben.id}`)).map((it) => it.text), ['A kind one', 'A rude one']);
	});

	test('a_line_stands_above_what_is_unread_until_one_answers', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ann, ben, ['Old']);
		const before = await scene.open(ben, { peer: ann.id });
		await before.message('Old').waitFor();
		await until('Ben to have read', async () =>
			(await scene.stage.stored(`${ann.id}/${ben.id}`)).every((it) => it.is_delivered));
		await before.page.close();

		await scene.say(ann, ben, ['New 1', 'New 2', 'New 3']);
		const his = await scene.open(ben, { peer: ann.id });
		await his.page.getByText('New messages').waitFor();
		const order = await his.page.locator('.log li').evaluateAll((all) =>
			all.map((it) => it.querySelector('.text')?.textContent ?? it.textContent));
		assert.deepEqual(order, ['Today', 'Old', 'New messages', 'New 1', 'New 2', 'New 3']);
		// It is no line of what is unread now, but of what was.
		await scene.say(ann, ben, ['New 4']);
		await his.message('New 4').waitFor();
		assert.equal(await his.page.getByText('New messages').count(), 1);
		await his.write('Thank you');
		await his.page.getByText('New messages').waitFor({ state: 'detached' });
	});

	test('days_are_separated_and_messages_in_a_row_stand_together', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ann, ben, ['Last year', 'Two days ago', 'Yesterday', 'Today', 'Today, too']);
		const ages = ['400 days', '2 days', '1 day'];
		for (const [i, age] of ages.entries()) {
			await scene.stage.cluster.query(`update chat.messages set sent_at = sent_at - interval '${age}'
				where room = '${ann.id}/${ben.id}' and seq = ${i + 1}`);
		}
		const his = await scene.open(ben, { peer: ann.id });
		await his.message('Today, too').waitFor();
		const days = await his.page.locator('.day').allTextContents();
		assert.equal(days.length, 4);
		assert.match(days[0], /^\d+ \w+ \d{4}$/);
		assert.match(days[1], /^\w+ \d+ \w+$/);
		assert.deepEqual(days.slice(2), ['Yesterday', 'Today']);
		assert.equal(await his.page.locator('.message.first').count(), 4);
		assert.equal(await his.page.locator('.message.last').count(), 4);
	});

	test('a_draft_waits_while_one_looks_at_another_conversation', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		const her = await scene.open(ann, { people: [ben, cleo] });
		await her.page.getByText('Choose a conversation').waitFor();
		assert.ok(await her.input.isHidden());
		await her.inbox.getByRole('button', { name: 'Ben' }).click();
		await her.input.fill('Dear Ben,');
		await her.inbox.getByRole('button', { name: 'Cleo' }).click();
		await her.page.locator('.header').getByText('Cleo').waitFor();
		assert.equal(await her.input.inputValue(), '');
		await her.inbox.getByRole('button', { name: 'Ben' }).click();
		await her.page.locator('.header').getByText('Ben').waitFor();
		assert.equal(await her.input.inputValue(), 'Dear Ben,');
	});

	test('a_draft_survives_a_reload', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		const her = await scene.open(ann, { peer: ben.id });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		await her.input.fill('Dear Ben,');
		await her.page.reload();
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		assert.equal(await her.input.inputValue(), 'Dear Ben,');
		await her.page.evaluate((peer) => document.querySelector('mosquitto-chat')?.setAttribute('peer', peer), cleo.id);
		await her.page.locator('.header').getByText(cleo.id).waitFor();
		assert.equal(await her.input.inputValue(), '');
		await her.page.evaluate((peer) => document.querySelector('mosquitto-chat')?.setAttribute('peer', peer), ben.id);
		await her.write('Dear Ben, hello');
		// What is sent at the very moment of a reload may be lost; that the draft is gone is what counts here.
		await her.until('Dear Ben, hello', 'Sent');
		await her.page.reload();
		await her.message('Dear Ben, hello').waitFor();
		assert.equal(await her.input.inputValue(), '');
	});

	test('what_is_too_long_for_good_can_be_rewritten_or_discarded_and_not_tried_again', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { peer: ben.id });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		await her.page.evaluate(() => /** @type {any} */ (document.querySelector('mosquitto-chat')).send('word '.repeat(4000)));
		await her.page.getByText('It is too long.').waitFor();
		assert.equal(await her.page.getByRole('button', { name: 'Try again' }).count(), 0);
		const height = await her.messages.evaluate((it) => it.getBoundingClientRect().height);
		assert.ok(height < 350, `it is ${height} px high`);

		// Another tab shows it, too, until it is discarded in one of them.
		const other = await her.page.context().newPage();
		await other.goto(her.page.url());
		await other.getByText('It is too long.').waitFor();
		await her.input.fill('Half a sentence');
		await her.page.getByRole('button', { name: 'Edit' }).click();
		assert.equal(await her.input.inputValue(), `Half a sentence\n${'word '.repeat(4000)}`);
		await other.getByText('Nothing has been said here yet.').waitFor();
		assert.equal(await her.messages.count(), 0);
	});

	test('a_message_that_is_too_long_is_kept_and_said_to_be', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { peer: ben.id });
		const long = 'é'.repeat(9000);
		await her.input.fill(long);
		await her.page.getByRole('alert').getByText('too long by 10 %').waitFor();
		assert.ok(await her.send.isDisabled());
		await her.input.press('Enter');
		assert.equal(await her.input.inputValue(), long);
		await her.input.fill(long.slice(0, 8192));
		await her.input.press('Enter');
		await her.until(long.slice(0, 8192), 'Sent');
	});

	test('who_writes_faster_than_allowed_loses_nothing', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const { wsPort } = await scene.stage.another({ options: { rate_limit: 1 } });
		const her = await scene.open(ann, { peer: ben.id, url: `ws://127.0.0.1:${wsPort}/mqtt` });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		const texts = ['One', 'Two', 'Three', 'Four', 'Five'];
		for (const text of texts) {
			await her.write(text);
		}
		await her.until('Five', 'Sent');
		assert.deepEqual(await her.texts(), texts);
		assert.deepEqual((await scene.stage.stored(`${ann.id}/${ben.id}`)).map((it) => it.text), texts);
	});

	test('a_message_that_waits_for_the_database_is_said_to_be_kept', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const { cluster } = scene.stage;
		const her = await scene.open(ann, { peer: ben.id });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		cluster.freeze();
		try {
			await her.write('Into the dark');
			await her.page.getByText('The chat is busy. What you write is kept and sent shortly.').waitFor();
			await her.until('Into the dark', 'Sending');
		} finally {
			cluster.thaw();
		}
		await her.until('Into the dark', 'Sent');
		await her.page.getByText('The chat is busy.').waitFor({ state: 'hidden' });
	});
});
