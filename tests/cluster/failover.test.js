// PostgreSQL fails over to a standby under brokers that share it.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { join } from 'node:path';
import { startStandby } from '../stack/standby.js';
import { until } from '../stack/wait.js';
import { useNodes } from './stage.js';
import { startTalk, stillCross } from './talk.js';

/** More than the page of history that everybody is sent when they begin anew. */
const MORE_THAN_A_PAGE = 60;

describe('when a standby is promoted', () => {
	/** @type {Awaited<ReturnType<typeof startStandby>>} */
	let standby;
	const cluster = useNodes(2, {
		async more(stage) {
			if (!standby) {
				standby = await startStandby(stage.cluster, join(stage.dir, 'standby'), { fsync: 'off', max_connections: 30 });
				// What is echoed is on both then.
				await stage.cluster.query('alter system set synchronous_standby_names = \'*\'');
				await stage.cluster.query('select pg_reload_conf()');
				await until('the standby to be waited for', async () =>
					(await stage.cluster.query('select sync_state from pg_stat_replication'))[0]?.[0] === 'sync');
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
		const before = talk.sent();
		await until('more than a page to be said meanwhile', () => talk.sent() > before + MORE_THAN_A_PAGE);
		await standby.promote();
		await talk.goesOn('after the failover');
		const { pages } = await talk.end();
		assert.ok(pages > 0, 'of another epoch');
		for (const who of [ann, bob]) {
			await who.next(chat, 'presence_state');
		}
		await ann.next(`user/${ann.id}`, 'unread');
		await stillCross(couple);
		await until('both brokers to be in, and no other', async () =>
			(await standby.query('select name from chat.nodes where gone_at is null order by name')).join() === 'node-1,node-2');
	});
});
