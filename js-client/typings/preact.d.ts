// The elements in JSX, for Preact.

import type { HTMLAttributes } from 'preact';
import type { ChatElementEvents, ChatElements } from './element.js';

type Listeners = { [Name in keyof ChatElementEvents as `on${Name}`]?: (event: ChatElementEvents[Name]) => void };
type Elements = {
	[Tag in keyof ChatElements]: Omit<HTMLAttributes<ChatElements[Tag]['element']>, 'name' | 'for'> & ChatElements[Tag]['attributes'] & Listeners;
};

declare module 'preact' {
	namespace JSX {
		interface IntrinsicElements extends Elements {}
	}
}
