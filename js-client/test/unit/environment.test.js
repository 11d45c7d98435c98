import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { pageEnvironment } from '../../src/environment.js';

const world = /** @type {any} */ (globalThis);

afterEach(() => {
	delete world.document;
	delete world.addEventListener;
});

test('without a page, somebody is always looking', () => {
	const { visible, onWake } = pageEnvironment();
	assert.equal(visible(), true);
	onWake(() => assert.fail('nothing wakes us'))();
});

test('a page wakes us when it is shown, comes back or gets its network back, until we stop listening', () => {
	const [page, window] = [new EventTarget(), new EventTarget()];
	world.document = Object.assign(page, { visibilityState: 'visible' });
	world.addEventListener = window.addEventListener.bind(window);
	const { visible, onWake } = pageEnvironment();
	let woken = 0;
	const off = onWake(() => woken++);
	page.dispatchEvent(new Event('visibilitychange'));
	window.dispatchEvent(new Event('online'));
	window.dispatchEvent(new Event('pageshow'));
	assert.equal(woken, 3);
	world.document.visibilityState = 'hidden';
	assert.equal(visible(), false);
	off();
	page.dispatchEvent(new Event('visibilitychange'));
	window.dispatchEvent(new Event('online'));
	assert.equal(woken, 3);
});
