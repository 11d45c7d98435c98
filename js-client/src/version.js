// What of a message can change: as the plugin says it, and as it will be once a change is through.

/**
 * @typedef {object} Version
 * @property {string} text
 * @property {Record<string, any> | null} data
 * @property {number | null} reply_to
 * @property {Date | null} edited_at
 * @property {import('./protocol.js').Reaction[]} reactions
 * @property {boolean} deleted
 * @property {number} change the number of the last one; 0 for none
 *
 * @typedef {{ event: 'edit', seq: number, text?: string, data?: Record<string, any> | null }
 *   | { event: 'delete', seq: number }
 *   | { event: 'react', seq: number, reaction: string, on: boolean }} Change
 */

/**
 * @param {import('./protocol.js').WireMessage} wire
 * @param {import('./protocol.js').WireMessage | null | undefined} other
 * @returns {boolean} whether the first is a newer version of the other
 */
export const isNewer = (wire, other) => wire.seq === other?.seq && (wire.change ?? 0) > (other.change ?? 0);

/**
 * @param {import('./protocol.js').WireMessage} wire
 * @returns {Version}
 */
export function versionOf({ text, data, reply_to, edited_at, reactions = [], deleted = false, change = 0 }) {
	return {
		text, data: data ?? null, reply_to: reply_to ?? null, edited_at: edited_at === undefined ? null : new Date(edited_at),
		reactions, deleted, change,
	};
}

/**
 * @param {import('./protocol.js').Reaction[]} reactions
 * @param {string} user
 * @param {string} reaction
 * @param {boolean} on
 * @returns {import('./protocol.js').Reaction[]}
 */
function reacted(reactions, user, reaction, on) {
	const by = reactions.find((it) => it.reaction === reaction)?.by ?? [];
	if (by.includes(user) === on) {
		return reactions;
	}
	const now = { reaction, by: on ? [...by, user] : by.filter((it) => it !== user) };
	const all = by.length > 0 ? reactions.map((it) => (it.reaction === reaction ? now : it)) : [...reactions, now];
	return all.filter((it) => it.by.length > 0);
}

/**
 * @param {Version} version
 * @param {Change} change
 * @param {string} user whose doing it is
 * @param {Date} time
 * @returns {Version} what the plugin will make of it
 */
export function changedVersion(version, change, user, time) {
	if (version.deleted) {
		return version;
	}
	if (change.event === 'react') {
		return { ...version, reactions: reacted(version.reactions, user, change.reaction, change.on) };
	}
	if (change.event === 'delete') {
		return { ...version, text: '', data: null, reply_to: null, edited_at: null, reactions: [], deleted: true };
	}
	const { text = version.text, data = version.data } = change;
	return { ...version, text, data, edited_at: time };
}
