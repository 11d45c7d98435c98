// What somebody writes who uses the package from TypeScript; it only has to compile.

import {
	browserStore, ChatError, createChat, memoryStore, UnauthorizedError,
	type Chat, type ChatOptions, type InboxChat, type Message, type NotificationEvent, type Peer, type PendingStore, type Reaction, type Room, type State, type Unread,
} from 'mosquitto-chat';
import { chatTags, chatToken, jwt, signedName, type User } from 'mosquitto-chat/server';

const options: ChatOptions = {
	url: 'wss://app.example.com/mqtt',
	id: '1',
	name: 'Ann',
	token: 'token',
	getToken: async ({ reason }) => {
		const why: 'initial' | 'expiring' | 'rejected' = reason;
		if (why === 'rejected') {
			throw new UnauthorizedError();
		}
		return 'another';
	},
	store: memoryStore(),
};

export async function talk(): Promise<string[]> {
	const chat: Chat = createChat(options);
	const off: () => void = chat.on('state', (state: State) => state === 'online');
	chat.on('unread', ({ total, chats }: Unread) => `${total} ${chats.map(({ peer, count, last }) => `${peer} ${count} ${last.text}`)}`);
	chat.on('notification', (event: NotificationEvent) => event.message.text + event.name + String(event.quiet));
	chat.on('error', (error: ChatError) => `${error.code} ${error.reason} ${error.retry_ms ?? 0}`);
	// @ts-expect-error: no such event
	chat.on('nothing', () => {});
	off();
	await chat.connect();

	const room: Room = chat.with('2');
	await room.open();
	room.on('message', (message: Message) => message.sent_at.toISOString());
	room.on('presence', ({ name, present }: Peer) => (present ? name?.toUpperCase() : null));
	room.on('read', ({ user_id, seq }) => user_id + seq.toFixed());
	room.on('reset', () => room.messages.length);
	// @ts-expect-error: a listener of another event
	room.on('typing', (message: Message) => message);
	const page: { chats: InboxChat[], more: boolean } = await chat.moreChats();
	chat.on('chats', (chats) => chats.map(({ peer, name, last, count, muted, online }) => `${peer} ${name ?? ''} ${last?.text} ${count} ${muted} ${online ?? '?'}`));
	chat.on('muted', ({ peer, on }) => chat.mute(peer, !on));
	await chat.block(page.chats[0].peer, false);
	room.on('forbidden', (closed: boolean) => room.forbidden === closed);
	await room.share().close();
	const answer: Message = room.send({ text: 'hi', data: { order: 7 }, replyTo: 1 });
	const reactions: Reaction[] = answer.reactions;
	await room.edit(1, { text: 'ho', data: null });
	await room.react(1, reactions[0].reaction, !reactions[0].by.includes('1'));
	await room.remove(1);
	// @ts-expect-error: only what an edit can change
	room.edit(1, { reply_to: 2 });
	await chat.connect({ token: room.peer.seenAt?.toISOString() });
	const message = room.send('hi');
	const settled: Message = await message.settled;
	room.retry(settled.ref)?.status.toUpperCase();
	room.discard(settled.ref);
	const { messages, more } = await room.older({ limit: 50 });
	room.markRead();
	room.typing(more);
	await room.close();
	await chat.close();
	return messages.map((it) => `${it.seq ?? 'pending'} ${it.mine} ${it.error?.code}`);
}

export const stores: PendingStore[] = [memoryStore(), browserStore('another name')];

export const handler = chatToken(async (request: { user?: User }) => request.user);
// @ts-expect-error: no user
chatToken(() => 'Ann');
export const head: string = chatTags({ id: 7, name: null }, { url: '/mqtt' }) + chatTags(null, { url: '/mqtt', tokenUrl: '/chat/token' });
export const logins: string[] = [jwt('7', 'Ann', { audience: 'the chat', seconds: 60 }), ...signedName(7)];
