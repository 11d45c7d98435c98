// Messages that change, answer each other, and carry files.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../../tests/stack/wait.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const options = { timeout: 240000 };

describe('what can be done with messages', { skip: noBrowser }, () => {
	const scene = useScene({ options: { rate_limit: 0 } });

	/** @param {Awaited<ReturnType<typeof scene.open>>} who @param {string} text @param {string} deed by mouse */
	const act = async (who, text, deed) => {
		await who.opened();
		await who.message(text).locator('.bubble').hover();
		await who.page.getByRole('button', { name: 'What to do with this message' }).click();
		await who.page.getByRole('dialog').getByRole('button', { name: deed }).click();
	};

	test('an_own_message_can_be_edited_and_deleted_by_mouse_and_keyboard', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const [her, his] = [await scene.open(ann, { peer: ben.id }), await scene.open(ben, { peer: ann.id })];
		await her.write('Helo');
		await her.until('Helo', 'Read');
		await her.input.fill('A draft');
		await act(her, 'Helo', 'Edit');
		await her.page.getByText('Editing a message').waitFor();
		assert.equal(await her.input.inputValue(), 'Helo');
		await her.write('Hello');
		await his.message('Hello').getByText('edited').waitFor();
		assert.equal(await her.input.inputValue(), 'A draft');

		// The last one with the arrow; Escape changes nothing.
		await her.input.fill('');
		await her.input.press('ArrowUp');
		assert.equal(await her.input.inputValue(), 'Hello');
		await her.input.press('Escape');
		assert.equal(await her.input.inputValue(), '');
		await her.until('Hello', 'Read');

		// By keyboard: to the message, to what can be done with it, to the last thing.
		await her.log.focus();
		await her.page.keyboard.press('ArrowUp');
		await her.page.keyboard.press('Enter');
		await her.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).focus();
		await her.page.keyboard.press('Enter');
		await his.message('This message was deleted.').waitFor();
		await her.message('This message was deleted.').waitFor();
		// With what is deleted there is nothing to do.
		await her.page.keyboard.press('Enter');
		assert.equal(await her.page.getByRole('dialog').count(), 0);
	});

	test('a_message_is_answered_and_the_quote_leads_to_it', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['The question', ...Array.from({ length: 120 }, (_, i) => `Line ${i}`)]);
		const her = await scene.open(ann, { peer: ben.id, attributes: 'peer-name="Ben"' });
		const question = her.page.locator('.message.theirs', { hasText: 'The question' });
		await question.waitFor();
		await act(her, 'The question', 'Reply');
		await her.page.getByText('Replying to Ben').waitFor();
		await her.write('The answer');
		await her.until('The answer', 'Sent');
		await until('all to be read', async () => (await scene.stage.stored(`${ann.id}/${ben.id}`)).filter((it) => it.user_id === ben.id).every((it) => it.is_delivered));
		await her.page.reload();
		await her.message('The answer').waitFor();
		assert.equal(await question.count(), 0, 'it is further up than what is loaded');
		await her.message('The answer').getByRole('button').click();
		await question.waitFor();
		await until('the question to be in view', () => question.evaluate((it) => {
			const { top, bottom } = it.getBoundingClientRect();
			return top > 0 && bottom < innerHeight && it.matches(':focus');
		}));
	});

	test('a_quote_leads_nowhere_in_another_conversation', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(ann, ben, ['The question', ...Array.from({ length: 60 }, (_, i) => `Line ${i}`)]);
		await scene.say(cleo, ann, ['Of Cleo']);
		const her = await scene.open(ann, { peer: cleo.id });
		await her.message('Of Cleo').waitFor();
		// Older messages to Ben come when this test wants them to.
		await her.page.evaluate(async (peer) => {
			const element = /** @type {any} */ (document.querySelector('mosquitto-chat'));
			const room = element.chat.with(peer);
			await room.send({ text: 'The answer', replyTo: 1 }).settled;
			const wanted = new Promise((resolve) => Object.assign(window, { let: resolve }));
			const { share } = room;
			room.share = () => {
				const own = share();
				const { older } = own;
				return Object.assign(own, { older: (/** @type {any} */ page) => wanted.then(() => older(page)) });
			};
			element.peer = peer;
		}, ben.id);
		await her.message('The answer').getByRole('button').click();
		await her.page.locator('mosquitto-chat').evaluate((it, peer) => it.setAttribute('peer', peer), cleo.id);
		await her.message('Of Cleo').waitFor();
		await her.page.evaluate(() => new Promise((resolve) => {
			/** @type {any} */ (window).let();
			setTimeout(resolve);
		}));
		assert.equal(await her.message('Of Cleo').evaluate((it) => it.matches(':focus')), false);
	});

	test('what_is_open_beside_a_message_closes_with_its_conversation', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(ben, ann, ['Of Ben']);
		await scene.say(cleo, ann, ['Of Cleo']);
		const her = await scene.open(ann, { peer: ben.id });
		await her.message('Of Ben').focus();
		await her.page.keyboard.press('Enter');
		await her.page.getByRole('dialog').waitFor();
		await her.page.locator('mosquitto-chat').evaluate((it, peer) => it.setAttribute('peer', peer), cleo.id);
		await her.message('Of Cleo').waitFor();
		assert.equal(await her.page.getByRole('dialog').count(), 0);
	});

	test('reactions_come_and_go_for_both', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const [her, his] = [await scene.open(ann, { peer: ben.id }), await scene.open(ben, { peer: ann.id })];
		await her.write('Good news');
		await her.until('Good news', 'Read');
		await act(his, 'Good news', '👍');
		await her.page.getByRole('button', { name: 'Ben reacted with 👍' }).click();
		const both = his.page.getByRole('button', { name: 'Ben, You reacted with 👍' }).or(his.page.getByRole('button', { name: 'You, Ann reacted with 👍' }));
		await both.click();
		await her.page.getByRole('button', { name: 'You reacted with 👍' }).waitFor();

		// Any other, from the keyboard.
		await her.message('Good news').locator('.bubble').hover();
		await her.page.getByRole('button', { name: 'What to do with this message' }).click();
		await her.page.getByRole('dialog').getByRole('textbox', { name: 'React' }).fill('🦔');
		await her.page.keyboard.press('Enter');
		await his.page.getByRole('button', { name: 'Ann reacted with 🦔' }).waitFor();
	});

	test('a_change_that_is_refused_is_taken_back_and_said_to_be', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { peer: ben.id });
		await her.write('Fine');
		await her.until('Fine', 'Sent');
		// A seventh reaction of one user is one too many.
		await her.page.evaluate(async (peer) => {
			const element = /** @type {any} */ (document.querySelector('mosquitto-chat'));
			const [{ seq }] = element.chat.with(peer).messages;
			for (const reaction of 'abcdef') {
				await element.chat.with(peer).react(seq, reaction);
			}
		}, ben.id);
		await act(her, 'Fine', '👍');
		await her.page.getByText('That could not be changed.').waitFor();
		assert.equal(await her.page.getByRole('button', { name: /👍/ }).count(), 0);
		assert.equal(await her.page.getByRole('button', { name: /You reacted/ }).count(), 6);
	});

	test('pictures_and_files_are_shown_and_nothing_else_is_loaded', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const his = await scene.open(ben, { peer: ann.id });
		const attachments = [
			{ url: '/picture.png', type: 'image/png', name: 'A pear', width: 1600, height: 800 },
			{ url: '/papers.pdf', type: 'application/pdf', name: 'papers.pdf', size: 123456 },
			{ url: 'javascript:window.broken = true', type: 'image/png', name: 'script' },
			{ url: 'data:text/html,<script>1</script>', name: 'data' }, { url: 'http://elsewhere.example/x.png', name: 'plain' }, null, { url: 7 },
		];
		await his.page.evaluate((data) => /** @type {any} */ (document.querySelector('mosquitto-chat')).send('See', { data }), { attachments });
		await his.until('See', 'Sent');
		const her = await scene.open(ann, { peer: ben.id });
		const picture = her.message('See').getByRole('img', { name: 'A pear' });
		await until('the picture to be loaded', () => picture.evaluate((it) => /** @type {HTMLImageElement} */ (it).complete));
		const { width = 0, height = 0 } = await picture.boundingBox() ?? {};
		assert.equal(Math.round(width), 320);
		assert.equal(Math.round(height), 160);
		await her.message('See').getByText('123 kB').waitFor();
		const links = await her.page.locator('.message a').evaluateAll((all) => all.map((it) => [new URL(/** @type {HTMLAnchorElement} */ (it).href).pathname, it.getAttribute('download')]));
		assert.deepEqual(links, [['/picture.png', null], ['/papers.pdf', 'papers.pdf']]);
		assert.equal(await picture.getAttribute('loading'), 'lazy');
	});

	test('files_are_brought_to_the_application_where_it_takes_them', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { peer: ben.id });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		const clip = her.page.getByRole('button', { name: 'Attach a file' });
		assert.equal(await clip.count(), 0);
		const isTaken = () => her.page.evaluate(() => {
			const dataTransfer = new DataTransfer();
			dataTransfer.items.add(new File(['x'], 'plan.pdf'));
			return !document.querySelector('mosquitto-chat')?.dispatchEvent(new DragEvent('dragover', { dataTransfer, bubbles: true, cancelable: true }));
		});
		assert.equal(await isTaken(), false, 'nothing can be dropped');
		await her.page.evaluate(() => {
			const element = /** @type {any} */ (document.querySelector('mosquitto-chat'));
			const state = Object.assign(window, { aborted: 0, finish: () => {} });
			element.upload = (/** @type {File} */ file, /** @type {any} */ { signal, onProgress }) => new Promise((resolve, reject) => {
				onProgress(0.25);
				signal.addEventListener('abort', () => reject(Object.assign(state, { aborted: state.aborted + 1 })));
				state.finish = () => resolve({ url: '/picture.png', type: file.type, name: file.name, size: file.size, width: 40, height: 30 });
			});
		});
		await clip.waitFor();
		assert.equal(await isTaken(), true);
		const choose = async (/** @type {string} */ name) => {
			const [chooser] = await Promise.all([her.page.waitForEvent('filechooser'), clip.click()]);
			await chooser.setFiles({ name, mimeType: 'image/png', buffer: Buffer.from('x') });
			await her.page.getByText(`${name}, 25 %`).waitFor();
			assert.ok(await her.send.isDisabled(), 'it is not sent before it is there');
		};
		await choose('wrong.png');
		await her.page.getByRole('button', { name: 'Cancel: wrong.png' }).click();
		assert.equal(await her.page.evaluate(() => /** @type {any} */ (window).aborted), 1);
		await choose('pear.png');
		await her.page.evaluate(() => /** @type {any} */ (window).finish());
		await her.send.click();
		await her.page.getByRole('img', { name: 'pear.png' }).waitFor();
		await until('it to be stored', async () => (await scene.stage.stored(`${ann.id}/${ben.id}`)).length === 1);
		assert.equal(await her.page.getByText('pear.png', { exact: true }).count(), 0, 'the composer is empty again');

		// A picture that is pasted, and a text that is.
		const paste = (/** @type {boolean} */ file) => her.input.evaluate((input, isFile) => {
			const clipboardData = new DataTransfer();
			if (isFile) {
				clipboardData.items.add(new File(['x'], 'pasted.png', { type: 'image/png' }));
			} else {
				clipboardData.setData('text/plain', 'a text');
			}
			return !input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
		}, file);
		assert.equal(await paste(false), false, 'a text is left to the field');
		assert.equal(await paste(true), true);
		await her.page.getByText('pasted.png, 25 %').waitFor();
		await her.page.getByRole('button', { name: 'Cancel: pasted.png' }).click();

		// A drop and one that fails.
		await her.page.evaluate(() => {
			const element = /** @type {any} */ (document.querySelector('mosquitto-chat'));
			element.upload = async () => {
				throw new Error('no room');
			};
			const dataTransfer = new DataTransfer();
			dataTransfer.items.add(new File(['x'], 'plan.pdf'));
			element.dispatchEvent(new DragEvent('dragover', { dataTransfer, bubbles: true, cancelable: true }));
			element.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
		});
		await her.page.getByRole('alert').getByText('plan.pdf could not be sent.').waitFor();
		await her.write('Then without it');
		await her.until('Then without it', 'Sent');
	});

	test('what_is_not_asked_for_is_not_loaded', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { peer: ben.id, people: [ben] });
		await her.message('Hello').waitFor();
		await her.write('Hello Ben');
		await her.until('Hello Ben', 'Sent');
		const loaded = () => her.page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname));
		const later = ['more', 'actions', 'peer-menu', 'popup', 'uploads', 'style-more'].map((it) => `/chat/element/${it}.js`);
		assert.deepEqual((await loaded()).filter((it) => later.includes(it)), []);
		await act(her, 'Hello', '👍');
		await her.page.getByRole('button', { name: 'You reacted with 👍' }).waitFor();
		assert.deepEqual((await loaded()).filter((it) => later.includes(it)).sort(), later.sort());
	});

	test('what_could_not_be_loaded_is_asked_for_again', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { peer: ben.id });
		await her.message('Hello').waitFor();
		await her.page.route('**/element/more.js', (route) => route.abort('connectionrefused'));
		const [warning] = await Promise.all([
			her.page.waitForEvent('console', (it) => it.type() === 'warning'),
			her.message('Hello').locator('.bubble').hover(),
		]);
		assert.match(warning.text(), /^mosquitto-chat: more.js could not be loaded/);
		await her.write('It goes on');
		await her.until('It goes on', 'Sent');
		await her.page.unroute('**/element/more.js');
		await act(her, 'Hello', '👍');
		await her.page.getByRole('button', { name: 'You reacted with 👍' }).waitFor();
	});

	test('on_a_phone_a_long_press_opens_what_can_be_done', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Press me']);
		const her = await scene.open(ann, { peer: ben.id, browser: { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true } });
		await her.opened();
		const { x = 0, y = 0 } = await her.message('Press me').locator('.text').boundingBox() ?? {};
		const cdp = await her.page.context().newCDPSession(her.page);
		await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: x + 5, y: y + 5 }] });
		const dialog = her.page.getByRole('dialog');
		await dialog.waitFor();
		await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
		await dialog.getByRole('button', { name: '❤️' }).tap();
		await her.page.getByRole('button', { name: 'You reacted with ❤️' }).waitFor();
		assert.equal(await her.page.evaluate(() => document.documentElement.scrollWidth), 320);
	});
});
