// The scene of a test file: a broker, a database, a browser, and people in it.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { newIds, useStage } from '../../../tests/e2e/stage.js';
import { signJwt, signName } from '../../../tests/stack/tokens.js';
import { startBrowser } from './chromium.js';
import { escaped, startSite } from './site.js';

export { chatOf, newIds } from '../../../tests/e2e/stage.js';

/** What a browser says about connections that tests end on purpose, also when something is sent just then. */
export const CONNECTION = /WebSocket connection|WebSocket is already in CLOSING|ERR_CONNECTION|ERR_EMPTY_RESPONSE|status of 401/;

/**
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 *
 * @typedef {object} Look what the person's page is like
 * @property {string} [peer] whose conversation it shows
 * @property {Person[]} [people] an inbox with these people
 * @property {string} [url]
 * @property {string} [attributes] of the conversation
 * @property {string} [html] of the page's root element
 * @property {string} [body] instead of the elements
 * @property {string} [head] more of it
 * @property {import('playwright-core').BrowserContextOptions} [browser]
 */

/** @param {Parameters<typeof useStage>[0]} [options] */
export function useScene(options = {}) {
	const stage = useStage(options);
	/** @type {import('./chromium.js').Browser} */
	let browser;
	/** @type {Awaited<ReturnType<typeof startSite>>} */
	let site;
	/** @type {{ who: string, context: import('playwright-core').BrowserContext, complaints: string[] }[]} */
	let open = [];

	before(async () => {
		[browser, site] = await Promise.all([startBrowser(), startSite()]);
	});
	afterEach(async () => {
		const all = open.splice(0);
		await Promise.all(all.map(({ context }) => context.close()));
		for (const { who, complaints } of all) {
			assert.deepEqual(complaints.filter((it) => !CONNECTION.test(it)), [], `what the page of ${who} complained about`);
		}
	});
	after(async () => {
		await browser?.close();
		site?.close();
	});

	const scene = {
		stage,
		get site() {
			return site;
		},

		/**
		 * @param {...string} names
		 * @returns {Person[]} with ids in the order in which a chat's topic has them
		 */
		people(...names) {
			return newIds(names.length).map((id, i) => ({ id, name: names[i] }));
		},

		url: () => `ws://127.0.0.1:${stage.broker.wsPort}/mqtt`,

		/** @param {Person} person @param {number} [seconds] */
		jwt({ id, name }, seconds = 3600) {
			return signJwt(stage.broker.secrets[0], { sub: id, name, exp: Math.floor(Date.now() / 1000) + seconds });
		},

		/**
		 * The tags of a page for that person, as a host application writes them.
		 * @param {Person} person
		 * @param {string} [url]
		 */
		metas(person, url = scene.url()) {
			return `<meta name="chat-url" content="${url}"><meta name="chat-token" content="${scene.jwt(person)}">`;
		},

		/**
		 * The attributes of an element for that person, in the other form of a login.
		 * @param {Person} person
		 */
		attributes({ id, name }) {
			const { password } = signName(stage.broker.secrets[0], id, name);
			return `url="${scene.url()}" id="${escaped(id)}" name="${escaped(name)}" token="${password}"`;
		},

		/**
		 * That person, looking at a page.
		 * @param {Person} person
		 * @param {Look} [look]
		 */
		async open(person, { peer, people, url, attributes = '', html, body, head = '', browser: browserOptions } = {}) {
			const visitor = await browser.visitor(browserOptions);
			const { page, complaints } = await visitor.window();
			open.push({ who: person.name, context: visitor.context, complaints });
			const names = (people ?? []).map((it) => `<data value="${escaped(it.id)}">${escaped(it.name)}</data>`);
			const inbox = people ? `<mosquitto-chat-inbox for="conversation">${names.join('')}</mosquitto-chat-inbox>` : '';
			const chat = `<mosquitto-chat id="conversation" ${peer ? `peer="${escaped(peer)}"` : ''} ${attributes}></mosquitto-chat>`;
			await page.goto(site.page({ head: scene.metas(person, url) + head, body: body ?? inbox + chat, attributes: html }));
			return view(page);
		},

		/**
		 * That person somewhere else, without a browser: for what has been said before.
		 * @param {Person} from
		 * @param {Person} to
		 * @param {string[]} texts
		 */
		async say(from, to, texts) {
			const client = await stage.connect({ id: from.id, name: from.name });
			const chat = chatTopic(from.id, to.id);
			await client.join(chat);
			for (const text of texts) {
				await client.say(chat, text);
			}
			await client.end();
		},
	};
	return scene;
}

/** @param {string} one @param {string} other */
function chatTopic(one, other) {
	const inOrder = one.length === other.length ? one < other : one.length < other.length;
	return `chat/${inOrder ? one : other}/${inOrder ? other : one}`;
}

/**
 * A page as its reader knows it.
 * @param {import('playwright-core').Page} page
 */
export function view(page) {
	const log = page.getByRole('log');
	const it = {
		page,
		log,
		input: page.getByRole('textbox', { name: 'Message' }),
		send: page.getByRole('button', { name: 'Send' }),
		inbox: page.getByRole('navigation', { name: 'Conversations' }),
		messages: page.locator('.message'),

		/** A conversation has its messages, and its reader has been led to where they begin; until then both still move. */
		opened: () => log.and(page.locator('[aria-busy="false"]')).waitFor(),

		/** @param {string} text the message with exactly this text */
		message: (text) => page.locator('.message', { has: page.getByText(text, { exact: true }) }),

		/** @param {string} text */
		async write(text) {
			await it.input.fill(text);
			await it.input.press('Enter');
		},

		/** @param {string} text @param {'Sending' | 'Sent' | 'Read' | 'Not sent'} status */
		until: (text, status) => it.message(text).getByText(status, { exact: true }).waitFor({ state: 'attached' }),

		/** @param {string} state of the connection */
		state: (state) => page.locator(`mosquitto-chat[state="${state}"]`).first().waitFor(),

		/** @returns {Promise<string[]>} all messages' texts, from the first to the last */
		texts: () => page.locator('.message .text').evaluateAll((all) => all.map((one) => one.textContent ?? '')),
	};
	return it;
}
