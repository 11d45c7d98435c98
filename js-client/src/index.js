// mosquitto-chat: one-on-one chat for an application that exists already.

export { createChat } from './chat.js';
export { ChatError, UnauthorizedError } from './errors.js';
export { browserStore, memoryStore } from './store.js';

/**
 * @typedef {import('./api.js').Chat} Chat
 * @typedef {import('./api.js').ChatOptions} ChatOptions
 * @typedef {import('./api.js').ChatEvents} ChatEvents
 * @typedef {import('./api.js').InboxChat} InboxChat
 * @typedef {import('./api.js').Message} Message
 * @typedef {import('./api.js').Peer} Peer
 * @typedef {import('./api.js').PendingRecord} PendingRecord
 * @typedef {import('./api.js').PendingStore} PendingStore
 * @typedef {import('./api.js').Reason} Reason
 * @typedef {import('./api.js').Room} Room
 * @typedef {import('./api.js').RoomEvents} RoomEvents
 * @typedef {import('./api.js').State} State
 * @typedef {import('./api.js').Status} Status
 * @typedef {import('./api.js').Unread} Unread
 * @typedef {import('./api.js').UnreadChat} UnreadChat
 * @typedef {import('./protocol.js').NotificationEvent} NotificationEvent
 * @typedef {import('./protocol.js').Reaction} Reaction
 */
