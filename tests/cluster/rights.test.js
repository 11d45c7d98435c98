// Who can read or disturb what the brokers tell each other through the database.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../stack/children.js';
import { program } from '../stack/postgres.js';
import { openSession } from '../stack/session.js';
import { is } from '../e2e/inbox.js';
import { useNodes } from './stage.js';

const TABLES = ['nodes', 'heads', 'feed', 'feed_id', 'places'];

describe('what brokers tell each other', () => {
	const cluster = useNodes(2);

	before(async () => {
		await cluster.postgres.query('create role stranger login password \'a stranger\'; create role application login password \'an application\'; grant chat_app to application');
	});

	/** @param {string} role @param {string} password */
	const conninfoOf = (role, password) => `host=${cluster.postgres.host} port=${cluster.postgres.port} dbname=chat user=${role} password='${password}'`;

	/** @type {[string, () => string, string][]} */
	const roles = [
		['the plugin\'s role', () => conninfoOf('chat_plugin', readFileSync(join(cluster.postgres.dir, 'chat_plugin.pass'), 'utf8').trim().split(':')[4]), 'chat_plugin'],
		['the application\'s role', () => conninfoOf('application', 'an application'), 'application'],
		['a role that has nothing to do with chat', () => conninfoOf('stranger', 'a stranger'), 'stranger'],
	];

	/** @param {string} conninfo @param {string} sql */
	const psql = (conninfo, sql) => run(program('psql'), ['-X', '-q', '-At', '-d', conninfo], { input: sql });

	for (const [who, conninfo] of roles) {
		test(`cannot be read from the tables by ${who}`, async () => {
			for (const table of TABLES) {
				for (const sql of [`select * from chat.${table}`, `delete from chat.${table}`, `copy chat.${table} to stdout`]) {
					const { stdout, stderr } = await psql(conninfo(), sql);
					assert.match(stderr, /permission denied/, sql);
					assert.equal(stdout, '');
				}
			}
		});

		test(`is not in the notifications that ${who} can listen to`, async () => {
			const { ann, bob, chat } = await cluster.couple();
			const session = openSession(program('psql'), ['-X', '-q', '-At', '-d', conninfo()]);
			await session.run('listen chat_feed');
			let heard = '';
			for (let n = 0; n < 20 && !heard.includes('notification'); n++) {
				await ann.say(chat, `a secret ${n}`);
				await bob.next(chat, is('message', { text: `a secret ${n}` }));
				heard += await session.run('select 1');
			}
			await session.end();
			assert.match(heard, /Asynchronous notification "chat_feed"/, 'somebody was woken');
			assert.doesNotMatch(heard, /payload|secret/);
		});
	}

	for (const [who, conninfo, role] of roles.slice(1)) {
		test(`cannot be called for by ${who}`, async () => {
			const functions = await cluster.postgres.query(`select p.oid::regprocedure from pg_proc p where pronamespace = 'chat'::regnamespace
				and proname in ('node_enter', 'node_beat', 'retire_node', 'current_heads', 'cut', 'tell', 'tell_stored', 'place')`);
			assert.equal(functions.length, 8, functions.join());
			for (const [name] of functions) {
				const may = await cluster.postgres.query(`select has_function_privilege('${role}', '${name}', 'execute')`);
				assert.deepEqual(may, [['f']], name);
			}
		});

		test(`is not disturbed by notifications from ${who}`, async () => {
			const { ann, bob, chat } = await cluster.couple();
			const forged = Array.from({ length: 200 }, (_, n) => `notify chat_feed, '{"event":"message","seq":${n},"text":"forged"}';`).join('\n');
			const { stderr } = await psql(conninfo(), forged);
			assert.equal(stderr, '');
			const echo = await ann.say(chat, 'genuine');
			assert.deepEqual(await bob.next(chat, is('message', { seq: echo.seq })), echo);
			await bob.none(chat, 'message');
		});
	}

	test('is passed over where a broker of another version says what this one does not know', async () => {
		const { ann, bob, chat } = await cluster.couple();
		await ann.say(chat, 'before');
		await bob.next(chat, 'message');
		// A row in each known kind and an unknown one, with a body that nobody can read.
		const kinds = ['m', 'b', 'q', 'g', 'r', 'o', 'u', 'd', 'Z'];
		const [[stream]] = await cluster.postgres.query('select stream from chat.heads where open order by stream desc limit 1');
		for (const kind of kinds) {
			for (const body of ['null', '\'\'', '\'\\xff\'', '\'\\xff00000001ffffffffffffffffffffffff\'']) {
				await cluster.postgres.query(`with head as (select n from chat.heads where stream = ${stream} for update)
					insert into chat.feed (stream, n, kind, seqs, body)
					select ${stream}, 1 + coalesce((select max(n) from chat.feed where stream = ${stream}), n), '${kind}', '{701,702,703}', ${body}::bytea from head`);
			}
		}
		const echo = await ann.say(chat, 'after');
		assert.deepEqual(await bob.next(chat, is('message', { seq: 2 })), echo);
		const back = await bob.say(chat, 'and back');
		assert.deepEqual(await ann.next(chat, is('message', { seq: 3 })), back);
		assert.ok(cluster.nodes.every((node) => node.alive()));
		await ann.none(chat, 'message');
		await bob.none(chat, 'message');
	});
});
