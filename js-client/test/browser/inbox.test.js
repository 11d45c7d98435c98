// Who wrote, and the one connection that all elements of a page share.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../../tests/stack/wait.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const options = { timeout: 240000 };

describe('an inbox', { skip: noBrowser }, () => {
	const scene = useScene();

	/** @param {string} id how often that user has logged in */
	const logins = (id) => scene.stage.broker.log().split(`u'chat:${id}'`).length - 1;

	test('who_wrote_comes_first_with_counts_that_go_when_it_is_read', options, async () => {
		const [ann, ben, cleo, dario] = scene.people('Ann', 'Ben', 'Cleo', 'Dario');
		await scene.say(cleo, ann, ['Hi', 'Lunch on Thursday?']);
		const her = await scene.open(ann, { people: [ben, cleo, dario] });
		const rows = her.inbox.getByRole('button');
		await her.inbox.getByText('2 unread messages').waitFor({ state: 'attached' });
		assert.match((await rows.allTextContents()).join('|'), /^CCleo.*Lunch on Thursday\?.*\|BBen\|DDario$/);

		await scene.say(dario, ann, ['The ladder is free']);
		await rows.first().getByText('The ladder is free').waitFor();
		assert.deepEqual(await rows.locator('.name bdi').allTextContents(), ['Dario', 'Cleo', 'Ben']);

		await her.inbox.getByRole('button', { name: 'Cleo' }).click();
		await her.message('Lunch on Thursday?').waitFor();
		await her.inbox.getByText('2 unread messages').waitFor({ state: 'detached' });
		await her.inbox.getByText('1 unread message', { exact: true }).waitFor({ state: 'attached' });
		assert.equal(await her.inbox.getByRole('button', { name: 'Cleo' }).getAttribute('aria-current'), 'true');
		assert.equal(await her.inbox.getByRole('button', { name: 'Dario' }).getAttribute('aria-current'), 'false');

		// What is said in the open conversation shows there as well.
		await her.write('Thursday is fine');
		await rows.first().getByText('You: Thursday is fine').waitFor();
		assert.deepEqual(await rows.locator('.name bdi').allTextContents(), ['Cleo', 'Dario', 'Ben']);
	});

	test('somebody_unknown_to_the_page_is_called_what_they_call_themselves', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben of the mill');
		const her = await scene.open(ann, { people: [] });
		await her.page.getByText('There are no conversations yet.').waitFor();
		await her.state('online');
		await scene.say(ben, ann, ['Hello']);
		await her.inbox.getByRole('button', { name: 'Ben of the mill' }).click();
		await her.message('Hello').waitFor();
	});

	test('the_page_hears_of_choices_and_can_make_them_its_own', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(cleo, ann, ['Hi']);
		const her = await scene.open(ann, { people: [ben, cleo] });
		await her.inbox.getByText('1 unread message').waitFor({ state: 'attached' });
		const heard = await her.page.evaluate(() => {
			/** @type {unknown[]} */
			const details = [];
			document.body.addEventListener('chat-select', (event) => {
				details.push(/** @type {CustomEvent} */ (event).detail);
				event.preventDefault();
			});
			return new Promise((resolve) => {
				const inbox = /** @type {any} */ (document.querySelector('mosquitto-chat-inbox'));
				inbox.shadowRoot.querySelector('button').click();
				setTimeout(() => resolve(details));
			});
		});
		assert.deepEqual(heard, [{ peer: cleo.id, name: 'Cleo' }]);
		assert.equal(await her.page.locator('mosquitto-chat').getAttribute('peer'), null);
	});

	test('elements_of_one_user_share_one_connection_until_the_last_is_gone', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		const her = await scene.open(ann, {
			body: `<mosquitto-chat-inbox></mosquitto-chat-inbox><mosquitto-chat peer="${ben.id}"></mosquitto-chat>
				<mosquitto-chat peer="${cleo.id}"></mosquitto-chat><mosquitto-chat peer="${ben.id}"></mosquitto-chat>`,
		});
		await until('all three to be online', async () => await her.page.locator('mosquitto-chat[state="online"]').count() === 3);
		assert.equal(logins(ann.id), 1);

		// Moved within the page, and one of two with the same conversation taken away: nothing ends.
		await her.page.evaluate(() => {
			const [first, second, third] = document.querySelectorAll('mosquitto-chat');
			document.body.prepend(second);
			first.remove();
			document.body.append(third);
		});
		await scene.say(ben, ann, ['Still here?']);
		await her.message('Still here?').waitFor();
		assert.equal(logins(ann.id), 1);

		await her.page.evaluate(() => document.body.replaceChildren());
		await until('the connection to end', () => /Client \S+ (disconnected|closed)/.test(
			scene.stage.broker.log().split(`u'chat:${ann.id}'`)[1] ?? ''));
	});

	test('the_only_element_of_a_page_can_be_moved_within_it', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { peer: ben.id });
		await her.write('Before');
		await her.until('Before', 'Sent');
		await her.input.fill('A draft');
		await her.page.evaluate(() => {
			const element = /** @type {Element} */ (document.querySelector('mosquitto-chat'));
			document.body.append(document.createElement('section'));
			document.body.lastElementChild?.append(element);
		});
		await her.message('Before').waitFor();
		assert.equal(await her.input.inputValue(), 'A draft');
		await her.write('After');
		await her.until('After', 'Sent');
		assert.equal(logins(ann.id), 1);
	});

	test('two_users_in_one_page_have_each_their_own', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const both = await scene.open(ann, {
			body: `<mosquitto-chat peer="${ben.id}" ${scene.attributes(ann)}></mosquitto-chat>
				<mosquitto-chat peer="${ann.id}" ${scene.attributes(ben)}></mosquitto-chat>`,
		});
		const [hers, his] = [0, 1].map((i) => both.page.locator('mosquitto-chat').nth(i));
		await hers.getByText('In this chat').waitFor();
		await hers.getByRole('textbox').fill('From left to right');
		await hers.getByRole('button', { name: 'Send' }).click();
		await his.locator('.message:not(.mine)').getByText('From left to right').waitFor();
		await hers.locator('.message.mine').getByText('Read', { exact: true }).waitFor({ state: 'attached' });
	});

	test('a_token_that_is_refused_is_asked_for_anew_and_said_to_be_missing', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		let loggedIn = false;
		let asked = 0;
		const path = scene.site.answer(() => {
			asked++;
			return loggedIn ? { type: 'text/plain', text: scene.jwt(ann) } : { status: 401, text: '' };
		});
		const her = await scene.open(ann, {
			body: `<mosquitto-chat peer="${ben.id}" url="${scene.url()}" token="${scene.jwt(ann, -3600)}" token-url="${path}"></mosquitto-chat>`,
		});
		await her.page.getByText('You are no longer logged in.').waitFor();
		assert.ok(asked > 0);
		loggedIn = true;
		await her.page.getByRole('button', { name: 'Connect again' }).click();
		await her.page.getByText('You are no longer logged in.').waitFor({ state: 'hidden' });
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		await her.write('Back again');
		await her.until('Back again', 'Sent');
	});

	test('a_new_token_in_the_attribute_is_used_though_url_and_user_are_the_same', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, {
			body: `<mosquitto-chat peer="${ben.id}" url="${scene.url()}" token="${scene.jwt(ann, -3600)}"></mosquitto-chat>`,
		});
		await her.page.getByText('You are no longer logged in.').waitFor();
		await her.page.evaluate((token) => document.querySelector('mosquitto-chat')?.setAttribute('token', token), scene.jwt(ann));
		await her.page.getByText('Nothing has been said here yet.').waitFor();
		await her.write('Back again');
		await her.until('Back again', 'Sent');
	});

	test('what_cannot_be_is_said_in_its_place', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, {
			body: `<mosquitto-chat peer="${ann.id}"></mosquitto-chat><mosquitto-chat peer="no/body"></mosquitto-chat>`,
		});
		await until('both to say so', async () =>
			await her.page.getByText('There can be no conversation with this user.').count() === 2);
		assert.equal(await her.input.count(), 0);
		await her.page.evaluate((peer) => document.querySelector('mosquitto-chat')?.setAttribute('peer', peer), ben.id);
		await her.page.getByText('Nothing has been said here yet.').waitFor();

		// And where the page has not said enough.
		await her.page.evaluate(() => {
			document.querySelectorAll('meta[name^="chat-"]').forEach((it) => it.remove());
			document.body.replaceChildren(document.createElement('mosquitto-chat'));
		});
		await her.page.getByText('This chat is not set up: it needs a url, and a token or a token-url.').waitFor();
	});

	test('a_page_can_bring_a_chat_of_its_own', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		const her = await scene.open(ann, { body: '' });
		const jwt = scene.jwt(ann);
		const asProperties = async (/** @type {{ url: string, token: string, peer: string }} */ { url, token, peer }) => {
			const { createChat } = await import(/** @type {any} */ ('/chat/index.js'));
			const chat = createChat({ url, token });
			const element = Object.assign(document.createElement('mosquitto-chat'), { chat, peer });
			document.body.append(element);
			await chat.connect();
			Object.assign(window, { chat });
		};
		await her.page.evaluate(asProperties, { url: scene.url(), token: jwt, peer: ben.id });
		await her.write('Through the page\'s own');
		await her.until('Through the page\'s own', 'Sent');
		assert.equal(logins(ann.id), 1);
		// What the page has made, the page ends; and what it has opened, it closes.
		await her.page.evaluate((peer) => /** @type {any} */ (window).chat.with(peer).open(), ben.id);
		await her.page.evaluate(() => document.body.replaceChildren());
		assert.equal(await her.page.evaluate(() => /** @type {any} */ (window).chat.state), 'online');
		await scene.say(ben, ann, ['Do you hear me?']);
		await until('the page to hear it', () => her.page.evaluate((peer) =>
			/** @type {any} */ (window).chat.with(peer).messages.length === 2, ben.id));
	});

	test('a_chat_that_its_page_closes_and_connects_again_shows_everything_again', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { peer: ben.id });
		await her.message('Hello').waitFor();
		await her.page.evaluate(() => /** @type {any} */ (document.querySelector('mosquitto-chat')).chat.close());
		await her.state('closed');
		await until('what was said to be gone', async () => await her.messages.count() === 0);
		await her.page.getByText('Nothing has been said here yet.').waitFor({ state: 'hidden' });
		await her.page.evaluate(() => /** @type {any} */ (document.querySelector('mosquitto-chat')).chat.connect());
		await her.message('Hello').waitFor();
	});

	test('a_chat_that_is_closed_before_its_counts_have_come_shows_everything_again', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann);
		await her.state('online');
		await her.page.evaluate(async (peer) => {
			const element = /** @type {any} */ (document.querySelector('mosquitto-chat'));
			const { chat } = element;
			const { connect } = chat;
			// As if what is unread came late.
			let come = () => {};
			chat.connect = () => new Promise((resolve) => { come = () => resolve(null); });
			element.peer = peer;
			while (!element.shadowRoot.querySelector('.message')) {
				await new Promise(requestAnimationFrame);
			}
			chat.close();
			come();
			Object.assign(chat, { connect });
		}, ben.id);
		await her.state('closed');
		await until('what was said to be gone', async () => await her.messages.count() === 0);
		await her.page.getByText('Nothing has been said here yet.').waitFor({ state: 'hidden' });
		await her.page.evaluate(() => /** @type {any} */ (document.querySelector('mosquitto-chat')).chat.connect());
		await her.message('Hello').waitFor();
	});

	test('another_chat_does_not_wait_for_what_the_one_before_it_was_asked_for', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(cleo, ben, ['Hello Ben']);
		const her = await scene.open(ann, { body: '<mosquitto-chat-inbox></mosquitto-chat-inbox>' });
		await her.page.evaluate(async ({ url, tokens }) => {
			const { createChat } = await import(/** @type {any} */ ('/chat/index.js'));
			const [first, second] = tokens.map((token) => createChat({ url, token }));
			await Promise.all([first.connect(), second.connect()]);
			const inbox = /** @type {any} */ (document.querySelector('mosquitto-chat-inbox'));
			await new Promise((asked) => {
				first.moreChats = () => new Promise(asked);
				inbox.chat = first;
			});
			inbox.chat = second;
		}, { url: scene.url(), tokens: [scene.jwt(ann), scene.jwt(cleo)] });
		await her.inbox.getByText('You: Hello Ben').waitFor();
	});

	test('a_list_of_many_asks_the_page_once_how_they_are_called', options, async () => {
		const [ann, ben, ...others] = scene.people('Ann', 'Ben', ...Array.from({ length: 40 }, (_, i) => `Person ${i}`));
		const her = await scene.open(ann, { people: others });
		await her.inbox.getByRole('button', { name: 'Person 39' }).waitFor();
		await until('the list to have come', async () => await her.page.getByText('Loading more…').count() === 0);
		await her.page.evaluate(() => {
			const inbox = /** @type {any} */ (document.querySelector('mosquitto-chat-inbox'));
			const state = Object.assign(window, { asked: 0 });
			inbox.querySelectorAll = (/** @type {string} */ selector) => {
				state.asked++;
				return Element.prototype.querySelectorAll.call(inbox, selector);
			};
		});
		await scene.say(ben, ann, ['Hello']);
		await her.inbox.getByText('Hello').waitFor();
		const asked = await her.page.evaluate(() => /** @type {any} */ (window).asked);
		assert.ok(asked < others.length, `it has asked ${asked} times`);
	});

	test('after_a_reload_the_open_conversations_row_says_what_was_said_last_and_the_same_name', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { peer: ben.id, people: [] });
		const row = her.inbox.getByRole('button');
		await her.write('The last word');
		await her.until('The last word', 'Sent');
		await her.page.reload();
		await row.getByText('You: The last word').waitFor();
		// By her own word for him, or by his: in both places.
		const names = () => her.page.evaluate(() => [['mosquitto-chat', '.header .name'], ['mosquitto-chat-inbox', '.name']].map(([element, name]) =>
			document.querySelector(element)?.shadowRoot?.querySelector(`${name} bdi`)?.textContent));
		await until('his name to be in both', async () => (await names()).every((it) => it === 'Ben'));
		const client = await scene.stage.connect({ id: ben.id, name: 'Benjamin' });
		await client.join(`chat/${ann.id}/${ben.id}`);
		await client.say(`chat/${ann.id}/${ben.id}`, 'It is me');
		await her.message('It is me').waitFor();
		await until('his new name to be in both', async () => (await names()).every((it) => it === 'Benjamin'));
		await client.end();
		await her.page.evaluate((id) => {
			const data = Object.assign(document.createElement('data'), { value: id, textContent: 'Uncle Ben' });
			document.querySelector('mosquitto-chat-inbox')?.append(data);
		}, ben.id);
		await until('hers to be in both', async () => (await names()).every((it) => it === 'Uncle Ben'));
	});

	test('a_row_shows_what_becomes_of_the_last_message_and_who_is_online_elsewhere', options, async () => {
		const [ann, ben, cleo] = scene.people('Ann', 'Ben', 'Cleo');
		await scene.say(ben, ann, ['Helo']);
		const her = await scene.open(ann, { peer: ben.id, people: [] });
		await her.message('Helo').waitFor();
		const his = await scene.open(ben, { peer: cleo.id });
		await his.page.getByText('Nothing has been said here yet.').waitFor();
		await her.page.locator('.header').getByText('Online', { exact: true }).waitFor();
		await her.inbox.locator('.avatar.online').waitFor();
		const edit = (/** @type {any} */ how) => his.page.evaluate(async ([peer, change]) => {
			const room = /** @type {any} */ (document.querySelector('mosquitto-chat')).chat.with(peer);
			await room.open();
			await (change ? room.edit(1, change) : room.remove(1));
		}, [ann.id, how]);
		await edit({ text: 'Hello' });
		await her.inbox.getByText('Hello', { exact: true }).waitFor();
		await edit(null);
		await her.inbox.getByText('This message was deleted.').waitFor();
		await his.page.close();
		await her.page.locator('.header').getByText(/^Last seen \d\d:\d\d$/).waitFor();
		await her.inbox.locator('.avatar.online').waitFor({ state: 'detached' });
	});

	test('an_inbox_and_the_whole_take_a_chat_of_the_page', options, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, ['Hello']);
		const her = await scene.open(ann, { body: '' });
		await her.page.evaluate(async ({ url, token }) => {
			document.querySelectorAll('meta[name^="chat-"]').forEach((it) => it.remove());
			const { createChat } = await import(/** @type {any} */ ('/chat/element/index.js'));
			const chat = createChat({ url, token });
			for (const name of ['mosquitto-chat-inbox', 'mosquitto-chat-app']) {
				document.body.append(Object.assign(document.createElement(name), { chat }));
			}
			await chat.connect();
		}, { url: scene.url(), token: scene.jwt(ann) });
		await until('both to list him', async () => await her.inbox.getByRole('button').count() === 2);
		await her.page.locator('mosquitto-chat-app').getByRole('button', { name: 'Ben' }).click();
		await her.message('Hello').waitFor();
		assert.equal(logins(ann.id), 1);
	});
});
