// Windows of a real browser in which people use the demo: for its test and for the README's picture.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
export const hasBrowser = existsSync(CHROMIUM);

const TIMEOUT = 20000;

/**
 * @param {object} [options] Playwright's, for each window
 */
export async function openBrowser(options = {}) {
	// Its sandbox does not work for root, nor in most containers; only our own page is shown.
	const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'], timeout: TIMEOUT });
	// One context: the windows of one browser, which share all that such windows share.
	const context = await browser.newContext(options);
	context.setDefaultTimeout(TIMEOUT);
	return {
		context,
		/**
		 * A window in which somebody has logged in and opened the chat with somebody.
		 * @param {string} address
		 * @param {string} name
		 * @param {string | null} [peer]
		 */
		async login(address, name, peer = null) {
			const page = await context.newPage();
			/** @type {string[]} */
			const complaints = [];
			page.on('pageerror', (error) => complaints.push(error.message));
			page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
			await page.goto(address);
			await page.getByRole('button', { name, exact: true }).click();
			await page.getByText('online', { exact: true }).waitFor();
			if (peer) {
				await page.getByRole('button', { name: peer }).click();
			}
			return { page, complaints };
		},
		close: () => browser.close(),
	};
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} text
 */
export async function write(page, text) {
	await page.getByLabel('Message', { exact: true }).fill(text);
	await page.keyboard.press('Enter');
}
