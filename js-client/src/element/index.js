// mosquitto-chat/element: the chat as elements that need nothing but a place in the page.

import { MosquittoChatApp } from './app.js';
import { MosquittoChat } from './conversation.js';
import { MosquittoChatInbox } from './inbox.js';

export * from '../index.js';
export { addLanguage, plural, texts } from './texts.js';
export { MosquittoChat, MosquittoChatApp, MosquittoChatInbox };

// A server that renders the page may import this; and a page may load it twice.
if (globalThis.customElements && !customElements.get('mosquitto-chat')) {
	customElements.define('mosquitto-chat', MosquittoChat);
	customElements.define('mosquitto-chat-inbox', MosquittoChatInbox);
	customElements.define('mosquitto-chat-app', MosquittoChatApp);
}
