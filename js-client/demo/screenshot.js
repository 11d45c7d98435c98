// Makes the README's pictures, from the running demo: node js-client/demo/screenshot.js
// (with a font that has emoji in colour, such as Debian's fonts-noto-color-emoji).
// conversation.png is a conversation on a desktop, phones.png one on two phones, by day and by night.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../../tests/stack/folder.js';
import { pause, until, within } from '../../tests/stack/wait.js';
import { startBrowser } from '../test/browser/chromium.js';
import { logIn } from './people.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const DESKTOP = { width: 1240, height: 752 };
const PHONE = { width: 360, height: 700 };
/** Long enough for what has been written to reach the other window, and to be read there. */
const A_MOMENT = 500;

const TALK = /** @type {const} */ ([
	['Ann', 'Hi Ben, is the brass lamp still there?'],
	['Ben', 'It is! It needs a new bulb, that is all.', 'picture'],
	['Ann', 'I have one that fits. May I come by this evening?'],
	['Ben', 'Any time after six.'],
	['Ann', 'Lovely. Shall I bring you some pears?'],
	['Ben', 'Yes, please.', 'reply'],
	['Ann', 'Then a whole basket it is. See you at seven.', 'reaction'],
]);

/**
 * A photograph of what Ben gives away, as far as we can draw. Runs in the page.
 * @param {string} text said with it
 */
async function sendPicture(text) {
	const drawing = new DOMParser().parseFromString(await (await fetch('/pictures.svg')).text(), 'image/svg+xml').querySelector('#lamp')?.innerHTML;
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="240" viewBox="-26 1 84 31.5" fill="none" stroke="#a9791b"
		stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"><rect x="-26" y="1" width="84" height="31.5" fill="#efe3c8" stroke="none"/>
		<rect x="-26" y="26" width="84" height="7" fill="#c9ad7f" stroke="none"/>${drawing}</svg>`;
	const image = Object.assign(new Image(), { src: `data:image/svg+xml,${encodeURIComponent(svg)}` });
	await image.decode();
	const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 240 });
	canvas.getContext('2d')?.drawImage(image, 0, 0);
	const blob = await new Promise((resolve) => canvas.toBlob(resolve));
	const app = /** @type {any} */ (document.querySelector('mosquitto-chat-app'));
	const attachment = await app.upload(new File([/** @type {Blob} */ (blob)], 'lamp.png', { type: 'image/png' }), { signal: new AbortController().signal, onProgress() {} });
	app.shadowRoot.querySelector('mosquitto-chat').send(text, { data: { attachments: [attachment] } });
}

/**
 * Answers the newest message of the other one's. Runs in the page.
 * @param {string} text
 */
function answer(text) {
	const { shadowRoot, chat, peer } = /** @type {any} */ (document.querySelector('mosquitto-chat-app'));
	const { seq } = chat.with(peer).messages.filter((/** @type {any} */ it) => !it.mine).pop();
	shadowRoot.querySelector('mosquitto-chat').send(text, { replyTo: seq });
}

/** What the newest message gets from the other one. Runs in the page. */
function react() {
	const { chat, peer } = /** @type {any} */ (document.querySelector('mosquitto-chat-app'));
	return chat.with(peer).react(chat.with(peer).messages.at(-1).seq, '❤️');
}

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

/** @param {string} name */
function fileOf(name) {
	return fileURLToPath(new URL(name, import.meta.url));
}

/**
 * Pictures beside each other, each in a frame.
 * @param {import('playwright-core').Page} page
 * @param {Buffer[]} pictures
 */
async function combine(page, pictures) {
	const gap = 32;
	await page.setViewportSize({ width: pictures.length * (PHONE.width + gap) + gap, height: PHONE.height + 2 * gap });
	const images = pictures.map((it) => `<img src="data:image/png;base64,${it.toString('base64')}">`);
	await page.setContent(`<style>
		body { margin: 0; padding: ${gap}px; display: flex; gap: ${gap}px; background: #d5d2c6; }
		img { width: ${PHONE.width}px; border-radius: 22px; box-shadow: 0 2px 14px rgb(0 0 0 / 25%); }
	</style>${images.join('')}`);
	return page.screenshot();
}

const demo = spawn(process.execPath, [MAIN, scratchFolder('picture')], { stdio: ['ignore', 'pipe', 'inherit'] });
const ended = new Promise((resolve) => {
	demo.once('close', resolve);
});
try {
	const address = await addressOf(demo);
	const browser = await startBrowser();
	const desktop = await browser.visitor({ viewport: DESKTOP, colorScheme: 'light' });
	const ann = await logIn(desktop, address, 'Ann');
	const ben = await logIn(desktop, address, 'Ben');
	const dario = await logIn(desktop, address, 'Dario');
	const cleo = await logIn(desktop, address, 'Cleo');
	await dario.inbox.getByRole('button', { name: 'Ann' }).click();
	await dario.write('The tent is yours for the weekend.');
	await dario.until('The tent is yours for the weekend.', 'Sent');
	await cleo.inbox.getByRole('button', { name: 'Ann' }).click();
	for (const text of ['Hi Ann!', 'Did you find the ladder?']) {
		await cleo.write(text);
		await cleo.until(text, 'Sent');
	}
	await ann.inbox.getByRole('button', { name: 'Ben' }).click();
	await ben.inbox.getByRole('button', { name: 'Ann' }).click();
	for (const [name, text, how] of TALK) {
		const [writer, reader] = name === 'Ann' ? [ann, ben] : [ben, ann];
		await (how === 'picture' ? writer.page.evaluate(sendPicture, text) : how === 'reply' ? writer.page.evaluate(answer, text) : writer.write(text));
		await reader.message(text).waitFor();
		await writer.until(text, 'Read');
		if (how === 'reaction') {
			await reader.page.evaluate(react);
			await writer.page.locator('.reaction').waitFor();
		}
	}
	await ben.input.pressSequentially('See you,');
	await ann.page.getByText('Ben is typing…').waitFor();
	await ann.page.mouse.move(0, 0);
	await ann.page.screenshot({ path: fileOf('conversation.png') });

	const pictures = [];
	for (const [who, peer, colorScheme] of /** @type {const} */ ([['Ann', 'Ben', 'light'], ['Ben', 'Ann', 'dark']])) {
		const phone = await browser.visitor({ viewport: PHONE, colorScheme, hasTouch: true, isMobile: true });
		const it = await logIn(phone, address, who);
		await it.inbox.getByRole('button', { name: peer }).tap();
		await it.message(TALK[TALK.length - 1][1]).waitFor();
		await pause(A_MOMENT);
		pictures.push(await it.page.screenshot());
	}
	const sheet = await browser.visitor();
	const { page } = await sheet.window();
	writeFileSync(fileOf('phones.png'), await combine(page, pictures));
	await browser.close();
} finally {
	demo.kill('SIGTERM');
	await within('the demo to end', ended, 30000);
}
