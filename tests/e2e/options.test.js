// What an option changes for clients, where no other test says it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { useStage } from './stage.js';

describe('user_blocking', () => {
	const stage = useStage();

	test('false leaves blocking to the application: who asks is told forbidden', async () => {
		const without = await stage.another({ options: { user_blocking: 'false' } });
		for (const [broker, event] of /** @type {const} */ ([[without, 'error'], [stage.broker, 'blocked']])) {
			const { ann } = await stage.couple({ broker });
			const lobby = `user/${ann.id}`;
			await ann.enterLobby();
			await ann.publish(lobby, { event: 'block', user_id: '999', ref: 'mine' });
			const answer = await ann.next(lobby, (/** @type {any} */ it) => it.ref === 'mine');
			assert.equal(answer.event, event);
			assert.equal(answer.code, event === 'error' ? 'forbidden' : undefined);
		}
	});
});

describe('last_seen', () => {
	const stage = useStage();

	test('false leaves untold who is online, but not the names', async () => {
		const without = await stage.another({ options: { last_seen: 'false' } });
		const [open, discreet] = [await stage.couple(), await stage.couple({ broker: without })];
		for (const { ann, bob, chat } of [open, discreet]) {
			await ann.say(chat, 'hello');
			const peer = await bob.next(chat, 'peer');
			assert.equal(peer.name, 'Ann');
			assert.equal(peer.online, bob === open.bob ? true : undefined);
			await ann.end();
		}
		const gone = await open.bob.next(open.chat, (event) => event.event === 'peer' && event.online === false);
		assert.ok(gone.seen_at);
		// Ann left both, so it would have been told here by now.
		await discreet.bob.say(discreet.chat, 'bye');
		assert.deepEqual(discreet.bob.take(discreet.chat, (event) => event.event === 'peer' && event.user_id === discreet.ann.id), []);
	});
});
