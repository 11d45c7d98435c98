// The page's types, for whoever imports the elements.

import { createChat, type MosquittoChat } from 'mosquitto-chat/element';

const conversation: MosquittoChat = document.createElement('mosquitto-chat');
conversation.chat = createChat({ url: '/mqtt', token: 't' });
conversation.peer = '2';
document.querySelector('mosquitto-chat-inbox')?.addEventListener('chat-select', (event) => event.detail.peer.toUpperCase());
conversation.addEventListener('chat-state', ({ detail }) => detail === 'online');
document.addEventListener('chat-unread', ({ detail }) => detail.total.toFixed());
// @ts-expect-error: no such state
conversation.addEventListener('chat-state', ({ detail }) => detail === 'asleep');
// @ts-expect-error: it is a string
conversation.peer = 2;
