// The demo from its start to Ctrl-C and back, with two people in one browser.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { scratchFolder } from '../../tests/stack/folder.js';
import { until, within } from '../../tests/stack/wait.js';
import { noBrowser, startBrowser } from '../test/browser/chromium.js';
import { CONNECTION } from '../test/browser/scene.js';
import { openDatabase } from './database.js';
import { logIn } from './people.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const TIMEOUT = 400000;

const folder = scratchFolder('demo');
const read = (/** @type {string} */ name) => readFileSync(join(folder, name), 'utf8').trim();

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
after(() => running.forEach((it) => it.kill('SIGTERM')));

/** @returns {{ output: () => string, end: (signal: NodeJS.Signals) => Promise<void>, ended: Promise<number | string | null> }} */
function runDemo(/** @type {string[]} */ ...args) {
	const child = spawn(process.execPath, [MAIN, ...args, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
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
			const exit = await within('the demo to end', ended, 60000);
			assert.equal(exit, signal === 'SIGHUP' ? signal : 0, output);
			assert.match(output, /\nEnded\./);
		},
	};
}

/** @returns {Promise<ReturnType<typeof runDemo> & { address: string, servers: number[] }>} */
async function startDemo(/** @type {string[]} */ ...args) {
	const demo = runDemo(...args);
	const address = await until('the demo to print its address', () => {
		assert.ok(running.size > 0, demo.output());
		return /demo: +(http:\S+)/.exec(demo.output())?.[1] ?? '';
	}, { timeout: 120000 });
	const pids = readdirSync(folder).filter((it) => it.endsWith('.pid'));
	const servers = [...pids, 'postgres/data/postmaster.pid'].map((it) => Number(read(it).split('\n')[0]));
	return { ...demo, address, servers };
}

/**
 * @param {string} address
 * @param {string} id
 * @returns {Promise<{ home: string, cookie: string }>}
 */
async function login(address, id) {
	const response = await fetch(`${address}login`, { method: 'POST', body: new URLSearchParams({ id }), redirect: 'manual' });
	assert.equal(response.status, 303);
	return {
		home: new URL(response.headers.get('location') ?? '', address).href,
		cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '',
	};
}

/** Where the demo's database is. */
function whereabouts() {
	return { host: '127.0.0.1', port: Number(JSON.parse(read('ports')).postgres), database: 'chat' };
}

/** The application's own database, as the application has it. */
function openOwn() {
	return openDatabase({ ...whereabouts(), user: 'windfall', password: read('windfall.password') });
}

test('demo_shows_a_token_to_its_user_and_the_secret_to_nobody', { timeout: TIMEOUT }, async () => {
	const demo = await startDemo();
	const secret = read('chat.secret');
	assert.equal(secret.length, 64);

	assert.equal((await fetch(`${demo.address}chat/token`)).status, 401);
	const forged = { cookie: `session=1.${'A'.repeat(43)}` };
	assert.equal((await fetch(`${demo.address}chat/token`, { headers: forged })).status, 401);

	const { home, cookie } = await login(demo.address, '1');
	const headers = { cookie };
	const token = await (await fetch(`${home}chat/token`, { headers })).text();
	const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
	assert.equal(claims.sub, '1');
	const files = ['', 'chat/token', 'market.css', 'market.js', 'pictures.svg', 'chat/element/index.js', 'chat/mqtt.js'];
	for (const url of [demo.address, ...files.map((it) => home + it)]) {
		const response = await fetch(url, { headers });
		assert.equal(response.status, 200, url);
		assert.ok(!(await response.text()).includes(secret), url);
	}
	const others = ['application.js', 'chat.js', 'chat.secret', 'page/chat.html', 'chat/..%2fdemo%2fchat.js', '..%2fchat.secret', '__proto__'];
	for (const path of others) {
		assert.equal((await fetch(demo.address + path, { headers })).status, 404, path);
	}
	// A session is good for the pages of its own user only.
	const elsewhere = await fetch(`${demo.address}as/ben/`, { headers, redirect: 'manual' });
	assert.equal(elsewhere.status, 303);
	await fetch(`${home}logout`, { method: 'POST', headers, redirect: 'manual' });
	assert.equal((await fetch(home, { redirect: 'manual' })).headers.get('location'), '/');
	await demo.end('SIGTERM');
});

