// Every word that the elements show, in the language of the page. English is here; a page in another language
// imports its file:
//     import 'mosquitto-chat/languages/de';
// and a page that wants other words assigns its own before it makes the elements:
//     import { texts } from 'mosquitto-chat/element';
//     Object.assign(texts, { send: 'Post', … });

/**
 * A text that depends on a number.
 * @param {string} language
 * @param {Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }} forms with # for the number
 * @returns {(count: number) => string}
 */
export function plural(language, forms) {
	const rules = new Intl.PluralRules(language);
	const numbers = new Intl.NumberFormat(language);
	return (count) => (forms[rules.select(count)] ?? forms.other).replace('#', numbers.format(count));
}

export const english = {
	// The conversation
	choose: 'Choose a conversation',
	loading: 'Loading messages…',
	empty: 'Nothing has been said here yet.',
	messages: (/** @type {string} */ name) => `Messages with ${name}`,
	here: 'In this chat',
	online: 'Online',
	away: 'Not here now',
	lastSeen: (/** @type {string} */ when) => `Last seen ${when}`,
	typing: (/** @type {string} */ name) => `${name} is typing…`,
	unread: 'New messages',
	you: 'You',
	toEnd: 'Go to the newest message',
	toEndWith: plural('en', { one: '# new message below', other: '# new messages below' }),

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

	// What can be done with a message
	actions: 'What to do with this message',
	reply: 'Reply',
	edit: 'Edit',
	delete: 'Delete',
	react: 'React',
	copy: 'Copy text',
	editing: 'Editing a message',
	replyingTo: (/** @type {string} */ name) => `Replying to ${name}`,
	cancel: 'Cancel',
	save: 'Save',
	edited: 'edited',
	deleted: 'This message was deleted.',
	reacted: (/** @type {string} */ names, /** @type {string} */ reaction) => `${names} reacted with ${reaction}`,
	unchanged: 'That could not be changed.',

	// Files
	attach: 'Attach a file',
	picture: 'Picture',
	file: 'File',
	uploading: (/** @type {string} */ name, /** @type {number} */ percent) => `${name}, ${percent} %`,
	uploadFailed: (/** @type {string} */ name) => `${name} could not be sent.`,
	dropHere: 'Drop files here',

	// Writing
	write: 'Write a message',
	message: 'Message',
	send: 'Send',
	tooLong: (/** @type {number} */ percent) => `This message is too long by ${percent} %.`,
	closed: 'You cannot write in this conversation.',
	blocked: (/** @type {string} */ name) => `You have blocked ${name}.`,

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
	nobody: 'There are no conversations yet.',
	search: 'Search by name',
	notFound: 'Nobody of that name is in this list.',
	more: 'Loading more…',
	unreadCount: plural('en', { one: '# unread message', other: '# unread messages' }),
	muted: 'Muted',
	options: 'What to do with this conversation',
	mute: 'Mute',
	unmute: 'Unmute',
	block: 'Block',
	unblock: 'Unblock',
	back: 'Back to the conversations',
	notice: (/** @type {string} */ name) => `New message from ${name}`,
};

/** @typedef {typeof english} Texts */

/** The words in force. @type {Texts} */
export const texts = { ...english };

/** @type {Map<string, Texts>} */
const languages = new Map([['en', english]]);
let chosen = 'en';
/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * Hears when the words become other ones: a language's file may be loaded after the elements.
 * @param {() => void} listener
 * @returns {() => void} its undo
 */
export function onTexts(listener) {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

/** The page's language where we have it; else English. */
export function chooseLanguage() {
	const page = globalThis.document?.documentElement.lang.toLowerCase().split('-')[0] ?? '';
	const language = languages.has(page) ? page : 'en';
	if (language !== chosen) {
		chosen = language;
		Object.assign(texts, languages.get(language));
		listeners.forEach((listener) => listener());
	}
}

/**
 * @param {string} language its code, without a region
 * @param {Texts} words
 */
export function addLanguage(language, words) {
	languages.set(language, words);
	chooseLanguage();
}
