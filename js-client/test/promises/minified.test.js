// The minified client, whose names are shortened, is the same client.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { within } from '../../../tests/stack/wait.js';
import { buildAll } from '../../build.js';
import { eventually, newIds, useStage } from '../stage.js';

describe('the minified client', () => {
	const stage = useStage({ options: { rate_limit: 0 } });
	/** @type {typeof import('../../src/index.js')} */
	let minified;
	before(async () => {
		const folder = join(stage.dir, 'minified');
		mkdirSync(folder);
		writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
		symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
		await buildAll(join(folder, 'dist'));
		minified = await import(pathToFileURL(join(folder, 'dist', 'mosquitto-chat.external.min.js')).href);
	});

	test('does all that the other one does', async () => {
		const [a, b] = newIds(2);
		const bob = await stage.inRoom(b, a);
		const asked = [];
		const store = minified.memoryStore();
		const chat = minified.createChat({
			url: stage.url,
			store,
			getToken: ({ reason }) => {
				asked.push(reason);
				return stage.jwt(a, asked.length === 1 ? 3 : 3600);
			},
		});
		try {
			await within('it to connect', chat.connect());
			const room = chat.with(b);
			await within('the room to open', room.open());
			const sent = Array.from({ length: 100 }, (_, n) => room.send(`text ${n}`));
			const large = room.send('x'.repeat(20000));
			await assert.rejects(large.settled, minified.ChatError);
			await within('all echoes', Promise.all(sent.map((it) => it.settled)));
			assert.deepEqual(room.messages, [...sent, large]);
			assert.equal(room.retry(large.ref), large);
			assert.equal(room.discard(large.ref), true);
			bob.room.typing();
			await eventually('Bob to be seen typing', () => room.peer.typing);
			bob.room.send('and back');
			bob.room.markRead();
			await eventually('an answer, and all to be read', () => chat.unread.total === 1 && sent.every((it) => it.status === 'read'));
			room.markRead();
			await eventually('the count to fall', () => chat.unread.total === 0);
			await room.close();
			await within('to open it again', room.open());
			assert.equal(room.messages.length, 50);
			assert.equal((await room.older({ limit: 200 })).messages.length, 51);
			await eventually('a new token', () => asked.length === 2);
			await stage.broker.kill();
			await eventually('it to be offline', () => chat.state !== 'online');
			const pending = room.send('while away');
			await stage.restart();
			await within('the echo', pending.settled, 60000);
			assert.deepEqual(await store.load(a), []);
		} finally {
			await chat.close();
		}
		const { UnauthorizedError } = minified;
		const never = minified.createChat({
			url: stage.url,
			getToken() {
				throw new UnauthorizedError();
			},
		});
		await assert.rejects(never.connect(), UnauthorizedError);
	});
});