test('files_that_people_send_are_shown_or_saved_and_never_a_page_of_the_site', { timeout: TIMEOUT }, async () => {
	const demo = await startDemo();
	const { home, cookie } = await login(demo.address, '1');
	const send = (/** @type {string} */ type, /** @type {string | Buffer} */ body, headers = /** @type {Record<string, string>} */ ({ cookie })) =>
		fetch(`${home}files`, { method: 'POST', headers: { ...headers, 'Content-Type': type }, body: new Uint8Array(Buffer.from(body)) });
	assert.equal((await send('image/png', 'x', {})).status, 401);
	assert.equal((await send('image/png', Buffer.alloc(6 * 1024 * 1024))).status, 413);
	for (const [sent, type, disposition] of [['image/png', 'image/png', 'inline'], ['text/html', 'application/octet-stream', 'attachment'], ['image/svg+xml', 'application/octet-stream', 'attachment']]) {
		const { url } = await (await send(sent, '<script>1</script>')).json();
		const { headers } = await fetch(new URL(url, demo.address));
		assert.deepEqual([headers.get('content-type'), headers.get('content-disposition'), headers.get('x-content-type-options')], [type, disposition, 'nosniff']);
		assert.match(headers.get('content-security-policy') ?? '', /sandbox/);
	}
	await demo.end('SIGINT');
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

test('two_people_chat_in_two_windows_and_find_it_all_again', { timeout: TIMEOUT, skip: noBrowser }, async () => {
	let demo = await startDemo();
	const browser = await startBrowser();
	try {
		// Two windows of one browser, which share its cookies.
		const visitor = await browser.visitor({ viewport: { width: 1280, height: 800 } });
		const ann = await logIn(visitor, demo.address, 'Ann');
		const ben = await logIn(visitor, demo.address, 'Ben');
		await ann.page.getByRole('button', { name: 'Ask Ben' }).click();
		await ann.page.getByText('Not here now').waitFor();
		await ann.write('Is the lamp still there?');
		await ann.until('Is the lamp still there?', 'Sent');

		// Unread, while the conversation is not open; read and its ticks, once it is.
		await ben.inbox.getByText('1 unread message').waitFor({ state: 'attached' });
		await ben.page.waitForFunction(() => document.title === '(1) Windfall');
		await ben.inbox.getByRole('button', { name: 'Ann' }).click();
		await ben.message('Is the lamp still there?').waitFor();
		await ann.until('Is the lamp still there?', 'Read');
		await ann.page.getByText('In this chat').waitFor();
		await ben.page.waitForFunction(() => document.title === 'Windfall');

		await ben.page.reload();
		await ben.message('Is the lamp still there?').waitFor();
		await ben.write('It is');
		await ann.message('It is').waitFor();
		await ann.page.evaluate(async () => {
			const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 200 });
			canvas.getContext('2d')?.fillRect(0, 0, 400, 200);
			const blob = await new Promise((resolve) => canvas.toBlob(resolve));
			const dataTransfer = new DataTransfer();
			dataTransfer.items.add(new File([/** @type {Blob} */ (blob)], 'lamp.png', { type: 'image/png' }));
			const app = document.querySelector('mosquitto-chat-app')?.shadowRoot?.querySelector('mosquitto-chat');
			app?.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
		});
		await ann.page.locator('.uploads').getByText('lamp.png', { exact: true }).waitFor();
		await ann.write('This one');
		const picture = ben.message('This one').getByRole('img', { name: 'lamp.png' });
		await until('the picture to be loaded', () => picture.evaluate((it) => /** @type {HTMLImageElement} */ (it).naturalWidth === 400));

		// What is written while all is down goes out when it is back.
		await demo.end('SIGINT');
		await ann.page.getByText('No connection.').waitFor();
		await ann.write('Written in the dark');
		await ann.until('Written in the dark', 'Sending');
		const { port } = new URL(demo.address);
		demo = await startDemo();
		assert.equal(new URL(demo.address).port, port, 'the demo is where it was');
		await ben.message('Written in the dark').waitFor({ timeout: 60000 });
		assert.deepEqual(await ben.texts(), ['Is the lamp still there?', 'It is', 'This one', 'Written in the dark']);

		for (const { complaints } of [ann, ben]) {
			assert.deepEqual(complaints.filter((it) => !CONNECTION.test(it)), []);
		}
	} finally {
		await browser.close();
		await demo.end('SIGINT');
	}
});

