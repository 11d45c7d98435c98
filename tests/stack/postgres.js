// Where PostgreSQL's programs are, and how one is run as the user that it accepts.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { serviceUser } from './users.js';

/** Debian keeps the servers of each version in a folder of their own, outside the PATH. */
const DEBIAN = '/usr/lib/postgresql';

/** @returns {string} */
function findFolder() {
	if (process.env.CHAT_PG_BIN) {
		return process.env.CHAT_PG_BIN;
	}
	const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
	const folders = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN, version, 'bin'));
	try {
		folders.push(execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim());
	} catch {
		// No pg_config: then what was found has to do.
	}
	const folder = folders.find((candidate) => existsSync(join(candidate, 'initdb')));
	if (!folder) {
		throw new Error('no PostgreSQL server found: install postgresql, or set CHAT_PG_BIN to the folder of initdb');
	}
	return folder;
}

/** @type {string | undefined} */
let folder;

/**
 * @param {string} name
 * @returns {string}
 */
export function program(name) {
	folder ??= findFolder();
	return join(folder, name);
}

/** The user of the servers, or null for ourselves. */
export function postgresUser() {
	return serviceUser('postgres');
}

/**
 * The command line that runs a program as the servers' user.
 * @param {string} name
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
export function asPostgres(name, args) {
	const user = postgresUser();
	if (!user) {
		return [program(name), args];
	}
	const become = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--'];
	return ['setpriv', [...become, program(name), ...args]];
}
