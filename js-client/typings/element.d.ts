// What mosquitto-chat/element adds to a page's types.

import type { Chat, State } from '../types/index.js';
import type { MosquittoChat, MosquittoChatApp, MosquittoChatInbox } from '../types/element/index.js';

export * from '../types/element/index.js';

/** What says where the chat is and whose it is, where the page's <meta> tags do not. */
interface Connection {
	url?: string;
	token?: string;
	'token-url'?: string;
	'user-id'?: string;
	name?: string;
	theme?: 'light' | 'dark';
	/** A chat that the page has made. */
	chat?: Chat | null;
}

/** How the list of all conversations tells of messages. */
interface Notices {
	sound?: boolean | '';
	'title-count'?: boolean | '';
	notices?: boolean | '';
}

export interface MosquittoChatAttributes extends Connection {
	peer?: string;
	'peer-name'?: string;
	/** Brings a file to where it is kept. */
	upload?: MosquittoChat['upload'];
}

export interface MosquittoChatInboxAttributes extends Connection, Notices {
	for?: string;
}

export interface MosquittoChatAppAttributes extends Connection, Notices {
	peer?: string;
	upload?: MosquittoChatApp['upload'];
}

/** By tag: the element, and what may be said in its tag. */
export interface ChatElements {
	'mosquitto-chat': { element: MosquittoChat; attributes: MosquittoChatAttributes };
	'mosquitto-chat-inbox': { element: MosquittoChatInbox; attributes: MosquittoChatInboxAttributes };
	'mosquitto-chat-app': { element: MosquittoChatApp; attributes: MosquittoChatAppAttributes };
}

/** They bubble, so whatever is around an element hears them, too. */
export interface ChatElementEvents {
	'chat-state': CustomEvent<State>;
	'chat-select': CustomEvent<{ peer: string; name: string }>;
	'chat-unread': CustomEvent<{ total: number }>;
	'chat-back': CustomEvent<null>;
}

type Elements = { [Tag in keyof ChatElements]: ChatElements[Tag]['element'] };

declare global {
	interface HTMLElementTagNameMap extends Elements {}
	interface HTMLElementEventMap extends ChatElementEvents {}
	interface DocumentEventMap extends ChatElementEvents {}
	interface WindowEventMap extends ChatElementEvents {}
}
