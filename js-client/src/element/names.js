// How somebody is called: one answer for all places.

/**
 * @param {import('./connection.js').Chat | null} chat
 * @param {string} peer
 * @returns {string} by their own word, as far as it has been heard; '' if not
 */
export function heardName(chat, peer) {
	const of = (/** @type {readonly { peer: string, name: string | null }[]} */ list) => list.find((it) => it.peer === peer)?.name?.trim();
	return (chat && (of(chat.chats) || of(chat.unread.chats))) || '';
}
