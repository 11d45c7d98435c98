// JSX of Preact.

import type { Chat } from 'mosquitto-chat';
import type {} from 'mosquitto-chat/types/preact';

export const page = (chat: Chat) => <div>
	<mosquitto-chat-inbox for="it" chat={chat} onchat-select={({ detail }) => detail.peer.toUpperCase()} />
	<mosquitto-chat id="it" class="wide" peer="2" theme="dark" />
	{/* @ts-expect-error: no such theme */}
	<mosquitto-chat theme="pink" />
</div>;
