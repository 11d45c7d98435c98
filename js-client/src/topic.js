// Users' ids and the topics made of them.

const ID = /^[A-Za-z0-9_.@~=-]{1,64}$/;

/**
 * @param {unknown} id
 * @returns {id is string}
 */
export function isUserId(id) {
	return typeof id === 'string' && ID.test(id);
}

/**
 * @param {string} id
 * @returns {string}
 */
export function lobbyOf(id) {
	return `user/${id}`;
}

/**
 * The shorter id stands first, ids of one length in the order of their bytes (they are ASCII, so
 * that JavaScript's own order is the same).
 * @param {string} one
 * @param {string} other
 * @returns {string}
 */
export function chatOf(one, other) {
	const first = one.length === other.length ? one < other : one.length < other.length;
	return first ? `chat/${one}/${other}` : `chat/${other}/${one}`;
}

/**
 * Whom one chats with there.
 * @param {string} topic a chat's, as it came from the broker
 * @param {string} me
 * @returns {string}
 */
export function peerOf(topic, me) {
	const [, one, other] = topic.split('/');
	return one === me ? other : one;
}
