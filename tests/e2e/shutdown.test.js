// Shutdown: what the broker has acknowledged is stored, or the log says how much is not.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { pause, until } from '../stack/wait.js';
import { useStage } from './stage.js';

/** @param {number} n */
const upTo = (n) => Array.from({ length: n }, (_, index) => index + 1);

describe('at shutdown', () => {
	const stage = useStage({ options: { rate_limit: 0 } });
	afterEach(async () => {
		stage.cluster.thaw();
		if (!stage.cluster.alive()) {
			await stage.cluster.start();
		}
	});

	/** @param {string} log */
	const ours = (log) => log.split('\n').filter((line) => /^\S+ chat: /.test(line));

	/**
	 * A broker is stopped right behind so many messages, until it has stored all of them so many times: it waits for
	 * two seconds only, which a slow machine may need for something else, but not each time.
	 * @param {{ messages: number, times: number, before?: () => void, meanwhile?: (broker: import('../stack/broker.js').Broker) => Promise<unknown> }} what
	 */
	async function storesAll({ messages, times, before = () => {}, meanwhile = async () => {} }) {
		let whole = 0;
		for (let round = 0; round < 3 * times && whole < times; round++) {
			const broker = await stage.another({ options: { rate_limit: 0 } });
			const { ann, chat, room } = await stage.couple({ broker });
			before();
			await Promise.all(upTo(messages).map((n) => ann.publish(chat, { event: 'message', text: String(n) })));
			const stopped = broker.stop();
			await meanwhile(broker);
			assert.equal((await stopped).code, 0);
			const lost = Number(/shut down with (\d+) messages that could not be stored/.exec(broker.log())?.[1] ?? 0);
			const texts = (await stage.stored(room)).map((it) => it.text);
			assert.deepEqual(texts, upTo(texts.length).map(String));
			assert.ok(texts.length >= messages - lost && texts.length <= messages, `${texts.length} of ${messages}, and ${lost} are said to be lost`);
			whole += Number(lost === 0);
		}
		assert.equal(whole, times);
	}

	test('everything that was acknowledged is stored', () => storesAll({ messages: 500, times: 3 }));

	test('what waits for Postgres is stored when it answers in time', () => storesAll({
		messages: 20,
		times: 1,
		before: () => stage.cluster.freeze(),
		async meanwhile(broker) {
			await until('the broker to end', () => / terminating$/m.test(broker.log()));
			await pause(300);
			stage.cluster.thaw();
		},
	}));

	for (const [how, leave] of /** @type {[string, (cluster: any) => unknown][]} */ ([
		['frozen', (cluster) => cluster.freeze()], ['stopped', (cluster) => cluster.stop('fast')],
	])) {
		test(`with Postgres ${how}, the broker ends and says how much it could not store`, async () => {
			const broker = await stage.another({ options: { rate_limit: 0 } });
			const { ann, chat } = await stage.couple({ broker });
			await ann.say(chat, 'stored');
			await leave(stage.cluster);
			const before = ours(broker.log()).length;
			await Promise.all(upTo(37).map((n) => ann.publish(chat, { event: 'message', text: String(n) })));
			const { code } = await broker.stop();
			assert.equal(code, 0);
			const lines = ours(broker.log()).slice(before);
			assert.ok(lines.some((line) => /\b37\b/.test(line)), lines.join('\n'));
		});
	}

	test('of an idle broker nothing is said to be lost', async () => {
		const broker = await stage.another();
		const { ann, chat } = await stage.couple({ broker });
		await ann.say(chat, 'stored');
		const before = ours(broker.log()).length;
		await broker.stop();
		assert.ok(!ours(broker.log()).slice(before).some((line) => /\b[1-9]\d* message/.test(line)));
	});

	test('clients are told, and find everything on the next start', async () => {
		const broker = await stage.another();
		const { ann, bob, chat } = await stage.couple({ broker });
		await ann.say(chat, 'before');
		await broker.stop();
		await Promise.all([ann.ended(), bob.ended()]);
		const next = await stage.another();
		const again = await stage.connect({ broker: next, id: bob.id });
		assert.equal((await again.enterLobby()).total, 1);
		assert.equal((await again.join(chat)).history.messages[0].text, 'before');
		assert.equal((await again.say(chat, 'after')).seq, 2);
	});

	test('by SIGKILL nothing that was echoed is lost', async () => {
		const broker = await stage.another({ options: { rate_limit: 0 } });
		const { ann, bob, chat, room } = await stage.couple({ broker });
		await Promise.all(upTo(100).map((n) => ann.publish(chat, { event: 'message', text: String(n) })));
		for (const seq of upTo(50)) {
			assert.equal((await bob.next(chat, 'message')).seq, seq);
		}
		await broker.kill();
		await bob.ended();
		const heard = 50 + bob.take(chat, 'message').length;
		const stored = (await stage.stored(room)).map((it) => it.text);
		assert.ok(stored.length >= heard);
		assert.deepEqual(stored, upTo(stored.length).map(String));
	});
});
