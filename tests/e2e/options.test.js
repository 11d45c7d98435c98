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
