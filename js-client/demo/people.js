// People who use the demo in a real browser: for its test and for the README's pictures.

import { view } from '../test/browser/scene.js';

/**
 * A window in which somebody has logged in.
 * @param {Awaited<ReturnType<import('../test/browser/chromium.js').Browser['visitor']>>} visitor
 * @param {string} address
 * @param {string} name
 */
export async function logIn(visitor, address, name) {
	const { page, complaints } = await visitor.window();
	await page.goto(address);
	await page.getByRole('button', { name }).click();
	await page.locator('mosquitto-chat[state="online"]').waitFor({ state: 'attached' });
	return { ...view(page), complaints };
}
