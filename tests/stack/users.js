// Which system user a server runs as: Postgres refuses to be root, and Mosquitto stops being it.

import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * @typedef {object} User
 * @property {string} name
 * @property {number} uid
 * @property {number} gid
 */

/**
 * The user that a server started by us will be; null when that is ourselves.
 * @param {string} name
 * @returns {User | null}
 */
export function serviceUser(name) {
	if (process.getuid?.() !== 0) {
		return null;
	}
	for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
		const [login, , uid, gid] = line.split(':');
		if (login === name) {
			return { name, uid: Number(uid), gid: Number(gid) };
		}
	}
	throw new Error(`run as root, this needs the system user ${name}: install its package`);
}

/**
 * Whether the user can walk down to a folder (its first missing parts are ours to make).
 * @param {User | null} user
 * @param {string} folder
 * @returns {boolean}
 */
function canReach(user, folder) {
	let step = resolve(folder);
	while (!existsSync(step)) {
		step = dirname(step);
	}
	if (!user) {
		return true;
	}
	for (;;) {
		const { mode, uid, gid } = statSync(step);
		const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
		if (!(mode & bit)) {
			return false;
		}
		if (step === dirname(step)) {
			return true;
		}
		step = dirname(step);
	}
}

/**
 * @param {User | null} user
 * @param {string} folder
 */
export function mustReach(user, folder) {
	if (!canReach(user, folder)) {
		throw new Error(`user ${user?.name} cannot reach ${folder}: choose a folder that others may enter`);
	}
}

/**
 * A folder that belongs to the user.
 * @param {User | null} user
 * @param {string} folder
 * @param {number} mode
 */
export function makeFolder(user, folder, mode = 0o755) {
	mkdirSync(folder, { recursive: true });
	chmodSync(folder, mode);
	give(user, folder);
}

/**
 * @param {User | null} user
 * @param {string} file
 */
export function give(user, file) {
	if (user) {
		chownSync(file, user.uid, user.gid);
	}
}
