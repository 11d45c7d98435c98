// Several brokers on one database: a client sees no difference.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { chatOf, newIds, useStage } from './stage.js';

const options = { cluster: true };

describe('two brokers', () => {
	const stage = useStage({ options });
	/** @type {import('../stack/broker.js').Broker} */
	let other;

	before(async () => {
		other = await stage.another({ options });
	});

	/** Two people on two brokers, both in their chat. */
	async function couple() {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await stage.connect({ id: first, name: 'Ann' });
		const bob = await stage.connect({ id: second, name: 'Bob', broker: other });
		await ann.join(chat);
		await bob.join(chat);
		return { ann, bob, chat };
	}

	test('what is said on one is heard on the other, in order, once', async () => {
		const { ann, bob, chat } = await couple();
		const said = [];
		for (let i = 0; i < 20; i++) {
			said.push(await (i % 2 ? ann : bob).say(chat, `${i}`));
		}
		for (const who of [ann, bob]) {
			for (let i = 0; i < 20; i++) {
				if (who !== (i % 2 ? ann : bob)) {
					assert.deepEqual(await who.next(chat, 'message'), said[i]);
				}
			}
			assert.deepEqual(who.take(chat, 'message').slice(1), []);
		}
	});
});
