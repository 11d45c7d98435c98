// Socket.IO's server of peers/, looking like a broker to the load generator.

import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childrenOf, ended, run, start } from '../stack/children.js';
import { freePort } from '../stack/ports.js';
import { until } from '../stack/wait.js';
import { SECRET } from './servers.js';

const PEERS = fileURLToPath(new URL('./peers', import.meta.url));
const PEERS_BUILT = fileURLToPath(new URL('../../build/bench/peers', import.meta.url));
const INSTALL_MS = 300000;
const START_MS = 30000;

/** From npm, into the build. */
export async function installPeers() {
	mkdirSync(PEERS_BUILT, { recursive: true });
	for (const file of ['package.json', 'socketio.js']) {
		copyFileSync(join(PEERS, file), join(PEERS_BUILT, file));
	}
	process.stderr.write('installing Socket.IO and pg\n');
	const installed = await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: PEERS_BUILT, timeout: INSTALL_MS });
	if (installed.code !== 0) {
		throw new Error(`npm install failed: ${installed.stderr}`);
	}
}

/**
 * @param {import('../stack/cluster.js').Cluster} cluster
 * @param {{ workers: number, shared?: boolean, database?: string }} options `shared`: one of several servers that hear each
 *   other through PostgreSQL
 * @returns {Promise<import('./servers.js').Side>}
 */
export async function startSocketIo(cluster, { workers, shared = false, database = 'peers' }) {
	if ((await cluster.query(`select 1 from pg_database where datname = '${database}'`)).length === 0) {
		await cluster.query(`create database ${database}`);
	}
	const port = await freePort();
	const passfile = cluster.superConninfo.match(/passfile='([^']*)'/)?.[1] ?? '';
	const child = await start(process.execPath, [join(PEERS_BUILT, 'socketio.js'), String(port), String(workers)], {
		env: {
			...process.env, SECRET, PGHOST: cluster.host, PGPORT: String(cluster.port), PGUSER: 'postgres', PGDATABASE: database,
			PGPASSWORD: readFileSync(passfile, 'utf8').trim().split(':')[4], ...shared ? { SHARED: '1' } : {},
		},
		output: 2,
	});
	await until('Socket.IO to listen', () => accepts(port), { timeout: START_MS });
	async function stop() {
		const workers_ = childrenOf(child.pid);
		child.signal('SIGKILL');
		workers_.forEach((pid) => {
			try {
				process.kill(pid, 'SIGKILL');
			} catch {
				// It has ended by itself, as a worker without its primary does.
			}
		});
		await ended('Socket.IO', child);
	}
	return {
		kind: 'socketio',
		broker: /** @type {any} */ ({ pid: child.pid, wsPort: port, tcpPort: port, stop, kill: stop, alive: () => child.alive() }),
	};
}

/** @param {number} port @returns {Promise<boolean>} */
function accepts(port) {
	return new Promise((resolve) => {
		const socket = connect({ port, host: '127.0.0.1' });
		socket.once('connect', () => socket.end());
		socket.once('error', () => resolve(false));
		socket.once('close', (failed) => resolve(!failed));
	});
}
