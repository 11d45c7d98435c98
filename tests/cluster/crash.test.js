// PostgreSQL crashes under brokers that share it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scale, useNodes } from './stage.js';
import { startTalk, stillCross } from './talk.js';

describe('when PostgreSQL crashes', () => {
	const cluster = useNodes(2);

	test('what waits is stored and heard everywhere once it is back, and nobody has left', async () => {
		const couple = await cluster.couple();
		const talk = startTalk(couple);
		for (let times = scale(2, 50); times > 0; times--) {
			await talk.goesOn('between two crashes');
			await cluster.postgres.kill();
			await cluster.postgres.start();
		}
		await talk.goesOn('after the last one');
		await talk.end();
		await cluster.allIn();
		for (const who of [couple.ann, couple.bob]) {
			await who.none(couple.chat, 'presence_diff');
		}
		await stillCross(couple);
		const { presence } = await couple.ann.join(couple.chat);
		assert.deepEqual(Object.keys(presence.users).sort(), [couple.ann.id, couple.bob.id].sort());
	});
});
