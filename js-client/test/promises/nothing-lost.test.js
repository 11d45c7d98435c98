// Promise 1: nothing is lost, nothing comes twice.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { pause, within } from '../../../tests/stack/wait.js';
import { ChatError } from '../../src/index.js';
import { memoryStore } from '../../src/store.js';
import { fastClock } from '../clocks.js';
import { handledLinks } from '../links.js';
import { startProxy } from '../../../tests/stack/proxy.js';
import { eventually, newIds, useStage } from '../stage.js';

const upTo = (/** @type {number} */ n) => Array.from({ length: n }, (_, index) => index + 1);

describe('a message that was sent', () => {
	const stage = useStage({ options: { rate_limit: 0 } });
	/** @type {Awaited<ReturnType<typeof startProxy>>[]} */
	const proxies = [];
	afterEach(async () => {
		stage.cluster.thaw();
		proxies.splice(0).forEach((proxy) => proxy.close());
		if (!stage.broker.alive()) {
			await stage.restart();
		}
	});
	async function proxied() {
		const proxy = await startProxy(() => stage.broker.wsPort);
		proxies.push(proxy);
		return proxy;
	}

	/**
	 * Stored once each, in order.
	 * @param {string} a
	 * @param {string} b
	 * @param {string[]} texts
	 */
	async function storedOnce(a, b, texts) {
		assert.deepEqual((await stage.stored(`${a}/${b}`)).map((it) => it.text), texts);
	}

	test('survives a broker that is killed before it is stored', async () => {
		const { ann, bob } = await stage.couple();
		stage.cluster.freeze();
		const message = ann.room.send('before the end');
		const later = ann.room.send('right behind it');
		await pause(300);
		await stage.broker.kill();
		stage.cluster.thaw();
		assert.equal(message.status, 'sending');
		await stage.restart();
		await within('the echoes', Promise.all([message.settled, later.settled]));
		assert.deepEqual([message.seq, later.seq], [1, 2]);
		await eventually('Bob to have both', () => bob.room.messages.length === 2);
		await storedOnce(ann.id, bob.id, ['before the end', 'right behind it']);
	});

	test('survives a broker that is killed between storing it and the echo', async () => {
		const proxy = await proxied();
		const [a, b] = newIds(2);
		const ann = await stage.inRoom(a, b, { url: proxy.url });
		proxy.stall();
		const message = ann.room.send('stored, but who knows');
		await eventually('it to be stored', async () => (await stage.stored(`${a}/${b}`)).length === 1);
		assert.equal(message.status, 'sending');
		await stage.broker.kill();
		proxy.cut();
		proxy.flow();
		await stage.restart();
		await within('the echo', message.settled);
		assert.equal(message.seq, 1);
		assert.equal(ann.room.messages.length, 1);
		assert.equal(ann.room.messages[0], message);
		await storedOnce(a, b, ['stored, but who knows']);
	});

	test('survives lines that are cut in the middle of a packet', async () => {
		const proxy = await proxied();
		const [a, b] = newIds(2);
		const ann = await stage.inRoom(a, b, { url: proxy.url }, { random: () => 0.1 });
		const bob = await stage.inRoom(b, a);
		/** @type {any[]} */
		const heard = [];
		bob.room.on('message', ({ seq, text }) => heard.push([seq, text]));
		const texts = upTo(60).map((n) => `text ${n} ${'x'.repeat(2000)}`);
		const before = proxy.accepted();
		/** @type {ReturnType<typeof ann.room.send>[]} */
		const messages = [];
		for (const half of [texts.slice(0, 30), texts.slice(30)]) {
			// The echoes of either half are more than that.
			proxy.cutAfter(20000);
			messages.push(...half.map((text) => ann.room.send(text)));
			await within('the echoes', Promise.all(messages.map((it) => it.settled)));
		}
		assert.ok(proxy.accepted() >= before + 2, 'the line was cut');
		await eventually('Bob to have all', () => heard.length === 60);
		assert.deepEqual(heard, texts.map((text, n) => [n + 1, text]));
		assert.deepEqual(ann.room.messages.map((it) => it.text), texts);
		assert.deepEqual(ann.room.messages, messages);
		await storedOnce(a, b, texts);
	});

	test('is published again when no echo comes for ten seconds', async () => {
		const [a, b] = newIds(2);
		let swallowed = 0;
		const hand = handledLinks({ swallow: (event) => event.event === 'message' && swallowed++ === 0 });
		const ann = await stage.inRoom(a, b, {}, { ...hand, clock: fastClock(10) });
		const message = ann.room.send('who would have heard this?');
		await within('the second echo', message.settled);
		// At least: a machine may take longer than that for the second echo, too.
		assert.ok(swallowed >= 2);
		assert.ok(hand.count('message') >= 2);
		await storedOnce(a, b, ['who would have heard this?']);
	});

	test('is settled by a notification that has its ref', async () => {
		const [a, b] = newIds(2);
		const hand = handledLinks();
		const ann = await stage.inRoom(a, b, {}, hand);
		stage.cluster.freeze();
		const message = ann.room.send('from outside');
		// Behind the client's back, it leaves the chat before the message is stored.
		await hand.opened[0].link.unsubscribe(`chat/${a}/${b}`);
		stage.cluster.thaw();
		await within('the notification', message.settled);
		assert.equal(message.seq, 1);
		assert.deepEqual(ann.room.messages, [message]);
	});

	test('waits offline, and goes out in the order of sending', async () => {
		const proxy = await proxied();
		const [a, b] = newIds(2);
		const ann = await stage.inRoom(a, b, { url: proxy.url }, { random: () => 0.1 });
		proxy.shut();
		await eventually('Ann to be offline', () => ann.chat.state !== 'online');
		const messages = upTo(40).map((n) => ann.room.send(`text ${n}`));
		assert.deepEqual(ann.room.messages, messages);
		assert.ok(messages.every((it) => it.status === 'sending' && it.seq === null));
		proxy.reopen();
		await within('all echoes', Promise.all(messages.map((it) => it.settled)));
		await storedOnce(a, b, upTo(40).map((n) => `text ${n}`));
	});

	test('goes out after its room was closed', async () => {
		const proxy = await proxied();
		const [a, b] = newIds(2);
		const ann = await stage.inRoom(a, b, { url: proxy.url }, { random: () => 0.1 });
		const bob = await stage.inRoom(b, a);
		await eventually('Bob to see Ann', () => bob.room.peer.present);
		proxy.shut();
		await eventually('Ann to be offline', () => ann.chat.state !== 'online');
		const message = ann.room.send('last words');
		await ann.room.close();
		proxy.reopen();
		await within('the echo', message.settled);
		await eventually('Bob to have it', () => bob.room.messages.length === 1);
		await eventually('Bob to see Ann leave', () => !bob.room.peer.present);
	});

	test('is sent before connect() too, and opens its room', async () => {
		const [a, b] = newIds(2);
		const chat = stage.chat(a, { token: undefined, getToken: () => stage.jwt(a) });
		const message = chat.with(b).send('early bird');
		await chat.connect();
		await within('the echo', message.settled);
		assert.equal(message.user_id, a);
		assert.deepEqual(chat.with(b).messages, [message]);
	});

	test('is taken up from the store by the next page, once', async () => {
		const [a, b] = newIds(2);
		const store = memoryStore();
		const proxy = await proxied();
		const first = await stage.inRoom(a, b, { store, url: proxy.url });
		proxy.shut();
		await eventually('to be offline', () => first.chat.state !== 'online');
		first.room.send('one');
		first.room.send('two');
		await first.chat.close();
		const second = await stage.online(a, { store });
		const room = second.with(b);
		await eventually('both to be stored', async () => (await stage.stored(`${a}/${b}`)).length === 2);
		await room.open();
		assert.deepEqual(room.messages.map(({ seq, text, status }) => [seq, text, status]), [[1, 'one', 'sent'], [2, 'two', 'sent']]);
		await eventually('the store to let go of them', async () => (await store.load(a)).length === 0);
	});

	test('fails for good when it is too large, and only then rejects', async () => {
		const { ann, bob } = await stage.couple();
		let unhandled = 0;
		const count = () => unhandled++;
		process.on('unhandledRejection', count);
		const unseen = ann.room.send('x'.repeat(16 * 1024 + 1));
		const message = ann.room.send('€'.repeat(6000));
		await assert.rejects(message.settled, (/** @type {any} */ error) => error instanceof ChatError && error.code === 'too_large');
		assert.deepEqual([message.status, message.error instanceof ChatError], ['failed', true]);
		assert.deepEqual(ann.room.messages, [unseen, message]);
		assert.equal(ann.room.discard(unseen.ref), true);
		assert.equal(ann.room.discard(unseen.ref), false);
		assert.equal(ann.room.retry(message.ref), message);
		await assert.rejects(message.settled);
		const next = ann.room.send('x'.repeat(16 * 1024));
		assert.equal(ann.room.discard(next.ref), false);
		await within('the echo', next.settled);
		await eventually('Bob to have it', () => bob.room.messages.length === 1);
		await pause(50);
		process.off('unhandledRejection', count);
		assert.equal(unhandled, 0);
	});

	test('fails when the store refuses it, and can be sent again', async () => {
		const { ann, bob } = await stage.couple();
		await stage.cluster.query(`alter table chat.messages add constraint polite check (text <> 'rude ${ann.id}')`);
		const rude = ann.room.send(`rude ${ann.id}`);
		const polite = ann.room.send('polite');
		await assert.rejects(within('the refusal', rude.settled), { code: 'rejected' });
		await within('the other one', polite.settled);
		await stage.cluster.query('alter table chat.messages drop constraint polite');
		assert.equal(ann.room.retry(rude.ref), rude);
		assert.equal(rude.status, 'sending');
		await within('the retried one', rude.settled);
		assert.deepEqual(ann.room.messages, [polite, rude]);
		await eventually('Bob to have both', () => bob.room.messages.length === 2);
	});

});

describe('too many messages at once', () => {
	const stage = useStage({ options: { rate_limit: 5 } });

	test('are all stored, in order, as fast as it is allowed', async () => {
		const { ann, bob } = await stage.couple();
		const texts = upTo(30).map((n) => `text ${n}`);
		const messages = texts.map((text) => ann.room.send(text));
		await within('all echoes', Promise.all(messages.map((it) => it.settled)), 60000);
		assert.deepEqual(messages.map((it) => it.seq), upTo(30));
		assert.deepEqual((await stage.stored(`${ann.id}/${bob.id}`)).map((it) => it.text), texts);
	});

	test('of requests: whoever opens many rooms gets them all', async () => {
		const [me, ...others] = newIds(30);
		const chat = await stage.online(me);
		await within('all rooms to open', Promise.all(others.map((id) => chat.with(id).open())), 60000);
	});
});
