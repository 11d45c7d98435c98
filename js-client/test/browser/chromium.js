// Debian's Chromium, and pages that tell what went wrong in them.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { SLOW } from '../../../tests/stack/wait.js';

export const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
/** Why tests in a browser are skipped; false: they are not. */
export const noBrowser = existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}`;

const TIMEOUT = 30000 * SLOW;
const FLAGS = ['--headless', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];

/**
 * @typedef {object} Window
 * @property {import('playwright-core').Page} page
 * @property {string[]} complaints errors that nothing caught, what the console got, and what the page's policy forbade
 */

export async function startBrowser() {
	const browser = await chromium.launch({
		executablePath: CHROMIUM,
		// Its own sandbox does not work for root.
		args: process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS,
		timeout: TIMEOUT,
	});
	return {
		/**
		 * A browser of somebody's own: nothing is shared with others. Its windows share what windows do.
		 * @param {import('playwright-core').BrowserContextOptions} [options]
		 */
		async visitor(options = {}) {
			const context = await browser.newContext({ viewport: { width: 900, height: 700 }, locale: 'en-GB', ...options });
			context.setDefaultTimeout(TIMEOUT);
			return {
				context,
				/** @returns {Promise<Window>} */
				async window() {
					const page = await context.newPage();
					/** @type {string[]} */
					const complaints = [];
					page.on('pageerror', (error) => complaints.push(String(error.stack)));
					page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
					return { page, complaints };
				},
			};
		},
		close: () => browser.close(),
	};
}

/** @typedef {Awaited<ReturnType<typeof startBrowser>>} Browser */
