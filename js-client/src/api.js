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
 * @property {string} url the broker's: `wss://…` or `ws://…`, or an address of the page's own server such as `/mqtt`; in Node
 *   `mqtts://…` and `mqtt://…`, too
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
 * @property {InboxChat[]} chats all chats of this user as far as `moreChats()` has loaded them, and those in which something was
 *   said since; the newest first; a new array after each change
 * @property {() => Promise<{ chats: InboxChat[], more: boolean }>} moreChats loads the next page of `chats`; resolves with that
 *   page alone
 * @property {(peer: string, on?: boolean) => Promise<void>} mute no bell rings for that chat; resolves once it is kept
 * @property {(peer: string, on?: boolean) => Promise<void>} block neither can write to the other any more; resolves once it is
 *   kept, rejects with a ChatError where users may not
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
 * @property {InboxChat[]} chats
 * @property {{ peer: string, on: boolean }} muted by this user, on any device
 * @property {{ peer: string, on: boolean }} blocked by this user, on any device
 * @property {import('./errors.js').ChatError} error what no promise has told of
 *
 * @typedef {object} InboxChat
 * @property {string} peer
 * @property {string | null} name the peer's, as far as it has been heard
 * @property {Message | null} last the newest message, in its newest version
 * @property {number} count how many messages are unread
 * @property {number} readSeq up to which message this user has read
 * @property {boolean} muted
 * @property {boolean} blocked by this user
 * @property {boolean | null} online the peer; null where it is not known: it is told in chats that are open
 *
 * @typedef {object} Unread
 * @property {number} total all unread messages
 * @property {UnreadChat[]} chats the newest first; of very many, the newest hundred
 *
 * @typedef {object} UnreadChat
 * @property {string} peer
 * @property {string | null} name the peer's, as far as it has been heard
 * @property {number} count
 * @property {Message} last the newest of them
 *
 * @typedef {object} Room
 * @property {Peer} peer whom this is the chat with
 * @property {Message[]} messages stored ones by `seq`, then pending ones in the order of sending; a new array after each change
 * @property {boolean} more whether there are older messages than those in `messages`
 * @property {number} readSeq up to which message this user has read, on any device; 0 for none
 * @property {boolean} forbidden the chat is closed: one of the two has blocked the other, or the application has ended it
 * @property {() => Promise<void>} open joins the chat, as soon as there is a connection; resolves once history and
 *   presence are in
 * @property {(message: string | { text?: string, data?: Record<string, any>, replyTo?: number }) => Message} send sends 1 byte to
 *   16 KiB of text, and opens the room if need be; returns at once. With `data`, an object of at most 8 KiB as JSON and 16 levels,
 *   the text may be empty; else an empty one is refused, and stands nowhere. `replyTo`: a message's `seq`
 * @property {(seq: number, content: { text?: string, data?: Record<string, any> | null }) => Promise<void>} edit changes an own message:
 *   what is not given stays; `data: null` removes it. At once on the screen; resolves once it is stored, rejects with a ChatError
 *   when it is refused for good, and then what was shown is taken back
 * @property {(seq: number) => Promise<void>} remove deletes an own message for both; likewise
 * @property {(seq: number, reaction: string, on?: boolean) => Promise<void>} react this user's reaction to any message comes or
 *   goes; likewise
 * @property {(ref: string | null) => Message | null} retry sends a 'failed' message once more, as the newest one; null:
 *   there is no such failed message
 * @property {(ref: string | null) => boolean} discard forgets a 'failed' message; false: there is no such failed message
 * @property {(options?: { limit?: number }) => Promise<{ messages: Message[], more: boolean }>} older fetches the page
 *   before the oldest message, of 1 to 200 messages (50), and puts it in front of `messages`; resolves with that page alone
 * @property {(upTo?: number) => void} markRead everything that is here now has been read, or what is here up to this `seq`;
 *   said while the page is visible, once a second at most
 * @property {(on?: boolean) => void} typing call it on every key: it tells the peer once in three seconds
 * @property {<Name extends keyof RoomEvents>(name: Name, listener: (value: RoomEvents[Name]) => void) => () => void} on
 *   returns what undoes it
 * @property {() => Promise<void>} close leaves the chat and forgets its messages, but for pending ones, which are still sent
 * @property {() => Room} share another Room of the same chat, for a part of the page that opens and closes it by itself: the
 *   chat is left when all of them are closed
 *
 * @typedef {object} RoomEvents
 * @property {Message} message a message has come, or is being sent
 * @property {Message} update a message has another `status`, `seq` or place, has been changed or discarded
 * @property {{ user_id: string, seq: number }} read one of the two has read up to there
 * @property {Peer} typing the peer has begun or ended
 * @property {Peer} presence the peer has come or gone, here or anywhere, or is called something else
 * @property {boolean} forbidden the chat has been closed, or opened again
 * @property {undefined} reset `messages` has begun anew with the newest page, as too much was missed, or the database is another one
 *
 * @typedef {object} Peer
 * @property {string} id
 * @property {string | null} name null as long as it has not been heard
 * @property {boolean} present in this chat
 * @property {boolean} online connected, anywhere, as far as is told
 * @property {Date | null} seenAt when they last were; null while they are online, or when it is not told
 * @property {boolean} typing
 * @property {number} readSeq up to which message the peer has read; 0 for none
 *
 * @typedef {object} Message
 * @property {string | null} ref the sender's own id for it; null where the sender gave none
 * @property {number | null} seq its place in the chat, once it is stored
 * @property {string} user_id who sent it
 * @property {string} text
 * @property {Record<string, any> | null} data an object of the application's own
 * @property {number | null} reply_to the `seq` of the message that it answers
 * @property {Date | null} edited_at
 * @property {boolean} deleted then nothing of it is left but its place
 * @property {import('./protocol.js').Reaction[]} reactions `[{ reaction, by }]`, `by` being users' ids; both in the order in which they came
 * @property {number} change the number of its last change; 0 for none
 * @property {boolean} changing an own change of it is under way
 * @property {Date} sent_at when the plugin took it; before that the time of `send()`
 * @property {boolean} mine
 * @property {Status} status
 * @property {import('./errors.js').ChatError | null} error why it has failed
 * @property {Promise<Message>} settled resolves once it is stored, rejects with a ChatError once it never will be
 *
 * @typedef {object} PendingRecord a message, or the change of one, that is not known to be stored
 * @property {string} ref
 * @property {string} peer
 * @property {string} text
 * @property {Record<string, any>} [data]
 * @property {number} [reply_to]
 * @property {Record<string, any>} [change] what is changed, and of which message
 * @property {number} sent_at milliseconds since 1970
 * @property {number} order of the calls of `put` within one page
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
