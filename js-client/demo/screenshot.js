// Makes conversation.png, the README's picture: a conversation in two windows, taken from the running
// demo.  node js-client/demo/screenshot.js [<file>]

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../../tests/stack/folder.js';
import { pause, until } from '../../tests/stack/wait.js';
import { openBrowser, write } from './browser.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const FILE = process.argv[2] ?? fileURLToPath(new URL('conversation.png', import.meta.url));
const WINDOW = { width: 620, height: 620 };
/** Long enough for what has been written to reach the other window, and to be read there. */
const A_MOMENT = 400;

const TALK = /** @type {const} */ ([
	['Ann', 'Hi Ben, did the parcel arrive?'],
	['Ben', 'It did, this morning. Thank you!'],
	['Ben', 'The lamp is even nicer than in the picture.'],
	['Ann', 'Wonderful. Shall I send you the second one as well?'],
	['Ben', 'Please do. No hurry.'],
	['Ann', 'Then it goes out on Monday.'],
]);

/** @param {import('node:child_process').ChildProcess} demo */
async function addressOf(demo) {
	let output = '';
	demo.stdout?.on('data', (chunk) => { output += chunk; });
	return until('the demo to print its address', () => {
		if (demo.exitCode !== null) {
			throw new Error(output);
		}
		return /demo: +(http:\S+)/.exec(output)?.[1] ?? '';
	}, { timeout: 60000 });
}

/**
 * Two pictures beside each other, each in a frame.
 * @param {import('playwright-core').Page} page
 * @param {Buffer[]} pictures
 */
async function combine(page, pictures) {
	await page.setViewportSize({ width: 2 * WINDOW.width + 72, height: WINDOW.height + 48 });
	const images = pictures.map((it) => `<img src="data:image/png;base64,${it.toString('base64')}">`);
	await page.setContent(`<style>
		body { margin: 0; padding: 24px; display: flex; gap: 24px; background: #c9d3dc; }
		img { width: ${WINDOW.width}px; border-radius: 10px; box-shadow: 0 2px 10px rgb(0 0 0 / 30%); }
	</style>${images.join('')}`);
	await page.screenshot({ path: FILE });
}

const demo = spawn(process.execPath, [MAIN, scratchFolder('picture')], { stdio: ['ignore', 'pipe', 'inherit'] });
const ended = new Promise((resolve) => {
	demo.once('close', resolve);
});
try {
	const address = await addressOf(demo);
	const browser = await openBrowser({ viewport: WINDOW, colorScheme: 'light', locale: 'en-GB' });
	const { page: ann } = await browser.login(address, 'Ann', 'Ben');
	const { page: ben } = await browser.login(address, 'Ben', 'Ann');
	const { page: cleo } = await browser.login(address, 'Cleo', 'Ann');
	for (const text of ['Hi Ann!', 'Lunch on Thursday?']) {
		await write(cleo, text);
	}
	for (const [name, text] of TALK) {
		const page = name === 'Ann' ? ann : ben;
		await page.bringToFront();
		await write(page, text);
		await pause(A_MOMENT);
	}
	await ben.bringToFront();
	await ben.getByLabel('Message', { exact: true }).pressSequentially('Great, I');
	await pause(A_MOMENT);
	const pictures = [await ann.screenshot(), await ben.screenshot()];
	await cleo.goto('about:blank');
	await combine(cleo, pictures);
	await browser.close();
} finally {
	demo.kill('SIGTERM');
	await ended;
}
