// Who is in a chat.

/**
 * What an event says about one user.
 * @param {string} id anything that the protocol allows, `__proto__` too
 * @param {import('./protocol.js').PresenceStateEvent | import('./protocol.js').PresenceDiffEvent} event
 * @returns {{ present: boolean, name?: string } | null} null: nothing
 */
export function presenceOf(id, event) {
	const state = event.event === 'presence_state';
	const here = state ? event.users : event.joins;
	if (Object.hasOwn(here, id)) {
		return { present: true, name: here[id].name };
	}
	return state || Object.hasOwn(event.leaves, id) ? { present: false } : null;
}
