// One order for everybody, each message once, however many brokers it goes through.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOADGEN, faultsOf } from '../bench/loadgen.js';
import { run } from '../stack/children.js';
import { chatOf, newIds, scale, useNodes } from './stage.js';

describe('the order of a chat', () => {
	const cluster = useNodes(3);

	test('is one and the same for readers on three brokers while both users write on all of them', async () => {
		const [a, b] = newIds(2);
		const chat = chatOf(a, b);
		const each = scale(100, 2000);
		const people = [];
		for (let n = 0; n < 3; n++) {
			people.push(await cluster.at(n, { id: a }), await cluster.at(n, { id: b, version: 5 }));
		}
		for (const it of people) {
			await it.join(chat);
		}
		// Not one after another: up to eight of each are on their way.
		await Promise.all(people.map(async (it, who) => {
			for (let sent = 0; sent < each; sent += 8) {
				const some = Array.from({ length: Math.min(8, each - sent) }, (_, n) => sent + n);
				await Promise.all(some.map((n) => it.publish(chat, { event: 'message', text: `${who}/${n}`, ref: `${who}/${n}` })));
			}
		}));
		const total = each * people.length;
		const wanted = Array.from({ length: total }, (_, n) => n + 1);
		let first;
		for (const it of people) {
			await it.next(chat, (event) => event.event === 'message' && event.seq === total, { timeout: 60000 });
			const got = [...it.take(chat, 'message')];
			assert.deepEqual([...got.map((event) => event.seq), total], wanted, `as ${it.clientId} has them`);
			const texts = got.map((event) => event.text).join();
			first ??= texts;
			assert.equal(texts, first, 'everybody has the same');
		}
		// One connection's messages are stored in the order in which they were published.
		const stored = await cluster.stored(chat.slice('chat/'.length));
		people.forEach((_it, who) => {
			const mine = stored.map((row) => row.text.split('/').map(Number)).filter(([of]) => of === who).map(([, n]) => n);
			assert.deepEqual(mine, Array.from({ length: each }, (_, n) => n));
		});
	});
});

describe('the load of many pairs through haproxy', () => {
	const cluster = useNodes(4, { balancer: true, options: { queue_limit: 100000 } });

	for (const [mode, args] of /** @type {[string, string[]][]} */ ([['closed', []], ['rate', ['--rate', String(scale(300, 1000))]]])) {
		test(`is stored, echoed and delivered once and in order, in mode ${mode}`, async () => {
			const rows = async () => Number((await cluster.postgres.query('select count(*) from chat.messages'))[0][0]);
			const before = await rows();
			const report = join(cluster.dir, `${mode}.json`);
			const { entrance: { tcpPort, secrets } } = cluster;
			const { code, stderr } = await run(LOADGEN, [
				'--kind', 'chat', '--mode', mode, '--port', String(tcpPort), '--users', '40', '--seconds', String(scale(1, 30)), '--warm', '0.1', ...args, '--json', report,
			], { env: { ...process.env, CHAT_SECRET: secrets[0] }, timeout: 180000 });
			assert.equal(code, 0, stderr);
			const figures = JSON.parse(readFileSync(report, 'utf8'));
			assert.ok(figures.whole.sent > 0);
			assert.deepEqual(faultsOf(figures, await rows() - before), []);
			const users = await cluster.postgres.query('select node, count(*) from chat.online group by node');
			console.log(`${mode}: ${figures.whole.sent} messages; users by broker: ${users.map(([, count]) => count).join(', ')}`);
		});
	}
});
