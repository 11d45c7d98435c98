// What the README says: the reference has what the types have, and the programs run.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildAll } from '../../build.js';
import * as client from '../../src/index.js';
import { hasBrowser, openBrowser, serve } from '../browser.js';
import { eventually, newIds, useStage } from '../stage.js';

const read = (/** @type {string} */ path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');

/** The first column of a chapter's table: the names, without what is called with them. */
function documented(/** @type {string} */ chapter) {
	const [, text = ''] = readme.split(`\n### ${chapter}\n`);
	const rows = text.split(/\n##/)[0].matchAll(/^\| `(\w+)/gm);
	return [...rows].map(([, name]) => name).sort();
}

/** The types that an application gets to see, with their members. */
function types() {
	const blocks = read('src/api.js').split('@typedef {object} ').slice(1);
	return blocks.map((block) => ({
		name: block.match(/^\w+/)?.[0] ?? '',
		// A type may have braces of its own; the name stands behind the last one that the type has.
		members: [...block.matchAll(/^ \* @property \{.*\} \[?(\w+)\]?/gm)].map(([, member]) => member).sort(),
	}));
}

describe('the reference', () => {
	test('has every name that is exported', () => {
		assert.deepEqual(documented('Exports'), Object.keys(client).sort());
	});

	for (const { name, members } of types()) {
		test(`has every member of ${name}`, () => {
			assert.ok(members.length > 0);
			assert.deepEqual(documented(name), members);
		});
	}

	test('has every type that is exported', () => {
		const names = [...read('src/index.js').matchAll(/api\.js'\)\.(\w+)/g)].map(([, name]) => name);
		assert.ok(names.length > 10);
		for (const name of names.filter((it) => !['Reason', 'State', 'Status'].includes(it))) {
			assert.ok(readme.includes(`\n### ${name}\n`), name);
		}
	});
});

describe('how the elements look', () => {
	const [, chapter] = readme.split('\n## The elements\n');
	const [said] = chapter.split('\n## ');
	const files = readdirSync(new URL('../../src/element/', import.meta.url)).filter((file) => file.endsWith('.js'));
	const sources = files.map((file) => read(`src/element/${file}`)).join('');

	test('is said with every property', () => {
		const properties = new Set([...read('src/element/style.js').matchAll(/var\((--chat-[\w-]+)/g)].map(([, name]) => name));
		assert.ok(properties.size > 15);
		assert.deepEqual([...said.matchAll(/`(--chat-[\w-]+)`/g)].map(([, name]) => name).sort(), [...properties].sort());
	});

	test('is said with every part, all of which the app hands on', () => {
		const parts = [...sources.matchAll(/\bpart'?[:,] ['`]([a-z -]+)/g)].flatMap(([, names]) => names.split(' ')).filter((it) => it && !it.endsWith('-'));
		assert.ok(parts.length > 30);
		const handed = [...read('src/element/app.js').matchAll(/'[\w-]+(?:, [\w-]+)+(?:, )?'/g)].flatMap(([list]) => list.match(/[\w-]+/g) ?? []);
		for (const part of [...new Set(parts), 'bubble-mine', 'bubble-theirs', 'status-sending', 'status-sent', 'status-read', 'status-failed']) {
			assert.ok(said.includes(`\`${part}\``), `the README says nothing of ${part}`);
			assert.ok(handed.includes(part) || ['inbox', 'conversation', 'back'].includes(part), `the app does not hand ${part} on`);
		}
	});
});

describe('the five minutes', { skip: hasBrowser ? false : 'there is no chromium here' }, () => {
	const stage = useStage();
	const [, chapter] = readme.split('**2. Or your own page around it.**');
	const [, html] = chapter.match(/```html\n([^]*?)```/) ?? [];
	const [, script] = chapter.match(/```js\n([^]*?)```/) ?? [];
	/** @type {Awaited<ReturnType<typeof openBrowser>>} */
	let browser;
	/** @type {Awaited<ReturnType<typeof serve>>} */
	let server;
	before(async () => {
		await buildAll(join(stage.dir, 'dist'));
		browser = await openBrowser();
	});
	after(async () => {
		await browser?.close();
		await server?.close();
	});

	test('begin with an element that outlives its token', async () => {
		const [a] = newIds(1);
		const [, first] = readme.split('**1. The whole conversation, ready made.**');
		const [, tags] = first.match(/```html\n([^]*?)```/) ?? [];
		const metas = tags.replace('wss://app.example.com/mqtt', stage.url).replace('content="…"', `content="${stage.jwt(a, -3600)}"`)
			.replace(/ style="[^"]*"/, '');
		const own = await serve(stage.dir, {
			'/first.html': `<!doctype html><script type="module" src="/dist/mosquitto-chat-element.js"></script>${metas}`,
			'/chat/token': stage.jwt(a),
		});
		try {
			const page = await browser.page(`${own.origin}/first.html`);
			await page.getByText('Nothing has been said here yet.').waitFor();
		} finally {
			await own.close();
		}
	});

	test('end in a chat', async () => {
		const [a] = newIds(1);
		const ben = await stage.inRoom('2', a, { token: stage.jwt('2', 3600, { name: 'Ben' }) });
		server = await serve(stage.dir, {
			'/page.html': `<!doctype html><script type="importmap" nonce="map">{"imports":{"mosquitto-chat":"/dist/mosquitto-chat.js"}}</script>${html}<script type="module" src="/page.js"></script>`,
			'/page.js': script.replace('wss://app.example.com/mqtt', stage.url),
			'/chat/token': stage.jwt(a),
		});
		const page = await browser.page(`${server.origin}/page.html`);
		await page.getByText('online, here').waitFor();
		await page.getByLabel('Message').fill('does it work?');
		await page.getByRole('button', { name: 'Send' }).click();
		await eventually('Ben to read it', () => ben.room.messages[0]?.text === 'does it work?' && (ben.room.markRead(), true));
		await page.getByText('I: does it work? (read)').waitFor();
		ben.room.typing();
		await page.getByText('typing').waitFor();
		ben.room.send('<b>it does</b>');
		await page.getByText('Ben: <b>it does</b> (sent)').or(page.getByText('Ben: <b>it does</b> (read)')).waitFor();
		assert.deepEqual(browser.complaints, []);
	});
});
