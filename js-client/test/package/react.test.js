// The hooks, in a page with React's StrictMode, against a real broker.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { SETTINGS } from '../../build.js';
import { hasBrowser, openBrowser, serve } from '../browser.js';
import { eventually, newIds, useStage } from '../stage.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Two components on one room, the second of which can be taken out; window.rooms counts what the client is asked. */
const APP = `
	import { createElement as h, StrictMode, useEffect, useState } from 'react';
	import { createRoot } from 'react-dom/client';
	import { useChat, useRoom, useUnread } from './src/react.js';

	function Log({ chat, peer, label }) {
		const { room, messages, peer: who, ready, error } = useRoom(chat, peer);
		useEffect(() => room?.markRead());
		return h('section', { 'aria-label': label },
			h('i', null, error ? error.code : ready ? 'ready' : 'waiting', who?.present ? ', here' : ''),
			h('ul', null, messages.map((it) => h('li', { key: it.ref ?? it.seq }, it.text + ' (' + it.status + ')'))),
			h('button', { onClick: () => room.send('from ' + label) }, 'Send'));
	}
	function App({ options: mine, others, peer }) {
		const [second, setSecond] = useState(true);
		const [options, become] = useState(mine);
		const [there, setThere] = useState(true);
		return h('main', null,
			h('button', { onClick: () => setSecond(!second) }, 'Second'),
			h('button', { onClick: () => setThere(!there) }, 'All'),
			h('button', { onClick: () => become(others) }, 'Other'),
			there && h(Chat, { options: { ...options }, peer, second }));
	}
	function Chat({ options, peer, second }) {
		const { chat, state } = useChat(options);
		const { total } = useUnread(chat);
		window.chat = chat;
		return h('div', null, h('p', null, state + ', ' + total + ' unread'),
			h(Log, { chat, peer, label: 'first' }), second && h(Log, { chat, peer, label: 'second' }));
	}
	export function start(options, others, peer) {
		createRoot(document.getElementById('app')).render(h(StrictMode, null, h(App, { options, others, peer })));
	}`;

describe('the hooks', { skip: hasBrowser ? false : 'there is no chromium here' }, () => {
	const stage = useStage();
	/** @type {Awaited<ReturnType<typeof openBrowser>>} */
	let browser;
	let app = '';

	before(async () => {
		const { outputFiles } = await build({
			...SETTINGS, write: false, define: { ...SETTINGS.define, 'process.env.NODE_ENV': '"development"' },
			stdin: { contents: APP, resolveDir: ROOT },
		});
		app = outputFiles[0].text;
		browser = await openBrowser();
	});
	after(() => browser?.close());

	test('show one room in two components, and end what they began with the component, in StrictMode', async () => {
		const [a, b, c] = newIds(3);
		const ben = await stage.inRoom(b, a);
		const options = (/** @type {string} */ id) => JSON.stringify({ url: stage.url, token: stage.jwt(id) });
		const server = await serve(ROOT, {
			'/page.html': '<!doctype html><div id="app"></div><script type="module" src="/page.js"></script>',
			'/app.js': app,
			'/page.js': `import { start } from '/app.js'; start(${options(a)}, ${options(c)}, '${b}');`,
		});
		try {
			const page = await browser.page(`${server.origin}/page.html`);
			const part = (/** @type {string} */ label) => page.getByRole('region', { name: label });
			await page.getByText('online, 0 unread').waitFor();
			for (const label of ['first', 'second']) {
				await part(label).getByText('ready, here').waitFor();
			}
			await part('second').getByRole('button').click();
			for (const label of ['first', 'second']) {
				await part(label).getByText('from second (sent)').waitFor();
			}
			await eventually('Ben to get it', () => ben.room.messages[0]?.text === 'from second');

			// The first still has the room when the second has left it.
			await page.getByRole('button', { name: 'Second' }).click();
			await part('second').waitFor({ state: 'detached' });
			ben.room.send('still there?');
			await part('first').getByText(/still there\? \((sent|read)\)/).waitFor();
			assert.ok(ben.room.peer.present);

			const cleo = await stage.inRoom(c, a);
			cleo.room.send('hello');
			await page.getByText('online, 1 unread').waitFor();

			await page.getByRole('button', { name: 'All' }).click();
			await eventually('the chat to be closed with its component', () => page.evaluate('window.chat.state === "closed"'));
			await eventually('Ben to see them go', () => !ben.room.peer.present);
			await page.getByRole('button', { name: 'All' }).click();
			await part('first').getByText(/still there\? \((sent|read)\)/).waitFor();

			// The page closes the chat, and connects it again.
			await page.evaluate('window.chat.close()');
			await part('first').getByText('waiting').waitFor();
			await page.evaluate('window.chat.connect()');
			await part('first').getByText('ready').waitFor();
			await part('first').getByText(/still there\? \((sent|read)\)/).waitFor();

			// Somebody else logs in: that nobody has said who it is but the token, makes no difference.
			await page.getByRole('button', { name: 'Other' }).click();
			await eventually('the chat to be theirs', () => page.evaluate(`window.chat?.id === '${c}' && window.chat.state === 'online'`));
			assert.deepEqual(browser.complaints, []);
		} finally {
			await server.close();
		}
	});
});
