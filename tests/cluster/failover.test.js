// PostgreSQL fails over to a standby under brokers that share it.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { join } from 'node:path';
import { startStandby } from '../stack/standby.js';
import { LONG, useNodes } from './stage.js';
import { startTalk, stillCross } from './talk.js';

// A long form: where all is slow, more than a page is said meanwhile, and these readers ask for no older pages.
describe('when a standby is promoted', { skip: LONG ? false : 'CHAT_CLUSTER=long asks for it' }, () => {
	/** @type {Awaited<ReturnType<typeof startStandby>>} */
	let standby;
	const cluster = useNodes(2, {
		async more(stage) {
			if (!standby) {
				standby = await startStandby(stage.cluster, join(stage.dir, 'standby'), { fsync: 'off', max_connections: 30 });
				// What is echoed is on both then.
				await stage.cluster.query('alter system set synchronous_standby_names = \'*\'');
				await stage.cluster.query('select pg_reload_conf()');
			}
			const { host, port, conninfo } = stage.cluster;
			const both = conninfo.replace(`host=${host}`, `host=${host},${host}`).replace(`port=${port}`, `port=${port},${standby.port}`);
			return { database: `${both} target_session_attrs=read-write connect_timeout=2` };
		},
	});
	after(() => standby.stop('immediate'));

	test('nothing that was echoed is lost, and everybody begins anew on it', async () => {
		const couple = await cluster.couple();
		const { ann, bob, chat } = couple;
		await ann.enterLobby();
		const talk = startTalk(couple);
		await talk.goesOn('before the failover');
		await cluster.postgres.kill();
		await standby.promote();
		await talk.goesOn('after the failover');
		const { pages } = await talk.end();
		assert.ok(pages > 0, 'of another epoch');
		for (const who of [ann, bob]) {
			await who.next(chat, 'presence_state');
		}
		await ann.next(`user/${ann.id}`, 'unread');
		await stillCross(couple);
		const names = await standby.query('select name from chat.nodes where in_cluster order by name');
		assert.deepEqual(names, [['node-1'], ['node-2']]);
	});
});