test('the_application_posts_counts_mails_and_blocks_in_its_own_transactions', { timeout: TIMEOUT, skip: noBrowser }, async () => {
	const demo = await startDemo();
	const browser = await startBrowser();
	const database = await openOwn();
	try {
		const visitor = await browser.visitor({ viewport: { width: 1280, height: 800 } });
		const dario = await logIn(visitor, demo.address, 'Dario');
		const cleo = await logIn(visitor, demo.address, 'Cleo');
		const { page } = dario;

		await page.getByRole('button', { name: 'Take: Ladder, 3 metres' }).click();
		const [order] = await database.query('select id, by_id, offer from windfall.orders');
		assert.deepEqual([order.by_id, order.offer], ['4', 'Ladder, 3 metres']);
		const text = `Order ${order.id}: Ladder, 3 metres, for Dario. Let us find a time here.`;
		await dario.message(text).waitFor();
		await cleo.inbox.getByRole('button', { name: 'Dario' }).click();
		await cleo.message(text).waitFor();

		// Nobody looks at the chat on this page; its badge is the database's.
		await page.getByRole('link', { name: 'Neighbours' }).click();
		const market = page.getByRole('link', { name: 'Market' });
		assert.equal(await market.innerText(), 'Market');
		await cleo.write('On Saturday?');
		await cleo.until('On Saturday?', 'Sent');
		await until('the badge to show one message', async () => {
			await page.reload();
			return await market.innerText() === 'Market 1';
		});

		const mails = page.getByRole('listitem').filter({ hasText: '1 unread message from Cleo' });
		await page.getByRole('link', { name: 'E-mails' }).click();
		await until('the e-mail about it', async () => {
			await page.reload();
			return await mails.count() > 0;
		});
		assert.equal(await mails.count(), 1);
		await mails.getByText('On Saturday?').waitFor();

		await page.getByRole('link', { name: 'Neighbours' }).click();
		await page.getByRole('button', { name: 'Block Cleo' }).click();
		await page.getByText('Orchard Street 27 · blocked').waitFor();
		await assert.rejects(database.query('select from chat.conversations'), /permission denied/, 'it may call functions, and nothing else');
		await until('Cleo to be told that she cannot write', () => cleo.input.isDisabled());
		await page.getByRole('button', { name: 'Unblock Cleo' }).click();
		await page.getByRole('button', { name: 'Block Cleo', exact: true }).waitFor();
		await until('Cleo to be told that she can', () => cleo.input.isEnabled());

		// It is one list: what is done here, the chat's menu knows; and what is done there, this page.
		await page.getByRole('button', { name: 'Block Cleo', exact: true }).click();
		await page.getByRole('button', { name: 'Unblock Cleo' }).waitFor();
		await market.click();
		await dario.inbox.getByRole('button', { name: 'Cleo' }).click();
		await page.getByText('You have blocked Cleo.').waitFor();
		await page.getByRole('button', { name: 'Unblock' }).click();
		const blocks = () => database.query('select blocker, blocked from windfall.blocks');
		await until('the application to know that she is blocked no more', async () => (await blocks()).length === 0);
		await page.getByRole('link', { name: 'Neighbours' }).click();
		await page.getByRole('button', { name: 'Block Cleo', exact: true }).waitFor();

		await cleo.page.getByRole('button', { name: 'What to do with this conversation' }).click();
		await cleo.page.getByRole('menuitem', { name: 'Block' }).click();
		await cleo.page.getByText('You have blocked Dario.').waitFor();
		await until('the application to know', async () => (await blocks()).length === 1);
		assert.deepEqual(await blocks(), [{ blocker: '3', blocked: '4' }]);
		const { page: neighbours } = await visitor.window();
		await neighbours.goto(`${demo.address}as/cleo/neighbours`);
		await neighbours.getByRole('button', { name: 'Unblock Dario' }).click();
		await until('Cleo to be able to write', () => cleo.input.isEnabled());

		// What the chat tells of is noted: nobody is blocked for it once more, who may be blocked no longer by then.
		const { home, cookie } = await login(demo.address, '3');
		const body = new URLSearchParams({ id: '1', on: 'true' });
		assert.equal((await fetch(`${home}blocked`, { method: 'POST', headers: { cookie }, body })).status, 204);
		assert.ok((await blocks()).some(({ blocker, blocked }) => blocker === '3' && blocked === '1'));
		assert.deepEqual(await database.query("select it from chat.export('3') it where it ->> 'blocked' = 'true'"), []);
		await cleo.write('Friends again');
		await cleo.until('Friends again', 'Sent');

		// What has been told is not told again.
		/** @type {string[]} */
		let texts = [];
		await until('the e-mail about the next message', async () => {
			const rows = await database.query("select text from windfall.mails where to_id = '4' order by id");
			texts = rows.map((row) => row.text);
			return texts.length > 1;
		});
		assert.deepEqual(texts, ['On Saturday?', 'Friends again']);
		assert.deepEqual([...dario.complaints, ...cleo.complaints], []);
	} finally {
		await database.close();
		await browser.close();
		await demo.end('SIGINT');
	}
});

