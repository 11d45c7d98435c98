// Applications of other frameworks, started for a test: each in a copy of its folder below apps/, with the
// host file in the place that the guide names.

import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, openSync, closeSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ended, run, start } from '../../../tests/stack/children.js';
import { startCluster } from '../../../tests/stack/cluster.js';
import { scratchFolder } from '../../../tests/stack/folder.js';
import { freePort } from '../../../tests/stack/ports.js';
import { until } from '../../../tests/stack/wait.js';
import { programs } from './guide.js';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const APPS = fileURLToPath(new URL('apps', import.meta.url));

/** The line of SQL with which the guide lets an application in. */
const grants = () => programs('What all have in common').filter(({ language }) => language === 'sql').map(({ code }) => code).join('\n');

export const SECRET = 'the secret of the host applications\' tests';

/**
 * @typedef {object} App
 * @property {string} origin
 * @property {() => boolean} alive
 * @property {() => string} log
 * @property {() => Promise<void>} stop
 */

/**
 * A copy of an application, with the package in its node_modules.
 * @param {string} name
 * @param {string} [install] what the guide says to type, if anything
 * @returns {Promise<string>} its folder
 */
export async function copyOf(name, install) {
	const folder = join(scratchFolder(`host-${name}`), name);
	cpSync(join(APPS, name), folder, { recursive: true });
	mkdirSync(join(folder, 'node_modules'));
	symlinkSync(PACKAGE, join(folder, 'node_modules', 'mosquitto-chat'));
	symlinkSync(join(PACKAGE, 'node_modules', 'pg'), join(folder, 'node_modules', 'pg'));
	if (install) {
		await mustRun('sh', ['-euc', install], { cwd: folder });
	}
	return folder;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function mustRun(command, args, options) {
	const { code, stdout, stderr } = await run(command, args, options);
	if (code !== 0) {
		throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
	}
	return stdout;
}

/**
 * A database with the chat's schema, and a role for the application that may do what the guide says.
 * @param {string} folder
 */
export async function startDatabase(folder) {
	const cluster = await startCluster({ dir: join(folder, 'postgres'), settings: { fsync: 'off', shared_buffers: '16MB' } });
	await cluster.install();
	const password = randomBytes(16).toString('hex');
	await cluster.query(`create role shop login createdb password '${password}'; grant create on schema public to shop`);
	await cluster.query(grants());
	return {
		...cluster,
		/** What libpq, and what is like it, reads. @type {NodeJS.ProcessEnv} */
		env: { PGHOST: cluster.host, PGPORT: String(cluster.port), PGDATABASE: cluster.database, PGUSER: 'shop', PGPASSWORD: password },
		makeTables: () => cluster.query(readFileSync(join(APPS, 'tables.sql'), 'utf8')),
	};
}

/**
 * Starts an application and waits until it answers.
 * @param {string} folder
 * @param {(port: number) => string[]} command
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<App>}
 */
export async function startApp(folder, command, env = {}) {
	const port = await freePort();
	const logFile = join(folder, `log-${port}`);
	const log = () => readFileSync(logFile, 'utf8');
	const output = openSync(logFile, 'w');
	const [program, ...args] = command(port);
	const child = await start(program, args, { cwd: folder, output, env: { ...process.env, LANG: 'C.UTF-8', CHAT_SECRET: SECRET, ...env } });
	closeSync(output);
	const origin = `http://127.0.0.1:${port}`;
	await until(`${program} to answer, see ${logFile}`, async () => {
		if (!child.alive()) {
			throw new Error(`${program} did not start:\n${log()}`);
		}
		return fetch(origin, { signal: AbortSignal.timeout(30000) }).then((answer) => answer.arrayBuffer(), () => null);
	}, { every: 100, timeout: 90000 });
	return {
		origin,
		alive: child.alive,
		log,
		async stop() {
			child.signal('SIGTERM');
			await ended(program, child);
		},
	};
}

/**
 * Somebody with a browser: keeps the cookies that the application sets.
 * @param {App} app
 */
export function visit(app) {
	/** @type {Map<string, string>} */
	const jar = new Map();
	/** @param {string} path @param {RequestInit} [init] */
	async function get(path, init = {}) {
		const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
		const answer = await fetch(app.origin + path, {
			redirect: 'manual',
			signal: AbortSignal.timeout(30000),
			...init,
			headers: { ...(cookie ? { cookie } : {}), ...init.headers },
		});
		// Debian's Node 18 has no getSetCookie().  A comma within a line stands before a date.
		for (const line of (answer.headers.get('set-cookie') ?? '').split(/, (?=[^;,]+=)/).filter(Boolean)) {
			const [name, ...value] = line.split(';')[0].split('=');
			jar.set(name, value.join('='));
		}
		return { status: answer.status, headers: answer.headers, text: await answer.text() };
	}
	return { get };
}
