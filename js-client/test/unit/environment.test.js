import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { absoluteUrl, pageEnvironment } from '../../src/environment.js';

const world = /** @type {any} */ (globalThis);

afterEach(() => {
	delete world.document;
	delete world.addEventListener;
	delete world.navigator;
});

test('without a page, somebody is always looking', () => {
	const { visible, onWake } = pageEnvironment();
	assert.equal(visible(), true);
	onWake(() => assert.fail('nothing wakes us'))();
});

test('a page wakes us when it is shown, comes back, or its network comes, goes or changes, until we stop listening', () => {
	const [page, window, network] = [new EventTarget(), new EventTarget(), new EventTarget()];
	Object.defineProperty(world, 'navigator', { value: { connection: network }, configurable: true });
	world.document = Object.assign(page, { visibilityState: 'visible' });
	world.addEventListener = window.addEventListener.bind(window);
	const { visible, onWake } = pageEnvironment();
	let woken = 0;
	const off = onWake(() => woken++);
	page.dispatchEvent(new Event('visibilitychange'));
	window.dispatchEvent(new Event('online'));
	window.dispatchEvent(new Event('pageshow'));
	page.dispatchEvent(new Event('resume'));
	window.dispatchEvent(new Event('offline'));
	network.dispatchEvent(new Event('change'));
	assert.equal(woken, 6);
	world.document.visibilityState = 'hidden';
	assert.equal(visible(), false);
	off();
	page.dispatchEvent(new Event('visibilitychange'));
	window.dispatchEvent(new Event('online'));
	assert.equal(woken, 6);
});

test('an address is as the page means it', () => {
	assert.equal(absoluteUrl('wss://x/mqtt'), 'wss://x/mqtt');
	assert.throws(() => absoluteUrl('/mqtt'), TypeError);
	world.document = { baseURI: 'https://app.example.com/chats/2' };
	assert.equal(absoluteUrl('/mqtt'), 'wss://app.example.com/mqtt');
	world.document = { baseURI: 'http://localhost:3000/' };
	assert.equal(absoluteUrl('mqtt'), 'ws://localhost:3000/mqtt');
	assert.equal(absoluteUrl('mqtts://x:8883'), 'mqtts://x:8883');
});
