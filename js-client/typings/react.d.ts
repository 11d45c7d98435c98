// The elements in JSX, for React 18 and 19.  React 18 sets attributes alone: there a chat, and listeners, go through a ref.

import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type { ChatElementEvents, ChatElements } from './element.js';

type Listeners = { [Name in keyof ChatElementEvents as `on${Name}`]?: (event: ChatElementEvents[Name]) => void };
type Elements = {
	[Tag in keyof ChatElements]: DetailedHTMLProps<HTMLAttributes<ChatElements[Tag]['element']>, ChatElements[Tag]['element']>
		& ChatElements[Tag]['attributes'] & Listeners & { class?: string };
};

declare module 'react' {
	namespace JSX {
		interface IntrinsicElements extends Elements {}
	}
}
