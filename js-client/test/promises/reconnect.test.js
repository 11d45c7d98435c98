// Promise 3: reconnects by itself.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { pause, within } from '../../../tests/stack/wait.js';
import { handledLinks } from '../links.js';
import { startProxy } from '../../../tests/stack/proxy.js';
import { eventually, fakeEnvironment, newIds, useStage } from '../stage.js';

describe('a lost connection', () => {
	const stage = useStage();
	/** @type {Awaited<ReturnType<typeof startProxy>>[]} */
	const proxies = [];
	afterEach(() => proxies.splice(0).forEach((proxy) => proxy.close()));
	async function proxied() {
		const proxy = await startProxy(() => stage.broker.wsPort);
		proxies.push(proxy);
		return proxy;
	}

	test('comes back when the broker does, with everything that was open', async () => {
		const { ann, bob } = await stage.couple();
		/** @type {string[]} */
		const states = [];
		ann.chat.on('state', (state) => states.push(state));
		await stage.broker.kill();
		await eventually('Ann to notice', () => states.includes('offline'));
		await stage.restart();
		await eventually('both to be back', () => ann.chat.state === 'online' && bob.chat.state === 'online');
		await within('a message', ann.room.send('we are back').settled);
		await eventually('Bob to have it', () => bob.room.messages.length === 1);
		await eventually('them to see each other', () => ann.room.peer.present && bob.room.peer.present);
		assert.deepEqual(states.filter((state, at) => state !== states[at - 1]), states);
		assert.deepEqual([...new Set(states)].sort(), ['connecting', 'offline', 'online']);
	});

	test('comes back at once when the tab becomes visible or the network returns', async () => {
		const proxy = await proxied();
		const environment = fakeEnvironment();
		const [a] = newIds(1);
		// It would wait for minutes by itself.
		const chat = await stage.online(a, { url: proxy.url }, { environment, random: () => 1000 });
		proxy.shut();
		await eventually('it to be offline', () => chat.state === 'offline');
		await pause(200);
		assert.equal(chat.state, 'offline');
		proxy.reopen();
		environment.show();
		await eventually('it to be online', () => chat.state === 'online');
	});

	test('is noticed after waking up, though the socket says nothing', async () => {
		const proxy = await proxied();
		const environment = fakeEnvironment();
		const hand = handledLinks();
		const [a] = newIds(1);
		const chat = await stage.online(a, { url: proxy.url }, { environment, ...hand });
		proxy.stall();
		environment.show();
		await eventually('it to give the connection up', () => chat.state !== 'online');
		proxy.cut();
		proxy.flow();
		await eventually('it to be online again', () => chat.state === 'online');
		assert.ok(hand.opened.length >= 2);
	});

	test('of one tab leaves the other alone: each has a client id of its own, and keeps it', async () => {
		const proxy = await proxied();
		const [a] = newIds(1);
		const [one, two] = [handledLinks(), handledLinks()];
		const first = await stage.online(a, { url: proxy.url }, { ...one, random: () => 0.1 });
		const second = await stage.online(a, {}, two);
		proxy.cut();
		await eventually('the first to be back', () => one.opened.length >= 2 && first.state === 'online');
		assert.equal(second.state, 'online');
		assert.equal(two.opened.length, 1);
		assert.equal(new Set(one.opened.map((it) => it.clientId)).size, 1);
		assert.notEqual(one.opened[0].clientId, two.opened[0].clientId);
	});

	test('does not disturb connect(), which goes on until it is through', async () => {
		const proxy = await proxied();
		proxy.shut();
		const [a] = newIds(1);
		const chat = stage.chat(a, { url: proxy.url }, { random: () => 0.1 });
		const connected = chat.connect();
		await eventually('a first attempt to fail', () => chat.state === 'offline');
		proxy.reopen();
		await within('connect()', connected);
		assert.equal(chat.state, 'online');
		await chat.connect();
	});

	test('is not what close() makes: it says goodbye, rejects who waits, and can be undone', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		const ann = await stage.inRoom(a, b);
		await eventually('Bob to see Ann', () => bob.room.peer.present);
		await ann.chat.close();
		assert.equal(ann.chat.state, 'closed');
		await eventually('Bob to see Ann leave', () => !bob.room.peer.present);
		const idle = stage.chat(a);
		const [opening, connecting] = [idle.with(b).open(), idle.connect()];
		const both = Promise.all([assert.rejects(opening, { code: 'closed' }), assert.rejects(connecting, { code: 'closed' })]);
		await idle.close();
		await both;
		await within('connect() after close()', ann.chat.connect());
		await within('open() after close()', ann.room.open());
		await eventually('Bob to see Ann again', () => bob.room.peer.present);
	});
});
