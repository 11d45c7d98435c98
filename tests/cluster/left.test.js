// What the last brokers of a cluster leave behind in the database.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../stack/wait.js';
import { useNodes } from './stage.js';

/** By which column the rows of a broker are found. */
const OF_NODE = { nodes: 'node', online: 'node', places: 'node', heads: 'stream / 8', feed: 'stream / 8' };

for (const [how, end] of /** @type {[string, 'stop' | 'kill'][]} */ ([['is stopped', 'stop'], ['is killed', 'kill']])) {
	describe(`when the last broker of a cluster ${how}`, () => {
		const cluster = useNodes(1);
		/** @param {string} sql */
		const ask = async (sql) => (await cluster.postgres.query(sql))[0][0];
		/** @param {string} node */
		const left = (node) => ask(`select ${Object.entries(OF_NODE).map(([table, column]) =>
			`(select count(*) from chat.${table} where ${column} = ${node})`).join(' + ')}`);

		test('one without the option takes away all that is left of it', async () => {
			const { ann, bob, chat } = await cluster.couple(0, 0);
			await ann.say(chat, 'hello');
			await bob.next(chat, 'message');
			const node = await ask('select node from chat.nodes');
			await until('both to be online', async () => await ask(`select count(*) from chat.online where node = ${node}`) === '2');
			await cluster.nodes[0][end]();
			await cluster.another({ options: { cluster: false } });
			await until('the next one to be in', async () => await ask('select count(*) from chat.nodes where not in_cluster') === '1');
			// As if it had been silent for a while.
			await cluster.postgres.query('update chat.feed set at = at - interval \'30 s\'');
			await cluster.postgres.query(`update chat.nodes set seen_at = seen_at - interval '30 s' where node = ${node}`);
			assert.equal(await ask(`select chat.is_online('${ann.id}')`), 'f');
			await until('nothing to be left', async () => await left(node) === '0', { every: 100 });
			assert.equal(await ask(`select chat.is_online('${ann.id}')`), 'f');
		});
	});
}