test('an_order_that_cannot_be_said_is_not_placed', { timeout: TIMEOUT }, async () => {
	const demo = await startDemo();
	const database = await openOwn();
	const owner = new pg.Client({ ...whereabouts(), user: 'postgres', password: read('postgres/postgres.pass').split(':')[4] });
	await owner.connect();
	try {
		const { home, cookie } = await login(demo.address, '1');
		const order = (/** @type {string} */ offer) => fetch(`${home}order`, {
			method: 'POST', headers: { cookie }, body: new URLSearchParams({ offer }), redirect: 'manual',
		});
		const count = async () => Number((await database.query('select count(*) from windfall.orders'))[0].count);
		const before = await count();
		assert.equal((await order('a palace')).status, 400);
		assert.equal((await order('pear')).status, 400, 'her own');
		assert.equal((await fetch(`${home}block`, { method: 'POST', headers: { cookie }, body: new URLSearchParams({ id: '77' }) })).status, 400);
		assert.equal((await fetch(`${demo.address}neighbours`, { redirect: 'manual' })).status, 303, 'nobody is logged in');

		const post = 'execute on function chat.post(text, text, text, text, jsonb)';
		await owner.query(`revoke ${post} from chat_app`);
		assert.equal((await order('tent')).status, 503);
		assert.equal(await count(), before);
		await owner.query(`grant ${post} to chat_app`);
		assert.equal((await order('tent')).status, 303);
		assert.equal(await count(), before + 1);
	} finally {
		await owner.end();
		await database.close();
		await demo.end('SIGINT');
	}
});

test('a_phone_shows_one_thing_at_a_time', { timeout: TIMEOUT, skip: noBrowser }, async () => {
	const demo = await startDemo();
	const browser = await startBrowser();
	try {
		const visitor = await browser.visitor({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });
		const cleo = await logIn(visitor, demo.address, 'Cleo');
		const { page } = cleo;
		await cleo.inbox.getByRole('button', { name: 'Dario' }).tap();
		await cleo.input.fill('Hello');
		await cleo.send.tap();
		await cleo.until('Hello', 'Sent');
		assert.ok(await cleo.inbox.isHidden());
		await page.getByRole('button', { name: 'Back to the conversations' }).tap();
		await cleo.inbox.getByText('You: Hello').waitFor();
		assert.ok(await cleo.input.isHidden());
		await page.getByRole('button', { name: 'Ask Dario' }).tap();
		await cleo.message('Hello').waitFor();
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
	} finally {
		await browser.close();
		await demo.end('SIGINT');
	}
});

test('with_several_brokers_one_is_killed_and_people_chat_on', { timeout: TIMEOUT, skip: noBrowser }, async () => {
	const demo = await startDemo('--brokers', '3');
	assert.equal(demo.servers.length, 5, 'three brokers, haproxy and PostgreSQL');
	const browser = await startBrowser();
	try {
		const visitor = await browser.visitor({ viewport: { width: 1280, height: 800 } });
		const ann = await logIn(visitor, demo.address, 'Ann');
		const ben = await logIn(visitor, demo.address, 'Ben');
		const { page: operator } = await visitor.window();
		await operator.goto(`${demo.address}brokers`);
		await operator.getByText(/: .*Ann/).waitFor();
		await operator.getByText(/: .*Ben/).waitFor();
		await ann.inbox.getByRole('button', { name: 'Ben' }).click();
		await ben.inbox.getByRole('button', { name: 'Ann' }).click();
		await ann.write('Which broker are you on?');
		await ben.message('Which broker are you on?').waitFor();

		const row = operator.getByRole('listitem').filter({ hasText: 'Ben' });
		const name = await row.locator('strong').innerText().then((text) => text.split(':')[0]);
		await row.getByRole('button', { name: `Kill ${name}` }).click();
		await operator.getByText(`${name}: not running`).waitFor();
		await ann.write('And now?');
		await ben.message('And now?').waitFor({ timeout: 60000 });
		await ben.write('On another one');
		await ann.message('On another one').waitFor();
		await operator.getByRole('button', { name: `Start ${name}` }).click();
		await operator.getByText(new RegExp(`^${name}: (?!not running)`)).waitFor();
	} finally {
		await browser.close();
		await demo.end('SIGINT');
	}
	demo.servers.forEach((pid) => assert.ok(!existsSync(`/proc/${pid}`), `process ${pid} is still there`));
});
