// Pages in a real browser, and the server that they come from.

import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import { freePort } from '../../tests/stack/ports.js';

export const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
export const hasBrowser = existsSync(CHROMIUM);

const TIMEOUT = 30000;
const TYPES = /** @type {Record<string, string>} */ ({ '.js': 'text/javascript', '.html': 'text/html; charset=utf-8' });

/**
 * Serves a folder, and pages that only a test knows.
 * @param {string} folder
 * @param {Record<string, string>} [pages] by path
 */
export async function serve(folder, pages = {}) {
	const server = createServer((request, response) => {
		const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
		const file = join(folder, path);
		const known = Object.hasOwn(pages, path);
		if (!known && !existsSync(file)) {
			response.writeHead(404).end();
			return;
		}
		// A page with the strictest rules that a module can live with: no worker, nothing inline.
		response.writeHead(200, {
			'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
			'content-security-policy': "default-src 'none'; script-src 'self' 'nonce-map'; connect-src ws: http:; require-trusted-types-for 'script'",
		});
		response.end(known ? pages[path] : readFileSync(file));
	});
	const port = await freePort();
	await new Promise((resolve) => {
		server.listen(port, '127.0.0.1', () => resolve(undefined));
	});
	return {
		origin: `http://127.0.0.1:${port}`,
		close: () => new Promise((resolve) => {
			server.closeAllConnections();
			server.close(resolve);
		}),
	};
}

export async function openBrowser() {
	// Its sandbox does not work for root, nor in most containers; only our own pages are shown.
	const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'], timeout: TIMEOUT });
	const context = await browser.newContext();
	context.setDefaultTimeout(TIMEOUT);
	/** @type {string[]} */
	const complaints = [];
	return {
		context,
		complaints,
		/** @param {string} address */
		async page(address) {
			const page = await context.newPage();
			page.on('pageerror', (error) => complaints.push(error.message));
			page.on('console', (message) => {
				// That a server is away, the browser says by itself.
				if (message.type() === 'error' && !/ERR_CONNECTION|WebSocket/.test(message.text())) {
					complaints.push(message.text());
				}
			});
			await page.goto(address);
			return page;
		},
		close: () => browser.close(),
	};
}
