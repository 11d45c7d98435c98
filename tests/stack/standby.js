// A standby of a private PostgreSQL cluster, to be promoted when that is gone.

import { copyFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './children.js';
import { startCluster } from './cluster.js';
import { asPostgres, postgresUser } from './postgres.js';
import { give, makeFolder, serviceUser } from './users.js';
import { until } from './wait.js';

/**
 * @param {import('./cluster.js').Cluster} primary
 * @param {string} dir
 * @param {Record<string, string | number>} [settings]
 */
export async function startStandby(primary, dir, settings = {}) {
	makeFolder(null, dir);
	makeFolder(postgresUser(), join(dir, 'data'), 0o700);
	const owner = join(primary.dir, 'postgres.pass');
	// Its own user could not read that file.
	const PGPASSWORD = readFileSync(owner, 'utf8').trim().split(':')[4];
	const [command, args] = asPostgres('pg_basebackup', [
		'-D', join(dir, 'data'), '-h', primary.host, '-p', String(primary.port), '-U', 'postgres', '-R', '-X', 'stream', '-c', 'fast', '--no-sync',
	]);
	const { code, stderr } = await run(command, args, { cwd: '/', env: { ...process.env, PGPASSWORD } });
	if (code !== 0) {
		throw new Error(`pg_basebackup failed: ${stderr}`);
	}
	for (const [file, user] of /** @type {const} */ ([[owner, null], [join(primary.dir, 'chat_plugin.pass'), serviceUser('mosquitto')]])) {
		copyFileSync(file, join(dir, basename(file)));
		give(user, join(dir, basename(file)));
	}
	const standby = await startCluster({ dir, settings });
	await until('the standby to receive', async () =>
		(await primary.query('select count(*) from pg_stat_replication where state = \'streaming\''))[0][0] === '1');
	return Object.assign(standby, {
		async promote() {
			await standby.query('select pg_promote()');
		},
	});
}
