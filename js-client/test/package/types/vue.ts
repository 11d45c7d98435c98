// Vue's templates look a component's props up here.

import type { Chat } from 'mosquitto-chat';
import type {} from 'mosquitto-chat/types/vue';
import type { GlobalComponents } from 'vue';

type Props<Tag extends keyof GlobalComponents> = GlobalComponents[Tag] extends abstract new (...args: any) => { $props: infer P } ? P : never;

export const props = (chat: Chat): Props<'mosquitto-chat'> => ({ peer: '2', theme: 'dark', chat });
export const inbox: Props<'mosquitto-chat-inbox'> = { for: 'it', onChatSelect: ({ detail }) => detail.peer.toUpperCase() };
// @ts-expect-error: no such theme
export const wrong: Props<'mosquitto-chat'> = { theme: 'pink' };
