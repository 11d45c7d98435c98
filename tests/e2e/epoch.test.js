// A database that may have gone back in time: a restored backup, a promoted standby.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../stack/wait.js';
import { useStage } from './stage.js';

describe('another epoch', () => {
	const stage = useStage();

	test('makes everybody who is subscribed begin anew, and the log says so', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.enterLobby();
		const { epoch } = (await bob.join(chat)).history;
		await ann.say(chat, 'before');
		// As after a failover: another server, where what was committed last may be missing.
		await stage.cluster.query(`create or replace function chat.epoch() returns text language sql
			set search_path = pg_catalog, pg_temp as $$ select 'ffffffffffffffff' $$`);
		await stage.cluster.query(`delete from chat.messages where room = '${chat.slice(5)}' and seq = 1`);
		await stage.cluster.query(`update chat.conversations set last_seq = 0 where room = '${chat.slice(5)}'`);
		ann.take(null);
		bob.take(null);
		await stage.cluster.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'chat_plugin'`);
		for (const who of [ann, bob]) {
			const history = await who.next(chat, 'history');
			assert.equal(history.epoch, 'ffffffffffffffff');
			assert.notEqual(history.epoch, epoch);
			assert.deepEqual(history.messages, []);
		}
		assert.equal((await ann.next(`user/${ann.id}`, 'unread')).total, 0);
		const echo = await ann.say(chat, 'after');
		assert.equal(echo.seq, 1);
		assert.deepEqual(await bob.next(chat, 'message'), echo);
		await until('the log to say so', () => /chat: database: is another one than before, or was set back/.test(stage.broker.log()));
	});
});
