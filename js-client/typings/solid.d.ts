// The elements in JSX, for Solid: `prop:chat` sets a chat, `on:chat-select` listens.

import type { JSX } from 'solid-js';
import type { ChatElementEvents, ChatElements } from './element.js';

type Listeners = { [Name in keyof ChatElementEvents as `on:${Name}`]?: (event: ChatElementEvents[Name]) => void };
type Elements = {
	[Tag in keyof ChatElements]: JSX.HTMLAttributes<ChatElements[Tag]['element']> & ChatElements[Tag]['attributes'] & Listeners
		& { 'prop:chat'?: ChatElements[Tag]['attributes']['chat'] };
};

declare module 'solid-js' {
	namespace JSX {
		interface IntrinsicElements extends Elements {}
	}
}
