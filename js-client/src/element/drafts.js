// What was being written, by user and peer. It survives a reload, and ends with its tab.

/** All drafts of a user together are no longer than this. */
export const LONGEST = 64 * 1024;

const PLACE = 'mosquitto-chat drafts ';

/** In memory, for pages without a storage. @type {Map<string, [string, string][]>} by user: peers and texts, the latest last */
const memory = new Map();

/** @param {string} user @returns {[string, string][]} */
function load(user) {
	let stored;
	try {
		stored = JSON.parse(sessionStorage.getItem(PLACE + user) ?? 'null');
	} catch {
		// Storage is closed to this page, or somebody else has written there.
	}
	const isDraft = (/** @type {unknown} */ it) => Array.isArray(it) && typeof it[0] === 'string' && typeof it[1] === 'string';
	return memory.get(user) ?? (Array.isArray(stored) ? stored.filter(isDraft) : []);
}

/**
 * @param {string} user
 * @param {string} peer
 * @returns {string}
 */
export function draftOf(user, peer) {
	return load(user).find(([id]) => id === peer)?.[1] ?? '';
}

/**
 * @param {string} user
 * @param {string} peer
 * @param {string} text
 */
export function keepDraft(user, peer, text) {
	const drafts = load(user).filter(([id]) => id !== peer);
	if (text) {
		drafts.push([peer, text]);
	}
	while (drafts.reduce((sum, [, it]) => sum + it.length, 0) > LONGEST) {
		drafts.shift();
	}
	memory.set(user, drafts);
	try {
		sessionStorage.setItem(PLACE + user, JSON.stringify(drafts));
	} catch {
		// It is in memory.
	}
}
