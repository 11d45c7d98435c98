// A private PostgreSQL cluster in a folder of its own.

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childrenOf, ended, run, start } from './children.js';
import { parseCsv } from './csv.js';
import { freePort } from './ports.js';
import { asPostgres, postgresUser, program } from './postgres.js';
import { openSession } from './session.js';
import { give, makeFolder, mustReach, serviceUser } from './users.js';
import { PATIENCE, until } from './wait.js';

const HOST = '127.0.0.1';
const DATABASE = 'chat';
const SUPERUSER = 'postgres';
const ROLE = 'chat_plugin';
const INSTALL = fileURLToPath(new URL('../../sql/install.sql', import.meta.url));

const SHUTDOWN = /** @type {const} */ ({ smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' });

/**
 * @typedef {object} Cluster
 * @property {string} host
 * @property {number} port
 * @property {string} dir
 * @property {string} database
 * @property {string} conninfo for the plugin's role; the broker's user can read its passfile
 * @property {string} superConninfo
 * @property {() => Promise<void>} install
 * @property {(sql: string) => Promise<string[][]>} query
 * @property {() => import('./session.js').Session} session
 * @property {() => Promise<void>} start
 * @property {(mode?: keyof typeof SHUTDOWN) => Promise<void>} stop
 * @property {() => Promise<void>} kill
 * @property {() => void} freeze
 * @property {() => void} thaw
 * @property {() => boolean} alive
 */

/**
 * @param {string} value
 * @returns {string} as a value in a libpq connection string
 */
function quoted(value) {
	return `'${value.replace(/[\\']/g, '\\$&')}'`;
}

/**
 * @param {string} dir
 * @param {string} role
 */
function passfileOf(dir, role) {
	return join(dir, `${role}.pass`);
}

/**
 * Makes a password for a role, for whoever reads the file. Ports change from start to start.
 * @param {string} dir
 * @param {string} role
 * @returns {string}
 */
function makePassfile(dir, role) {
	const password = randomBytes(24).toString('hex');
	writeFileSync(passfileOf(dir, role), `${HOST}:*:*:${role}:${password}\n`, { mode: 0o600 });
	return password;
}

/**
 * @param {string} dir
 * @param {string} role
 * @returns {string}
 */
function passwordOf(dir, role) {
	return readFileSync(passfileOf(dir, role), 'utf8').trim().split(':')[4];
}

/**
 * initdb, in a folder that gets its name only when it is complete.
 * @param {string} dir
 * @param {string} data
 * @param {boolean} durable
 */
async function initialise(dir, data, durable) {
	const unfinished = `${data}.unfinished`;
	rmSync(unfinished, { recursive: true, force: true });
	makeFolder(postgresUser(), unfinished, 0o700);
	makePassfile(dir, ROLE);
	give(serviceUser('mosquitto'), passfileOf(dir, ROLE));
	const handover = join(dir, 'initial.password');
	writeFileSync(handover, makePassfile(dir, SUPERUSER), { mode: 0o600 });
	give(postgresUser(), handover);
	const [command, args] = asPostgres('initdb', [
		'-D', unfinished, '-U', SUPERUSER, `--pwfile=${handover}`, '--auth=scram-sha-256',
		'-E', 'UTF8', '--locale=C.UTF-8', ...(durable ? [] : ['--no-sync']),
	]);
	const { code, stdout, stderr } = await run(command, args, { cwd: '/' });
	rmSync(handover);
	if (code !== 0) {
		throw new Error(`initdb failed: ${stdout}${stderr}`);
	}
	renameSync(unfinished, data);
}

/**
 * Starts the cluster that the folder holds, or makes one there. It ends with this process at the
 * latest; its data stay.
 * @param {{ dir: string, port?: number, settings?: Record<string, string | number> }} options
 *   `settings` are the server's own (`fsync`, `shared_buffers`, ...)
 * @returns {Promise<Cluster>}
 */
export async function startCluster({ dir: folder, port: wanted, settings = {} }) {
	const dir = resolve(folder);
	const data = join(dir, 'data');
	mustReach(postgresUser(), dir);
	mustReach(serviceUser('mosquitto'), dir);
	makeFolder(null, dir);
	const fresh = !existsSync(data);
	if (fresh) {
		await initialise(dir, data, settings.fsync !== 'off');
	}
	const port = wanted ?? await freePort();
	/** @param {string} role @param {string} database */
	const conninfoOf = (role, database) =>
		`host=${HOST} port=${port} dbname=${database} user=${role} passfile=${quoted(passfileOf(dir, role))}`;
	/** @type {import('./children.js').Child | undefined} */
	let postmaster;

	/** Standing still it makes no child that we would miss. */
	function stopPostmaster() {
		const stat = `/proc/${postmaster?.pid}/stat`;
		const still = () => / T /.test(readFileSync(stat, 'latin1'));
		postmaster?.signal('SIGSTOP');
		for (let ms = 0; !still(); ms++) {
			if (ms > PATIENCE) {
				throw new Error('waited for PostgreSQL to stand still');
			}
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
		}
	}

	/** @param {NodeJS.Signals} signal */
	function signalAll(signal) {
		if (postmaster?.alive()) {
			if (signal === 'SIGSTOP') {
				stopPostmaster();
			}
			const children = childrenOf(postmaster.pid);
			postmaster.signal(signal);
			for (const pid of children) {
				try {
					process.kill(pid, signal);
				} catch {
					// It has ended by itself since we looked.
				}
			}
		}
	}

	async function launch() {
		const values = {
			listen_addresses: HOST, port, unix_socket_directories: '', ...settings,
		};
		const [command, args] = asPostgres('postgres', [
			'-D', data, ...Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
		]);
		const log = openSync(join(dir, 'log'), 'a', 0o600);
		postmaster = await start(command, args, { output: log, cwd: '/', lastly: () => signalAll('SIGKILL') });
		closeSync(log);
		await until(`PostgreSQL to accept connections, see ${join(dir, 'log')}`, async () => {
			if (!postmaster?.alive()) {
				throw new Error(`PostgreSQL did not start:\n${readFileSync(join(dir, 'log'), 'utf8').slice(-2000)}`);
			}
			const { code } = await run(program('pg_isready'), ['-q', '-h', HOST, '-p', String(port)]);
			return code === 0;
		}, { timeout: 60000 });
	}

	/** @param {string} database */
	const psql = (database) => ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', conninfoOf(SUPERUSER, database)];

	/**
	 * @param {string[]} args
	 * @param {string} [input]
	 */
	async function runPsql(args, input) {
		const { code, stdout, stderr } = await run(program('psql'), args, { input });
		if (code !== 0) {
			throw new Error(`psql failed: ${stderr}`);
		}
		return stdout;
	}

	await launch();
	const exists = `select from pg_database where datname = '${DATABASE}'`;
	await runPsql(psql('postgres'), `select 'create database ${DATABASE}' where not exists (${exists}) \\gexec\n`);

	return {
		host: HOST,
		port,
		dir,
		database: DATABASE,
		conninfo: conninfoOf(ROLE, DATABASE),
		superConninfo: conninfoOf(SUPERUSER, DATABASE),
		async install() {
			await runPsql([...psql(DATABASE), '-o', '/dev/null', '-f', INSTALL]);
			// Through standard input: command lines are for everyone to read.
			await runPsql(psql(DATABASE), `alter role ${ROLE} login password '${passwordOf(dir, ROLE)}';\n`);
		},
		async query(sql) {
			return parseCsv(await runPsql([...psql(DATABASE), '--csv', '-t'], sql));
		},
		session: () => openSession(program('psql'), psql(DATABASE)),
		start: launch,
		async stop(mode = 'fast') {
			if (postmaster?.alive()) {
				postmaster.signal(SHUTDOWN[mode]);
				await ended('PostgreSQL', postmaster, 60000);
			}
		},
		async kill() {
			if (postmaster?.alive()) {
				stopPostmaster();
				const children = childrenOf(postmaster.pid);
				signalAll('SIGKILL');
				await ended('PostgreSQL', postmaster);
				// A new postmaster refuses to start beside children of the old one.
				await until('the killed PostgreSQL to be gone', () =>
					children.every((pid) => !existsSync(`/proc/${pid}/exe`)));
			}
		},
		freeze: () => signalAll('SIGSTOP'),
		thaw: () => signalAll('SIGCONT'),
		alive: () => Boolean(postmaster?.alive()),
	};
}
