// mosquitto-chat: one-on-one chat for an application that exists already.

export { createChat } from './chat.js';
export { ChatError, UnauthorizedError } from './errors.js';
export { browserStore, memoryStore } from './store.js';

/**
 * @typedef {import('./chat.js').Chat} Chat
 * @typedef {import('./chat.js').ChatOptions} ChatOptions
 * @typedef {import('./chat.js').ChatEvents} ChatEvents
 * @typedef {import('./chat.js').Unread} Unread
 * @typedef {import('./chat.js').UnreadChat} UnreadChat
 * @typedef {import('./connection.js').State} State
 * @typedef {import('./credentials.js').Reason} Reason
 * @typedef {import('./message.js').Message} Message
 * @typedef {import('./message.js').Status} Status
 * @typedef {import('./protocol.js').NotificationEvent} NotificationEvent
 * @typedef {import('./room.js').Peer} Peer
 * @typedef {import('./room.js').Room} Room
 * @typedef {import('./room.js').RoomEvents} RoomEvents
 * @typedef {import('./store.js').PendingRecord} PendingRecord
 * @typedef {import('./store.js').PendingStore} PendingStore
 */
