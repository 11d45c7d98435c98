// Promise 4: tokens.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { run } from '../../../tests/stack/children.js';
import { pause, within } from '../../../tests/stack/wait.js';
import { UnauthorizedError } from '../../src/index.js';
import { handledLinks } from '../links.js';
import { startProxy } from '../../../tests/stack/proxy.js';
import { eventually, newIds, useStage } from '../stage.js';

describe('tokens', () => {
	const stage = useStage();
	/** @type {Awaited<ReturnType<typeof startProxy>>[]} */
	const proxies = [];
	afterEach(() => proxies.splice(0).forEach((proxy) => proxy.close()));

	/** @param {((reason: string, nth: number) => any)} answer */
	function host(answer) {
		/** @type {string[]} */
		const reasons = [];
		return {
			reasons,
			getToken: async (/** @type {{ reason: string }} */ { reason }) => {
				reasons.push(reason);
				return answer(reason, reasons.length);
			},
		};
	}

	test('of both forms log in', async () => {
		const [a, b] = newIds(2);
		const ann = await stage.online(a, { id: a, name: 'Ann', token: stage.signature(a, 'Ann') });
		const bob = await stage.inRoom(b, a, { token: `${stage.jwt(b, 60, { name: 'Bób' })}\n` });
		assert.deepEqual([ann.id, ann.name, bob.chat.id, bob.chat.name], [a, 'Ann', b, 'Bób']);
		const room = ann.with(b);
		await within('the room', room.open());
		await eventually('Ann to see Bob', () => room.peer.present);
		assert.equal(room.peer.name, 'Bób');
	});

	test('of the oddest user log in', async () => {
		const [a] = newIds(1);
		const odd = await stage.inRoom('__proto__', a);
		const ann = await stage.inRoom(a, '__proto__');
		await within('the echo', odd.room.send('hi').settled);
		await eventually('Ann to have it', () => ann.room.messages.length === 1);
		await eventually('Ann to see who it is', () => ann.room.peer.present);
		assert.equal(ann.room.peer.name, 'Name of __proto__');
		ann.room.markRead();
		await eventually('it to be read', () => odd.room.messages[0].status === 'read');
		assert.deepEqual(ann.chat.unread, { total: 0, chats: [] });
	});

	test('that the page brings with connect() are used at once', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		const hand = handledLinks();
		const chat = stage.chat(a, { token: stage.jwt(a).replace(/.$/, (it) => (it === 'A' ? 'Q' : 'A')) }, hand);
		await assert.rejects(within('the refusal', chat.connect()), { code: 'unauthorized' });
		await assert.rejects(chat.connect({ token: stage.jwt(b) }), TypeError);
		await within('the good one', chat.connect({ token: stage.jwt(a) }));
		await within('the room', chat.with(b).open());
		await eventually('Bob to see Ann', () => bob.room.peer.present);
		/** @type {boolean[]} */
		const seen = [];
		bob.room.on('presence', ({ present }) => seen.push(present));
		await chat.connect({ token: stage.jwt(a, 3600, { name: 'Anna' }) });
		await eventually('the next connection', () => hand.opened.length === 3);
		await within('the echo', chat.with(b).send('hi').settled);
		assert.equal(chat.name, 'Anna');
		assert.ok(seen.every(Boolean), 'she never left');
	});

	test('that never come keep no Node program alive after close()', async () => {
		const program = `import { createChat } from '${new URL('../../src/index.js', import.meta.url)}';
			const chat = createChat({ url: 'ws://127.0.0.1:9/', getToken: () => new Promise(() => {}) });
			chat.connect().catch(() => {});
			setTimeout(() => chat.close(), 100);`;
		const { code, stderr } = await run(process.execPath, ['--input-type=module', '-e', program]);
		assert.deepEqual([code, stderr], [0, '']);
	});

	test('are asked for once when there is none yet, and not when there is one', async () => {
		const [a, b] = newIds(2);
		const asked = host(() => stage.jwt(a));
		await stage.online(a, { token: undefined, getToken: asked.getToken });
		assert.deepEqual(asked.reasons, ['initial']);
		const given = host(() => stage.jwt(b));
		await stage.online(b, { getToken: given.getToken });
		assert.deepEqual(given.reasons, []);
	});

	test('are replaced before they expire, while presence stays and messages flow', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		const { reasons, getToken } = host(() => stage.jwt(a));
		const hand = handledLinks();
		const ann = await stage.inRoom(a, b, { token: stage.jwt(a, 4), getToken }, hand);
		await eventually('Bob to see Ann', () => bob.room.peer.present);
		/** @type {any[]} */
		const changes = [];
		// That somebody is online may be told after that they are here: what counts is that nobody goes.
		bob.room.on('presence', (peer) => peer.present || changes.push('Ann has gone'));
		ann.room.on('presence', (peer) => peer.present || changes.push('Bob has gone'));
		ann.chat.on('state', (state) => changes.push(state));
		/** @type {string[]} */
		const heard = [];
		bob.room.on('message', ({ text }) => heard.push(text));
		const sent = [];
		for (let n = 1; hand.opened.length < 2 || n % 10; n++) {
			sent.push(ann.room.send(`text ${n}`));
			await pause(120);
		}
		await within('all echoes', Promise.all(sent.map((it) => it.settled)));
		await eventually('Bob to have all', () => heard.length === sent.length);
		assert.deepEqual(heard, sent.map((it) => it.text));
		assert.deepEqual(reasons, ['expiring']);
		assert.deepEqual(changes, []);
		assert.notEqual(hand.opened[0].clientId, hand.opened[1].clientId);
		const [one] = bob.room.messages;
		bob.room.send('and back');
		await eventually('Ann to hear Bob on the new connection', () => ann.room.messages.at(-1)?.text === 'and back');
		assert.equal(one.seq, 1);
		await eventually('the old connection to be gone', () => stage.broker.log().includes(`${hand.opened[0].clientId} disconnected`)
			|| stage.broker.log().includes(`Client ${hand.opened[0].clientId}`));
	});

	test('that the broker finds expired are replaced by the next', async () => {
		const [a] = newIds(1);
		const now = Math.floor(Date.now() / 1000);
		// Valid by the plugin's leeway alone, and by its own account quite new: as seen by a client whose clock is wrong.
		const old = stage.jwt(a, 0, { iat: now - 22 - 3600, exp: now - 22 });
		const { reasons, getToken } = host((_, nth) => (nth === 1 ? old : stage.jwt(a)));
		const chat = await stage.online(a, { token: undefined, getToken }, { random: () => 0.1 });
		await eventually('the broker to end the connection', () => reasons.length === 2, 60000);
		await eventually('it to be online again', () => chat.state === 'online');
		assert.deepEqual(reasons, ['initial', 'expiring']);
	});

	test('that are refused are replaced, once each time', async () => {
		const [a] = newIds(1);
		const { reasons, getToken } = host(() => stage.jwt(a));
		await stage.online(a, { token: `${stage.jwt(a).slice(0, -4)}AAAA`, getToken });
		assert.deepEqual(reasons, ['rejected']);
	});

	test('that are refused twice in a row, fresh ones, end it', async () => {
		const [a] = newIds(1);
		let good = false;
		const { reasons, getToken } = host(() => (good ? stage.jwt(a) : `${stage.jwt(a).slice(0, -4)}AAAA`));
		const chat = stage.chat(a, { token: `${stage.jwt(a).slice(0, -4)}AAAA`, getToken });
		/** @type {string[]} */
		const states = [];
		chat.on('state', (state) => states.push(state));
		await assert.rejects(within('the end', chat.connect()), UnauthorizedError);
		assert.equal(chat.state, 'unauthorized');
		assert.deepEqual(reasons, ['rejected', 'rejected']);
		await pause(700);
		assert.equal(reasons.length, 2);
		good = true;
		await within('connect() again', chat.connect());
		assert.deepEqual(reasons.slice(2), ['initial']);
		assert.equal(states.at(-1), 'online');
	});

	test('that are none, as a login page instead of one, count as refused', async () => {
		const [a] = newIds(1);
		const { reasons, getToken } = host(() => '<!DOCTYPE html><title>Log in</title>');
		const chat = stage.chat(a, { token: undefined, getToken });
		await assert.rejects(within('the end', chat.connect()), UnauthorizedError);
		assert.deepEqual(reasons, ['initial', 'rejected']);
	});

	test('of somebody else are not used', async () => {
		const [a, b] = newIds(2);
		const chat = stage.chat(a, { id: a, token: stage.jwt(b), getToken: async () => stage.jwt(b) });
		await assert.rejects(within('the end', chat.connect()), UnauthorizedError);
		assert.equal(chat.id, a);
	});

	test('that there will be none of end it, also while connected', async () => {
		const [a, b] = newIds(2);
		const { getToken } = host(() => {
			throw new UnauthorizedError('logged out');
		});
		const never = stage.chat(a, { token: undefined, getToken });
		const opening = never.with(b).open();
		await Promise.all([
			assert.rejects(within('connect()', never.connect()), UnauthorizedError),
			assert.rejects(within('open()', opening), UnauthorizedError),
		]);
		const chat = await stage.online(b, { token: stage.jwt(b, 2), getToken });
		await eventually('the chat to end', () => chat.state === 'unauthorized');
	});

	test('that cannot be had now are asked for again', async () => {
		const [a] = newIds(1);
		const { reasons, getToken } = host((_, nth) => {
			if (nth < 3) {
				throw new Error('502');
			}
			return stage.jwt(a);
		});
		/** @type {any[]} */
		const errors = [];
		const chat = stage.chat(a, { token: undefined, getToken }, { random: () => 0.1 });
		chat.on('error', (error) => errors.push(error.code));
		await within('connect()', chat.connect());
		assert.deepEqual(reasons, ['initial', 'initial', 'initial']);
		assert.deepEqual(errors, ['token', 'token']);
	});
});
