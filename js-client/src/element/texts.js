// Every word that the elements show.  A page in another language assigns its own before it makes them:
//     import { texts } from 'mosquitto-chat/element';
//     Object.assign(texts, { send: 'Senden', … });

export const texts = {
	// The conversation
	choose: 'Choose a conversation',
	loading: 'Loading messages…',
	empty: 'Nothing has been said here yet.',
	messages: (/** @type {string} */ name) => `Messages with ${name}`,
	here: 'Here now',
	away: 'Not here now',
	typing: (/** @type {string} */ name) => `${name} is typing…`,
	unread: 'New messages',
	you: 'You',
	toEnd: 'Go to the newest message',
	toEndWith: (/** @type {number} */ count) => `${count} new, go to the newest message`,

	// What becomes of a message
	sending: 'Sending',
	sent: 'Sent',
	read: 'Read',
	failed: 'Not sent',
	retry: 'Try again',
	discard: 'Discard',
	/** @type {Record<string, string>} by a ChatError's code */
	reasons: {
		too_large: 'It is too long.',
		rejected: 'It was not accepted.',
		forbidden: 'You cannot write to this person.',
	},

	// Writing
	write: 'Write a message',
	message: 'Message',
	send: 'Send',
	tooLong: (/** @type {number} */ percent) => `This message is too long by ${percent} %.`,

	// The connection
	connecting: 'Connecting…',
	offline: 'No connection. What you write is kept and sent later.',
	unauthorized: 'You are no longer logged in.',
	connect: 'Connect again',
	busy: 'The chat is busy. What you write is kept and sent shortly.',
	incomplete: 'This chat is not set up: it needs a url, and a token or a token-url.',
	noRoom: 'There can be no conversation with this user.',

	// The inbox
	inbox: 'Conversations',
	nobody: 'Nobody has written to you yet.',
	unreadCount: (/** @type {number} */ count) => (count === 1 ? '1 unread message' : `${count} unread messages`),
};
