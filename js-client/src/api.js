// What an application gets into its hands, in types alone.

/**
 * @typedef {'idle' | 'connecting' | 'online' | 'offline' | 'unauthorized' | 'closed'} State
 *   'offline': between two attempts; 'unauthorized' and 'closed' end with the next `connect()`
 *
 * @typedef {'initial' | 'expiring' | 'rejected'} Reason why a token is needed: there is none yet; it
 *   expires, or has expired; the broker has refused it
 *
 * @typedef {'sending' | 'sent' | 'read' | 'failed'} Status
 *   a peer's message is 'sent' until this user has read it
 *
 * @typedef {object} ChatOptions
 * @property {string} url the broker's: `wss://…` or `ws://…`; in Node `mqtts://…` and `mqtt://…`, too
 * @property {string} [id] this user's; not needed with a JWT
 * @property {string} [name] not needed with a JWT
 * @property {string} [token] the first one: a JWT, or the signature of `<id>:<name>`
 * @property {(need: { reason: Reason }) => string | Promise<string>} [getToken] fetches a new one; throws an
 *   UnauthorizedError to give up
 * @property {PendingStore} [store] where pending messages are kept
 *
 * @typedef {object} Chat
 * @property {string | null} id this user's; null until a token has told it
 * @property {string | null} name this user's, as the token says it
 * @property {State} state
 * @property {Unread} unread what is unread in all chats; a new object after each change
 * @property {(options?: { token?: string }) => Promise<void>} connect connects, and stays connected until `close()`; resolves
 *   once the unread counts are in, rejects with an UnauthorizedError when it ends there. With a `token` from now on with this
 *   one, also where there is a connection already; throws a TypeError where it is none of this user's
 * @property {(peer: string) => Room} with the chat with another user; the same object each time
 * @property {<Name extends keyof ChatEvents>(name: Name, listener: (value: ChatEvents[Name]) => void) => () => void} on
 *   returns what undoes it
 * @property {() => Promise<void>} close closes all rooms and disconnects; what is pending is sent after the next `connect()`
 *
 * @typedef {object} ChatEvents
 * @property {State} state
 * @property {Unread} unread
 * @property {import('./protocol.js').NotificationEvent} notification a message in a chat that is not open here
 * @property {import('./errors.js').ChatError} error what no promise has told of
 *
 * @typedef {object} Unread
 * @property {number} total all unread messages
 * @property {UnreadChat[]} chats the newest first; of very many, the newest hundred
 *
 * @typedef {object} UnreadChat
 * @property {string} peer
 * @property {number} count
 * @property {Message} last the newest of them
 *
 * @typedef {object} Room
 * @property {Peer} peer whom this is the chat with
 * @property {Message[]} messages stored ones by `seq`, then pending ones in the order of sending; a new array after each change
 * @property {boolean} more whether there are older messages than those in `messages`
 * @property {number} readSeq up to which message this user has read, on any device; 0 for none
 * @property {() => Promise<void>} open joins the chat, as soon as there is a connection; resolves once history and
 *   presence are in
 * @property {(text: string) => Message} send sends 1 byte to 16 KiB of text, and opens the room if need be; returns at
 *   once. An empty one is refused, and stands nowhere
 * @property {(ref: string | null) => Message | null} retry sends a 'failed' message once more, as the newest one; null:
 *   there is no such failed message
 * @property {(ref: string | null) => boolean} discard forgets a 'failed' message; false: there is no such failed message
 * @property {(options?: { limit?: number }) => Promise<{ messages: Message[], more: boolean }>} older fetches the page
 *   before the oldest message, of 1 to 200 messages (50), and puts it in front of `messages`; resolves with that page alone
 * @property {() => void} markRead everything that is here now has been read; said while the page is visible, once a
 *   second at most
 * @property {(on?: boolean) => void} typing call it on every key: it tells the peer once in three seconds
 * @property {<Name extends keyof RoomEvents>(name: Name, listener: (value: RoomEvents[Name]) => void) => () => void} on
 *   returns what undoes it
 * @property {() => Promise<void>} close leaves the chat and forgets its messages, but for pending ones, which are still sent
 * @property {() => Room} share another Room of the same chat, for a part of the page that opens and closes it by itself: the
 *   chat is left when all of them are closed
 *
 * @typedef {object} RoomEvents
 * @property {Message} message a message has come, or is being sent
 * @property {Message} update a message has another `status`, `seq` or place, or has been discarded
 * @property {{ user_id: string, seq: number }} read one of the two has read up to there
 * @property {Peer} typing the peer has begun or ended
 * @property {Peer} presence the peer has come or gone, or is called something else
 * @property {undefined} reset `messages` has begun anew with the newest page, as too much was missed
 *
 * @typedef {object} Peer
 * @property {string} id
 * @property {string | null} name null as long as it has not been heard
 * @property {boolean} present
 * @property {boolean} typing
 * @property {number} readSeq up to which message the peer has read; 0 for none
 *
 * @typedef {object} Message
 * @property {string | null} ref the sender's own id for it; null where the sender gave none
 * @property {number | null} seq its place in the chat, once it is stored
 * @property {string} user_id who sent it
 * @property {string} text
 * @property {Date} sent_at when the plugin took it; before that the time of `send()`
 * @property {boolean} mine
 * @property {Status} status
 * @property {import('./errors.js').ChatError | null} error why it has failed
 * @property {Promise<Message>} settled resolves once it is stored, rejects with a ChatError once it never will be
 *
 * @typedef {object} PendingRecord a message that is not known to be stored
 * @property {string} ref
 * @property {string} peer
 * @property {string} text
 * @property {number} sent_at milliseconds since 1970
 * @property {number} order of sending, within one page
 * @property {{ code: string, reason: string } | null} error why it has failed
 *
 * @typedef {object} PendingStore any of these may return a promise, and reject it
 * @property {(user: string) => PendingRecord[] | Promise<PendingRecord[]>} load what there is of that user, in the order
 *   of sending
 * @property {(user: string, record: PendingRecord) => unknown} put adds it, or replaces the one with its `ref`
 * @property {(user: string, ref: string) => unknown} remove
 * @property {() => unknown} close it may be used again afterwards
 */

export {};
