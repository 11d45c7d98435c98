// What happens to PostgreSQL, and to the ways to it, under brokers that share it.

import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is } from '../e2e/inbox.js';
import { ended, start } from '../stack/children.js';
import { freePort } from '../stack/ports.js';
import { startProxy } from '../stack/proxy.js';
import { startStandby } from '../stack/standby.js';
import { give, makeFolder, serviceUser } from '../stack/users.js';
import { until } from '../stack/wait.js';
import { joins, scale, useNodes } from './stage.js';
import { startTalk } from './talk.js';

/** The talk after what has happened: everything crosses, as before. @param {any} couple */
async function stillCross({ ann, bob, chat }) {
	await ann.publish(chat, { event: 'typing' });
	await bob.next(chat, 'typing');
	const echo = await ann.say(chat, 'and now?');
	assert.deepEqual(await bob.next(chat, is('message', { seq: echo.seq })), echo);
	await bob.publish(chat, { event: 'read', seq: echo.seq });
	await ann.next(chat, is('read', { user_id: bob.id, seq: echo.seq }));
}

// Each has a PostgreSQL of its own, and waits more than it computes.
describe('what happens to PostgreSQL', { concurrency: 4 }, () => {
	describe('when PostgreSQL crashes', () => {
		const cluster = useNodes(2);

		test('what waits is stored and heard everywhere once it is back, and nobody has left', async () => {
			const couple = await cluster.couple();
			const talk = startTalk(couple);
			for (let times = scale(2, 50); times > 0; times--) {
				await talk.goesOn('between two crashes');
				await cluster.postgres.kill();
				await cluster.postgres.start();
			}
			await talk.goesOn('after the last one');
			await talk.end();
			await cluster.allIn();
			for (const who of [couple.ann, couple.bob]) {
				await who.none(couple.chat, 'presence_diff');
			}
			await stillCross(couple);
			const { presence } = await couple.ann.join(couple.chat);
			assert.deepEqual(Object.keys(presence.users).sort(), [couple.ann.id, couple.bob.id].sort());
		});
	});

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

	describe('with a pooler before PostgreSQL', () => {
		/** @type {import('../stack/children.js').Child} */
		let pooler;

		/** @param {{ dir: string, cluster: import('../stack/cluster.js').Cluster }} stage */
		async function startPooler({ dir, cluster }) {
			const folder = join(dir, 'pooler');
			const user = serviceUser('postgres');
			makeFolder(user, folder, 0o700);
			const port = await freePort();
			// It passes on the password that it is shown; what it asks for itself is its own.
			const [[verifier]] = await cluster.query('select rolpassword from pg_authid where rolname = \'chat_plugin\'');
			writeFileSync(join(folder, 'users'), `"chat_plugin" "${verifier}"\n`);
			writeFileSync(join(folder, 'ini'), ['[databases]', `chat = host=${cluster.host} port=${cluster.port}`, '[pgbouncer]',
				`listen_addr = ${cluster.host}`, `listen_port = ${port}`, 'unix_socket_dir =', 'auth_type = scram-sha-256', `auth_file = ${folder}/users`,
				'pool_mode = session', 'default_pool_size = 20', `logfile = ${folder}/log`, 'ignore_startup_parameters = extra_float_digits,options', ''].join('\n'));
			give(user, join(folder, 'users'));
			give(user, join(folder, 'ini'));
			const become = user ? ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--'] : [];
			const [command, ...args] = [...become, '/usr/sbin/pgbouncer', join(folder, 'ini')];
			pooler = await start(command, args, { cwd: '/' });
			return cluster.conninfo.replace(`port=${cluster.port}`, `port=${port}`);
		}

		/** @type {string | undefined} */
		let through;
		const cluster = useNodes(2, {
			async more(stage) {
				through ??= await startPooler(stage);
				return { database: through, cluster_database: stage.cluster.conninfo };
			},
		});
		after(async () => {
			pooler.signal('SIGINT');
			await ended('pgbouncer', pooler);
		});

		test('the feed goes past it, and everything crosses', async () => {
			const couple = await cluster.couple();
			await stillCross(couple);
		});
	});
});
