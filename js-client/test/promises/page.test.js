// In a real page: a reload with a message pending, a tab in the background, two chats, and text that is text.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { startProxy } from '../../../tests/stack/proxy.js';
import { pause } from '../../../tests/stack/wait.js';
import { buildAll } from '../../build.js';
import { hasBrowser, openBrowser, serve } from '../browser.js';
import { openTabs } from '../tabs.js';
import { eventually, newIds, useStage } from '../stage.js';

const PAGE = '<!doctype html><meta charset="utf-8"><title>A page</title><script type="module" src="/page.js"></script><p id="last"></p>';
const SCRIPT = `
import { createChat } from '/dist/mosquitto-chat.min.js';

window.start = async (options, peer) => {
	window.chat = createChat(options);
	window.room = chat.with(peer);
	room.on('message', (message) => {
		document.getElementById('last').textContent = message.text;
	});
	return chat;
};
window.ready = true;
`;

describe('in a page', { skip: hasBrowser ? false : 'there is no chromium here' }, () => {
	const stage = useStage();
	/** @type {Awaited<ReturnType<typeof serve>>} */
	let server;
	/** @type {Awaited<ReturnType<typeof openBrowser>>} */
	let browser;
	before(async () => {
		await buildAll(join(stage.dir, 'dist'));
		server = await serve(stage.dir, { '/page.html': PAGE, '/page.js': SCRIPT });
		browser = await openBrowser();
	});
	after(async () => {
		await browser?.close();
		await server?.close();
	});

	/**
	 * @param {string} id
	 * @param {string} peer
	 */
	async function open(id, peer) {
		const page = await browser.page(`${server.origin}/page.html`);
		await begin(page, id, peer);
		return page;
	}

	/**
	 * @param {import('playwright-core').Page} page
	 * @param {string} id
	 * @param {string} peer
	 * @param {string} [url] the broker's
	 */
	async function begin(page, id, peer, url = stage.url) {
		await until(page, 'window.ready');
		await page.evaluate(async ([options, other]) => {
			// @ts-ignore: the page's
			await window.start(options, other);
		}, /** @type {const} */ ([{ url, token: stage.jwt(id) }, peer]));
	}

	/** @param {import('playwright-core').Page} page @param {string} code */
	const run = (page, code) => page.evaluate(code);
	/** @param {import('playwright-core').Page} page @param {string} code */
	const until = (page, code) => eventually(code, () => run(page, code));

	/** How many messages are in the page's database. @param {import('playwright-core').Page} page */
	const kept = (page) => run(page, `new Promise((resolve) => {
		const request = indexedDB.open('mosquitto-chat', 1);
		request.onupgradeneeded = () => request.transaction.abort();
		request.onerror = () => resolve(0);
		request.onsuccess = () => {
			const all = request.result.transaction('pending').objectStore('pending').getAll();
			all.onsuccess = () => { request.result.close(); resolve(all.result.length); };
		};
	})`);

	test('a pending message survives the reload, and is stored once', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		const page = await open(a, b);
		await run(page, 'chat.connect().then(() => room.open())');
		await stage.broker.kill();
		await until(page, 'chat.state !== "online"');
		await run(page, 'void room.send("first"); void room.send("second")');
		// What is shown as sending is in the database at that time, or a moment later.
		await eventually('both to be kept', async () => await kept(page) === 2);
		await page.reload();
		await stage.restart();
		await begin(page, a, b);
		await run(page, 'chat.connect()');
		await run(page, 'room.open()');
		await until(page, 'room.messages.length === 2 && room.messages.every((it) => it.status === "sent")');
		assert.deepEqual(await run(page, 'room.messages.map((it) => [it.seq, it.text, it.mine])'), [[1, 'first', true], [2, 'second', true]]);
		await eventually('Bob to have both', () => bob.room.messages.length === 2);
		assert.equal((await stage.stored(`${a}/${b}`)).length, 2);
		await page.reload();
		await begin(page, a, b);
		await run(page, 'chat.connect().then(() => room.open())');
		assert.equal(await run(page, 'room.messages.length'), 2);
		await page.close();
	});

	test('a pending change survives the reload, too', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		const page = await open(a, b);
		await run(page, 'chat.connect().then(() => room.open())');
		await run(page, 'room.send("first").settled.then(() => {})');
		await stage.broker.kill();
		await until(page, 'chat.state !== "online"');
		await run(page, 'void room.edit(1, { text: "better" }); void room.react(1, "👍")');
		await eventually('both to be kept', async () => await kept(page) === 2);
		await page.reload();
		await stage.restart();
		await begin(page, a, b);
		await run(page, 'chat.connect().then(() => room.open())');
		await until(page, 'room.messages[0].text === "better" && room.messages[0].reactions.length === 1 && !room.messages[0].changing');
		await eventually('Bob to see both', () => bob.room.messages[0].text === 'better' && bob.room.messages[0].reactions.length === 1);
		await eventually('both to be forgotten', async () => await kept(page) === 0);
		await page.close();
	});

	test('a database that is deleted is opened anew, and what is pending still survives the reload', async () => {
		const [a, b] = newIds(2);
		const page = await open(a, b);
		await run(page, 'chat.connect().then(() => room.open())');
		await stage.broker.kill();
		await until(page, 'chat.state !== "online"');
		await run(page, 'void room.send("first")');
		await eventually('it to be kept', async () => await kept(page) === 1);
		await run(page, `new Promise((resolve, reject) => {
			const request = indexedDB.deleteDatabase('mosquitto-chat');
			request.onsuccess = resolve;
			request.onblocked = reject;
		})`);
		await run(page, 'void room.send("second")');
		await eventually('both to be kept', async () => await kept(page) === 2);
		await page.reload();
		await stage.restart();
		await begin(page, a, b);
		await run(page, 'chat.connect().then(() => room.open())');
		await until(page, 'room.messages.length === 2 && room.messages.every((it) => it.status === "sent")');
		assert.deepEqual((await stage.stored(`${a}/${b}`)).map((it) => it.text), ['first', 'second']);
		await page.close();
	});

	test('a database that was closed without a word is opened anew', async () => {
		const [a, b] = newIds(2);
		const page = await browser.page(`${server.origin}/page.html`);
		await run(page, `void (() => {
			const { transaction } = IDBDatabase.prototype;
			IDBDatabase.prototype.transaction = function (...those) {
				window.db = this;
				return transaction.apply(this, those);
			};
		})()`);
		await begin(page, a, b);
		await run(page, 'chat.connect().then(() => room.open())');
		await stage.broker.kill();
		await until(page, 'chat.state !== "online"');
		await run(page, 'db.close()');
		await run(page, 'void room.send("first")');
		await eventually('it to be kept', async () => await kept(page) === 1);
		await stage.restart();
		await until(page, 'room.messages[0].status === "sent"');
		await eventually('it to be forgotten', async () => await kept(page) === 0);
		await page.close();
	});

	test('a database that never answers keeps nobody from being online', async () => {
		const [a, b] = newIds(2);
		const page = await browser.page(`${server.origin}/page.html`);
		await run(page, 'void (IDBFactory.prototype.open = () => new EventTarget())');
		await begin(page, a, b);
		await run(page, 'void (window.told = [], chat.on("error", ({ code }) => told.push(code)))');
		await run(page, 'chat.connect().then(() => room.open())');
		await run(page, 'room.send("hi").settled.then(() => {})');
		assert.deepEqual(await run(page, 'told'), ['store']);
		await page.close();
	});

	test('a database that has not answered once is opened anew, and then keeps what is pending', async () => {
		const [a, b] = newIds(2);
		const page = await browser.page(`${server.origin}/page.html`);
		await run(page, `void (() => {
			const { open } = IDBFactory.prototype;
			IDBFactory.prototype.open = function () {
				IDBFactory.prototype.open = open;
				return new EventTarget();
			};
		})()`);
		await begin(page, a, b);
		await run(page, 'chat.connect().then(() => room.open())');
		await stage.broker.kill();
		await until(page, 'chat.state !== "online"');
		await run(page, 'void room.send("first")');
		await eventually('it to be kept', async () => await kept(page) === 1);
		await stage.restart();
		await until(page, 'room.messages[0].status === "sent"');
		await eventually('it to be forgotten', async () => await kept(page) === 0);
		await page.close();
	});

	// By itself the client asks after 25 s, and waits for another 25: longer than these tests do.
	test('a socket that says nothing is given up when the network goes', async () => {
		const [a, b] = newIds(2);
		const proxy = await startProxy(() => stage.broker.wsPort);
		const page = await browser.page(`${server.origin}/page.html`);
		// Not every browser has it; where it is, it tells of the same.
		await run(page, 'void Object.defineProperty(navigator, "connection", { value: undefined })');
		await begin(page, a, b, proxy.url);
		try {
			await run(page, 'void (window.states = [], chat.on("state", (state) => states.push(state)))');
			await run(page, 'chat.connect().then(() => room.open())');
			proxy.stall();
			await page.context().setOffline(true);
			await until(page, 'states.includes("offline")');
			proxy.cut();
			proxy.flow();
			await page.context().setOffline(false);
			await until(page, 'chat.state === "online"');
		} finally {
			await page.context().setOffline(false);
			await page.close();
			proxy.close();
		}
	});

	test('a tab in the background stays connected and marks nothing as read', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		const tabs = await openTabs();
		try {
			const address = `${server.origin}/page.html`;
			const tab = await tabs.tab(address);
			await eventually('the page to load', () => tab.run('Boolean(window.ready)'));
			await tab.run(`start(${JSON.stringify({ url: stage.url, token: stage.jwt(a) })}, '${b}')`);
			await tab.run('chat.connect().then(() => room.open())');
			const other = await tabs.tab(address);
			await other.front();
			await eventually('the tab to be hidden', () => tab.run('document.visibilityState === "hidden"'));
			const message = bob.room.send('is anybody there?');
			await eventually('the tab to have it', () => tab.run('room.messages.length === 1'));
			await tab.run('room.markRead()');
			await pause(1500);
			assert.equal(message.status, 'sent');
			assert.equal(await tab.run('chat.state'), 'online');
			await tab.front();
			await eventually('Bob to see it read', () => message.status === 'read');
		} finally {
			await tabs.close();
		}
	});

	test('two chats live side by side, and text stays text', async () => {
		const [a, b] = newIds(2);
		const page = await open(a, b);
		const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
		await page.evaluate(async ([options, peer]) => {
			// @ts-ignore: the page's
			const first = { chat: window.chat, room: window.room };
			// @ts-ignore
			await window.start(options, peer);
			// @ts-ignore
			Object.assign(window, { first });
		}, /** @type {const} */ ([{ url: stage.url, token: stage.jwt(b, 3600, { name: hostile }) }, a]));
		await run(page, 'Promise.all([chat.connect(), first.chat.connect()]).then(() => Promise.all([room.open(), first.room.open()]))');
		await page.evaluate((text) => {
			// @ts-ignore
			window.room.send(text);
		}, hostile);
		await until(page, 'first.room.messages.length === 1');
		assert.equal(await page.textContent('#last'), hostile);
		assert.equal(await page.title(), 'A page');
		assert.equal(await run(page, 'first.room.peer.name'), hostile);
		await page.close();
	});

	test('nothing was complained about, by pages with the strictest policy', () => {
		assert.deepEqual(browser.complaints, []);
	});
});
