// What must stay secret, and what the plugin's role in PostgreSQL may do: as little as it can.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { connect, refusalOf } from '../e2e/client.js';
import { useStage } from '../e2e/stage.js';
import { run } from '../stack/children.js';
import { findInMemory } from '../stack/memory.js';
import { program } from '../stack/postgres.js';
import { signJwt, signName } from '../stack/tokens.js';
import { until } from '../stack/wait.js';

const SECRET = 'the very secret that nobody may see';
const TEXT = 'a text that is nobody else\'s business';

/** @param {string} dir @param {string} role */
const passwordOf = (dir, role) => readFileSync(`${dir}/${role}.pass`, 'utf8').trim().split(':')[4];

describe('secrets', () => {
	const stage = useStage({ secrets: [SECRET], conf: 'log_type all' });

	test('stand neither in the log, nor in what clients hear, nor in the list of processes', async () => {
		const { broker, cluster } = stage;
		const password = passwordOf(cluster.dir, 'chat_plugin');
		const good = signName(SECRET, '7', 'Ann');
		const forged = signName('a secret that is not the right one', '7', 'Ann');
		const exp = Math.floor(Date.now() / 1000) + 60;
		const jwt = signJwt(SECRET, { sub: '7', exp });
		const bad = signJwt(SECRET, { sub: '7', exp: exp - 6000 });
		const ann = await connect({ broker, id: '7', ...good });
		await (await connect({ broker, id: '7', username: '', password: jwt })).end();
		await refusalOf({ broker, ...forged });
		await refusalOf({ broker, username: '', password: bad });
		await ann.join('chat/7/8');
		await ann.enterLobby();
		await ann.say('chat/7/8', TEXT);
		// The database refuses one, and says why at length: with the row, to whoever asks it.
		await cluster.query(`alter table chat.messages add constraint no_poison check (text <> '${TEXT.replace("'", "''")} again')`);
		const error = await ann.refusal('chat/7/8', { event: 'message', text: `${TEXT} again` });
		assert.equal(error.code, 'rejected');
		assert.ok(!JSON.stringify(error).includes(TEXT) && !/constraint|no_poison|chat\.messages/.test(JSON.stringify(error)));
		// And goes away, which the log hears of.
		await cluster.stop('immediate');
		await until('the log to say that the database is away', () => /chat: .*database/i.test(broker.log().slice(-3000)));
		const away = await ann.refusal('chat/7/8', { event: 'history' });
		await cluster.start();
		const heard = JSON.stringify([error, away]);
		const processes = readdirSync('/proc').filter((it) => /^\d+$/.test(it)).map((pid) => {
			try {
				return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
			} catch {
				return '';
			}
		}).join('\n');
		broker.reload();
		await until('the broker to reload', () => broker.log().includes('secrets read again'));
		const log = broker.log();
		for (const [what, word] of Object.entries({ secret: SECRET, password, good: good.password, forged: forged.password, jwt, bad, signature: jwt.split('.')[2], text: TEXT })) {
			assert.ok(!log.includes(word), `the log has the ${what}`);
			assert.ok(!heard.includes(word), `a client hears the ${what}`);
			assert.ok(!processes.includes(word), `the list of processes has the ${what}`);
		}
		// What the plugin says of itself names no place to log in to but what an operator wrote.
		assert.ok(!/password=|passfile=/.test(log.split('\n').filter((line) => / chat: /.test(line)).join('\n')));
	});

	test('that sign tokens stand in the memory of the broker once, and in no core dump', async (t) => {
		const { broker } = stage;
		const places = (/** @type {Buffer} */ bytes) => findInMemory(broker.pid, bytes);
		try {
			places(Buffer.from(SECRET));
		} catch (error) {
			if (!['EACCES', 'EPERM'].includes(/** @type {any} */ (error).code)) {
				throw error;
			}
			t.skip('the memory of the broker cannot be read by this user');
			return;
		}
		const others = SECRET.replace('very', 'next');
		for (const live of [SECRET, others]) {
			for (const transport of /** @type {const} */ (['tcp', 'ws'])) {
				await (await connect({ broker, id: '7', secret: live, transport })).end();
				assert.equal(await refusalOf({ broker, id: '7', secret: live === SECRET ? others : SECRET, transport }), 5);
			}
			const found = places(Buffer.from(live));
			assert.deepEqual(found.map((it) => it.dumped), [false], JSON.stringify(found));
			// A part of it, and what HMAC makes of its key.
			for (const [part, mask] of [[live.slice(0, 16), 0], [live.slice(-16), 0], [live, 0x36], [live, 0x5c]]) {
				const dumped = places(Buffer.from(part).map((byte) => byte ^ mask)).filter((it) => it.dumped);
				assert.deepEqual(dumped, [], `${mask}`);
			}
			const reloads = broker.log().split('secrets read again').length;
			broker.writeSecrets([others]);
			broker.reload();
			await until('the broker to reload', () => broker.log().split('secrets read again').length > reloads);
		}
		// What is not live any more is wiped.
		assert.deepEqual(places(Buffer.from(SECRET)), []);
	});

	test('are not in the conf, which stands in the memory and in the dumps of the broker', async () => {
		const conf = readFileSync(`${stage.broker.dir}/mosquitto.conf`, 'utf8');
		assert.ok(!conf.includes(SECRET) && !conf.includes(passwordOf(stage.cluster.dir, 'chat_plugin')));
		const example = readFileSync(new URL('../../mosquitto.conf.example', import.meta.url), 'utf8');
		assert.ok(!/password=/.test(example) && /secret_file/.test(example) && /passfile=/.test(example));
	});
});

