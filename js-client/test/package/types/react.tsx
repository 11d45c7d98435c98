// JSX of React, and the hooks.

import { useChat, useRoom, useUnread } from 'mosquitto-chat/react';
import type {} from 'mosquitto-chat/types/react';

export function Page({ peer }: { peer: string }) {
	const { chat, state } = useChat({ url: '/mqtt', getToken: async () => 't' });
	const { room, messages, ready } = useRoom(chat, peer);
	const { total } = useUnread(chat);
	const online: boolean = state === 'online';
	return <div hidden={!ready}>
		<b>{total}{String(online)}</b>
		{messages.map(({ ref, seq, text }) => <p key={ref ?? seq}>{text}</p>)}
		<button onClick={() => room?.send('hi')}>Send</button>
		<mosquitto-chat-inbox for="it" chat={chat} onchat-select={({ detail }) => detail.peer.toUpperCase()} />
		<mosquitto-chat id="it" className="wide" peer={peer} peer-name="Ben" theme="dark" chat={chat} />
		<mosquitto-chat-app chat={chat} title-count onchat-unread={({ detail }) => detail.total.toFixed()} />
		{/* @ts-expect-error: no such theme */}
		<mosquitto-chat theme="pink" />
	</div>;
}
