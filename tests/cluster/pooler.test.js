// A pooler between the brokers and PostgreSQL.

import { after, describe, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, start } from '../stack/children.js';
import { freePort } from '../stack/ports.js';
import { give, makeFolder, serviceUser } from '../stack/users.js';
import { useNodes } from './stage.js';
import { stillCross } from './talk.js';

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