describe('the role of the plugin', () => {
	const stage = useStage();

	/** @param {string} sql @returns {Promise<string>} what PostgreSQL says: empty when it has done it */
	async function tries(sql) {
		const { code, stderr } = await run(program('psql'), ['-X', '-v', 'ON_ERROR_STOP=1', '-d', stage.cluster.conninfo, '-c', sql]);
		return code === 0 ? '' : stderr;
	}

	test('may call the functions, and that is all', async () => {
		const { ann, chat } = await stage.couple();
		await ann.say(chat, 'stored');
		const [[role]] = await stage.cluster.query("select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication from pg_roles where rolname = 'chat_plugin'");
		assert.equal(role, 'f');
		assert.equal(await tries('select chat.version()'), '');
		for (const sql of [
			'select * from chat.messages', 'select count(*) from chat.messages', 'select text from chat.messages limit 1', 'select * from chat.conversations', 'table chat.schema_version',
			"insert into chat.messages (room, seq, user_id, opponent_id, text, sent_at, key) values ('1/2', 99, '1', '2', 'x', now(), gen_random_uuid())",
			"update chat.messages set text = 'changed'", 'delete from chat.messages', 'truncate chat.messages', 'drop table chat.messages', 'alter table chat.messages add x int',
			'update chat.conversations set last_seq = 0', "copy chat.messages to '/tmp/stolen'", "copy (select 1) to program 'id'", 'do $$ begin lock table chat.messages; end $$',
			'create table chat.mine (a int)', 'create function chat.mine() returns int language sql as $$ select 1 $$', 'create schema mine',
			'drop function chat.version()', 'alter function chat.version() owner to chat_plugin', 'grant all on chat.messages to public', 'alter role chat_plugin superuser',
			'create role other', 'set role postgres', 'create extension dblink', "select pg_read_file('/etc/passwd')", "select lo_import('/etc/passwd')",
			'select * from pg_authid', "alter system set log_statement = 'all'", 'create trigger t after insert on chat.messages execute function chat.version()',
		]) {
			const said = await tries(sql);
			assert.match(said, /permission denied|must be (owner|superuser|member)|must have|not allowed|does not exist|only superuser|denied/i, sql);
		}
		assert.deepEqual((await stage.stored(chat.slice(5))).map((it) => it.text), ['stored']);
	});

	test('finds only the functions that it calls', async () => {
		const rows = await stage.cluster.query(
			"select p.proname, has_function_privilege('chat_plugin', p.oid, 'execute'), has_function_privilege('public', p.oid, 'execute'), p.prosecdef, p.proconfig::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'chat'");
		const may = rows.filter((row) => row[1] === 't').map((row) => row[0]).sort();
		const store = new URL('../../plugin/store/', import.meta.url);
		const source = readdirSync(store).map((file) => readFileSync(new URL(file, store), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '')).join('');
		const called = [...new Set([...source.matchAll(/\bchat\.([a-z_]+)\(/g)].map((it) => it[1]))].sort();
		// A plugin of the first edition goes on working for one release.
		const others = ['deliver', 'history', 'save', 'save_each', 'unread'];
		assert.deepEqual([...new Set(may)], [...called, ...others].sort());
		for (const [name, , everybody, definer, config] of rows) {
			assert.equal(everybody, 'f', name);
			// With the rights of their owner, only with a search path that nobody else can put something into.
			assert.ok(definer === 'f' || /search_path/.test(config), name);
		}
	});
});
