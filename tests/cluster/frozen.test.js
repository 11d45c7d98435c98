// A broker that stands still (SIGSTOP, a machine that swaps, a virtual one that is paused) is out until it moves
// again: others do not wait for it, and it tells its clients nothing before it has caught up.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOADGEN, faultsOf } from '../bench/loadgen.js';
import { run } from '../stack/children.js';
import { startProxy } from '../stack/proxy.js';
import { until } from '../stack/wait.js';
import { is } from '../e2e/inbox.js';
import { LONG, chatOf, joins, leaves, newIds, scale, useNodes } from './stage.js';
import { startTalk } from './talk.js';

describe('a broker that stands still', () => {
	/** The way of one of them to the database, but for its feed's. @type {Awaited<ReturnType<typeof startProxy>>} */
	let proxy;
	const cluster = useNodes(3, {
		async more(stage, n) {
			if (n !== 1) {
				return {};
			}
			proxy = await startProxy(stage.cluster.port);
			return { database: proxy.through(stage.cluster.conninfo), cluster_database: stage.cluster.conninfo };
		},
	});
	after(() => proxy.close());

	/** The server's processes of a node that is out are gone, and with them what they had locked. */
	const untilOut = (/** @type {string} */ pid) => until('the frozen broker to be out, and its feed\'s connection with it', async () =>
		(await cluster.postgres.query(`select count(*) from pg_stat_activity where pid = ${pid}`))[0][0] === '0', { every: 200, timeout: 40000 });

	/** @param {number} n */
	const pidOf = async (n) => (await cluster.postgres.query(`select pid from chat.nodes where gone_at is null and name = 'node-${n + 1}'`))[0][0];

	test('brings its clients what they have missed, in order, and everybody sees everybody again', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const [c] = newIds(1);
		const lobby = await cluster.at(1, { id: bob.id });
		await lobby.enterLobby();
		const cleo = await cluster.at(0, { id: c });
		const other = chatOf(bob.id, c);
		await cleo.join(other);
		await ann.say(chat, 'before');
		await bob.next(chat, is('message', { seq: 1 }));
		const pid = await pidOf(1);
		cluster.freeze(1);
		await ann.next(chat, leaves(bob.id));
		await untilOut(pid);
		for (let n = 2; n <= 30; n++) {
			await ann.say(chat, `message ${n}`);
		}
		await cleo.say(other, 'to your lobby');
		cluster.thaw(1);
		for (let seq = 2; seq <= 30; seq++) {
			const message = await bob.next(chat, 'message');
			assert.deepEqual([message.seq, message.text], [seq, `message ${seq}`]);
		}
		await ann.next(chat, joins(bob.id));
		const unread = await lobby.next(`user/${bob.id}`, (/** @type {any} */ event) =>
			event.event === 'unread' && event.chats.some((/** @type {any} */ it) => it.chat === other && it.count === 1));
		assert.equal(unread.total, 31);
		await cluster.allIn();
		await bob.say(chat, 'I am back');
		await ann.next(chat, is('message', { seq: 31 }));
		await bob.none(chat, is('message', { seq: 30 }));
	});

	test('stores what it had taken when it moves again, once', async () => {
		const { ann, bob, chat } = await cluster.couple();
		const pid = await pidOf(1);
		const room = chat.slice('chat/'.length);
		await ann.say(chat, 'first');
		await bob.next(chat, 'message');
		// It stops between a commit and the answer, which it never gets.
		proxy.holdAnswers();
		await bob.publish(chat, { event: 'message', text: 'caught', ref: 'caught' });
		await until('the message to be stored', async () => (await cluster.stored(room)).length === 2);
		await ann.next(chat, is('message', { ref: 'caught' }));
		cluster.freeze(1);
		await untilOut(pid);
		await ann.next(chat, leaves(bob.id));
		// What is sent to it while it stands still waits in its sockets, and is saved by a broker that is out.
		bob.mqtt.publish(chat, JSON.stringify({ event: 'message', text: 'held', ref: 'held' }), { qos: 1 });
		await ann.say(chat, 'meanwhile');
		proxy.cut();
		cluster.thaw(1);
		await bob.next(chat, is('message', { ref: 'held' }));
		await ann.next(chat, is('message', { ref: 'held' }));
		const texts = (await cluster.stored(room)).map((row) => row.text);
		assert.deepEqual(texts, ['first', 'caught', 'meanwhile', 'held'], 'each once');
		assert.deepEqual(bob.take(chat, 'message').map((/** @type {any} */ it) => it.text), ['caught', 'meanwhile']);
		await ann.none(chat, 'message');
	});

	test('does not hold up the others, nor fill the database', async () => {
		const talk = startTalk(await cluster.couple(0, 1), { every: 2 });
		await talk.goesOn('at all');
		const pid = await pidOf(2);
		cluster.freeze(2);
		await untilOut(pid);
		for (let more = scale(1, 30); more > 0; more--) {
			await talk.goesOn('beside a frozen broker', 100);
		}
		const [[usage]] = await cluster.postgres.query('select pg_notification_queue_usage()');
		assert.ok(Number(usage) < 0.01, `the queue of notifications is ${usage} full`);
		const { count } = await talk.end();
		await until('the feed to be trimmed', async () =>
			Number((await cluster.postgres.query('select count(*) from chat.feed'))[0][0]) < 50, { every: 500, timeout: 60000 });
		cluster.thaw(2);
		await cluster.allIn();
		console.log(`${count} messages beside a frozen broker`);
	});

	test('does not slow them down under load', { skip: LONG ? false : 'a long form' }, async () => {
		/** @param {string} name */
		async function load(name) {
			const report = join(cluster.dir, `${name}.json`);
			const ports = [0, 1].flatMap((n) => ['--port', String(cluster.nodes[n].tcpPort)]);
			const { code, stderr } = await run(LOADGEN, [
				'--kind', 'chat', '--mode', 'rate', '--rate', '5000', ...ports, '--users', '200', '--seconds', '20', '--json', report,
			], { env: { ...process.env, CHAT_SECRET: cluster.nodes[0].secrets[0] }, timeout: 180000 });
			assert.equal(code, 0, stderr);
			const figures = JSON.parse(readFileSync(report, 'utf8'));
			assert.deepEqual(faultsOf(figures, null), []);
			const [[usage, size]] = await cluster.postgres.query('select pg_notification_queue_usage(), pg_total_relation_size(\'chat.feed\') >> 20');
			console.log(`${name}: to the peer p50 ${figures.peer_ms.p50}, p99 ${figures.peer_ms.p99} ms; ${figures.whole.sent} messages; feed ${size} MiB, notifications ${usage}`);
			assert.ok(Number(usage) < 0.01);
			assert.ok(Number(size) < 512, 'the feed is bounded');
		}
		await load('all move');
		cluster.freeze(2);
		await load('one is frozen');
	});
});
