// A broker whose way to the others is gone, though it can store.

import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { is } from '../e2e/inbox.js';
import { startProxy } from '../stack/proxy.js';
import { until } from '../stack/wait.js';
import { joins, useNodes } from './stage.js';
import { stillCross } from './talk.js';

describe('when a broker cannot hear the others, though it can store', () => {
	/** @type {Awaited<ReturnType<typeof startProxy>>} */
	let proxy;
	const cluster = useNodes(2, {
		async more(stage, n) {
			proxy ??= await startProxy(stage.cluster.port);
			return n === 1 ? { cluster_database: proxy.through(stage.cluster.conninfo) } : {};
		},
	});
	afterEach(() => proxy.reopen());
	after(() => proxy.close());

	for (const [how, trimmed] of /** @type {[string, boolean][]} */ ([['for a moment', false], ['until what it missed is out of the feed', true]])) {
		test(`it catches up, when that lasted ${how}`, async () => {
			const couple = await cluster.couple();
			const { ann, bob, chat } = couple;
			const phone = await cluster.at(1, { id: bob.id });
			await phone.enterLobby();
			await ann.say(chat, 'one');
			await bob.next(chat, is('message', { seq: 1 }));
			proxy.shut();
			for (let seq = 2; seq <= 20; seq++) {
				assert.equal((await ann.say(chat, `message ${seq}`)).seq, seq);
			}
			await ann.publish(chat, { event: 'edit', seq: 2, text: 'edited meanwhile' });
			await ann.next(chat, 'changed');
			if (trimmed) {
				await until('the feed to be trimmed', async () =>
					(await cluster.postgres.query('select count(*) from chat.feed where kind in (\'m\', \'g\')'))[0][0] === '0', { every: 500, timeout: 60000 });
			}
			proxy.reopen();
			for (let seq = 2; seq <= 20; seq++) {
				assert.equal((await bob.next(chat, 'message')).seq, seq);
			}
			await bob.next(chat, (/** @type {any} */ event) => event.event === 'changed' || (event.event === 'history' && event.change === 1));
			await phone.next(`user/${bob.id}`, (/** @type {any} */ event) => (event.event === 'unread' ? event.total === 20 : event.message?.seq === 20));
			await cluster.allIn();
			await stillCross(couple);
			await ann.none(chat, (/** @type {any} */ event) => joins(ann.id)(event));
		});
	}
});
