// The demo from its start to Ctrl-C and back, with two people in one browser.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../../tests/stack/folder.js';
import { until, within } from '../../tests/stack/wait.js';
import { hasBrowser, openBrowser, write } from './browser.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const TIMEOUT = 120000;

const folder = scratchFolder('demo');
const read = (/** @type {string} */ name) => readFileSync(join(folder, name), 'utf8').trim();

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
after(() => running.forEach((it) => it.kill('SIGTERM')));

/** @returns {{ output: () => string, end: (signal: NodeJS.Signals) => Promise<void>, ended: Promise<number | string | null> }} */
function runDemo() {
	const child = spawn(process.execPath, [MAIN, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
	running.add(child);
	let output = '';
	child.stdout.on('data', (chunk) => { output += chunk; });
	child.stderr.on('data', (chunk) => { output += chunk; });
	/** @type {Promise<number | string | null>} */
	const ended = new Promise((resolve) => {
		child.once('close', (code, signal) => {
			running.delete(child);
			resolve(code ?? signal);
		});
	});
	return {
		output: () => output,
		ended,
		async end(signal) {
			child.kill(signal);
			const exit = await within('the demo to end', ended, 30000);
			assert.equal(exit, signal === 'SIGHUP' ? signal : 0, output);
			assert.match(output, /\nEnded\./);
		},
	};
}

/** @returns {Promise<ReturnType<typeof runDemo> & { address: string, servers: number[] }>} */
async function startDemo() {
	const demo = runDemo();
	const address = await until('the demo to print its address', () => {
		assert.ok(running.size > 0, demo.output());
		return /demo: +(http:\S+)/.exec(demo.output())?.[1] ?? '';
	}, { timeout: 60000 });
	const servers = [read('broker.pid'), read('postgres/data/postmaster.pid').split('\n')[0]].map(Number);
	return { ...demo, address, servers };
}

/**
 * @param {string} address
 * @param {string} id
 * @returns {Promise<{ Authorization: string }>}
 */
async function login(address, id) {
	const response = await fetch(`${address}login`, { method: 'POST', body: JSON.stringify({ id }) });
	const { session } = await response.json();
	return { Authorization: `Bearer ${session}` };
}

test('demo_shows_a_token_to_its_user_and_the_secret_to_nobody', { timeout: TIMEOUT }, async () => {
	const demo = await startDemo();
	const secret = read('chat.secret');
	assert.equal(secret.length, 64);

	assert.equal((await fetch(`${demo.address}chat/token`)).status, 401);
	const forged = { Authorization: `Bearer 1.${'A'.repeat(43)}` };
	assert.equal((await fetch(`${demo.address}chat/token`, { headers: forged })).status, 401);

	const headers = await login(demo.address, '1');
	const { token } = await (await fetch(`${demo.address}chat/token`, { headers })).json();
	const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
	assert.equal(claims.sub, '1');
	for (const path of ['', 'page.js', 'chat.js', 'room.js', 'mqtt.js', 'style.css', 'users', 'me', 'chat/token']) {
		const response = await fetch(demo.address + path, { headers });
		assert.equal(response.status, 200, path);
		assert.ok(!(await response.text()).includes(secret), path);
	}
	for (const path of ['host.js', 'chat.secret', '..%2fchat.secret', '__proto__']) {
		assert.equal((await fetch(demo.address + path, { headers })).status, 404, path);
	}
	await demo.end('SIGTERM');
});

test('demo_ends_what_it_started_whichever_way_it_is_told', { timeout: TIMEOUT }, async () => {
	for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGHUP'])) {
		const { address, servers, end } = await startDemo();
		servers.forEach((pid) => assert.ok(existsSync(`/proc/${pid}`)));
		await end(signal);
		servers.forEach((pid) => assert.ok(!existsSync(`/proc/${pid}`), `process ${pid} is still there after ${signal}`));
		await assert.rejects(fetch(address));
	}
});

test('demo_runs_once_in_a_folder', { timeout: TIMEOUT }, async () => {
	const first = await startDemo();
	const second = runDemo();
	assert.equal(await within('the second demo to end', second.ended), 1);
	assert.match(second.output(), /runs already/);
	assert.ok(second.output().includes(first.address));
	assert.equal((await fetch(first.address)).status, 200);
	await first.end('SIGINT');
});

test('two_people_chat_in_two_windows_and_find_it_all_again', { timeout: TIMEOUT, skip: !hasBrowser && 'no chromium' }, async () => {
	const hostile = '<img src=x onerror="document.title=\'broken\'"> & "so" \u202e on';
	let demo = await startDemo();
	const browser = await openBrowser();
	try {
		const ann = await browser.login(demo.address, 'Ann', 'Ben');
		const ben = await browser.login(demo.address, 'Ben');
		await ann.page.getByText('Ben is not in this chat now').waitFor();

		// Unread, while the chat is not open; read and its ticks, once it is.
		await write(ann.page, 'Hello Ben');
		await ann.page.getByLabel('Stored').waitFor();
		await ben.page.getByLabel('1 unread').waitFor();
		await ben.page.getByRole('button', { name: 'Ann' }).click();
		await ben.page.getByText('Hello Ben').waitFor();
		await ann.page.getByLabel('Read', { exact: true }).waitFor();
		await ann.page.getByText('Ben is here').waitFor();
		await ben.page.getByLabel('1 unread').waitFor({ state: 'detached' });

		await ben.page.getByLabel('Message', { exact: true }).pressSequentially('He');
		await ann.page.getByText('Ben is typing…').waitFor();
		await write(ben.page, hostile);
		await ann.page.getByText(hostile).waitFor();
		await ann.page.getByText('Ben is typing…').waitFor({ state: 'hidden' });
		assert.equal(await ann.page.locator('#messages img').count(), 0);

		// More than one page of history.
		for (let i = 1; i <= 60; i++) {
			await write(ann.page, `Message number ${i}`);
		}
		await ben.page.getByText('Message number 60', { exact: true }).waitFor();
		await ben.page.reload();
		await ben.page.getByText('Message number 60', { exact: true }).waitFor();
		await ben.page.getByText('Hello Ben').waitFor({ state: 'detached' });
		await ben.page.getByRole('button', { name: 'Older messages' }).click();
		await ben.page.getByText('Hello Ben').waitFor({ state: 'attached' });
		assert.equal(await ben.page.locator('.message').count(), 62);

		// What is written while all is down goes out when it is back.
		await demo.end('SIGINT');
		await ann.page.getByText('offline', { exact: true }).waitFor();
		await write(ann.page, 'Written in the dark');
		await ann.page.getByText('Sending…').waitFor();
		const port = new URL(demo.address).port;
		demo = await startDemo();
		assert.equal(new URL(demo.address).port, port, 'the demo is where it was');
		await ben.page.getByText('Written in the dark').waitFor({ timeout: 40000 });
		assert.equal(await ben.page.getByText('Written in the dark').count(), 1);

		const connection = /ERR_CONNECTION_REFUSED|WebSocket connection/;
		for (const { complaints } of [ann, ben]) {
			assert.deepEqual(complaints.filter((it) => !connection.test(it)), []);
		}
	} finally {
		await browser.close();
		await demo.end('SIGINT');
	}
});
