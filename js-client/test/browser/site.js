// A web server for the tests' pages: what a host application serves, and nothing else.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../tests/stack/ports.js';
import { bundleMqtt } from '../../build.js';

const SOURCES = new URL('../../src/', import.meta.url);

const IMPORT_MAP = '{"imports":{"#mqtt":"/mqtt.js"}}';
const NONCE = 'for-the-import-map';
/** As strict as a page can be: no script but the site's own, and nobody makes HTML of a text. */
const POLICY = `default-src 'self'; script-src 'self' 'nonce-${NONCE}'; style-src 'self'; connect-src 'self' ws:; `
	+ 'require-trusted-types-for \'script\'; trusted-types \'none\'; base-uri \'none\'; img-src \'self\' data:';
/** One pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const STYLE = 'body{margin:0;height:100vh;display:flex}mosquitto-chat{flex:1;height:auto}mosquitto-chat-inbox{width:16rem}mosquitto-chat-app{flex:1;height:auto}';

/** @param {string} text */
export function escaped(text) {
	return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/**
 * @param {{ head?: string, body: string, attributes?: string }} page
 */
function documentOf({ head = '', body, attributes = 'lang="en-GB"' }) {
	return `<!doctype html><html ${attributes}><head><meta charset="utf-8"><title>A page</title>
		<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
		<link rel="stylesheet" href="/style.css"><script type="importmap" nonce="${NONCE}">${IMPORT_MAP}</script>
		<script type="module" src="/chat/element/index.js"></script>${head}</head><body>${body}</body></html>`;
}

export async function startSite() {
	const mqtt = await bundleMqtt();
	/** @type {Map<string, () => { status?: number, type?: string, text: string | Buffer }>} */
	const pages = new Map();

	/** @param {string} path */
	async function find(path) {
		if (path === '/mqtt.js') {
			return { type: 'text/javascript', text: mqtt };
		}
		const [, name] = /^\/chat\/((?:[\w-]+\/)*[\w-]+\.js)$/.exec(path) ?? [];
		if (name) {
			return { type: 'text/javascript', text: await readFile(fileURLToPath(new URL(name, SOURCES)), 'utf8') };
		}
		if (path === '/picture.png') {
			return { type: 'image/png', text: PIXEL };
		}
		return path === '/style.css' ? { type: 'text/css', text: STYLE } : pages.get(path)?.() ?? null;
	}

	const server = createServer(async (request, response) => {
		const found = await find(request.url ?? '').catch(() => null);
		response.writeHead(found ? found.status ?? 200 : 404, {
			'Content-Type': `${found?.type ?? 'text/html'}; charset=utf-8`,
			'Content-Security-Policy': POLICY,
			'Cache-Control': 'no-store',
		}).end(found?.text ?? '');
	});
	const port = await freePort();
	await new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', () => resolve(undefined));
	});
	const address = `http://127.0.0.1:${port}`;

	return {
		/**
		 * @param {Parameters<typeof documentOf>[0]} page
		 * @returns {string} its address
		 */
		page(page) {
			const path = `/page/${pages.size + 1}`;
			pages.set(path, () => ({ text: documentOf(page) }));
			return address + path;
		},
		/**
		 * @param {() => { status?: number, type?: string, text: string }} answer
		 * @returns {string} its path
		 */
		answer(answer) {
			const path = `/answer/${pages.size + 1}`;
			pages.set(path, answer);
			return path;
		},
		close() {
			server.close();
			server.closeAllConnections();
		},
	};
}
