// The elements in templates, for Vue.

import type { DefineComponent, HTMLAttributes } from 'vue';
import type { ChatElementEvents, ChatElements } from './element.js';

type Pascal<Name extends string> = Name extends `${infer First}-${infer Rest}` ? `${Capitalize<First>}${Pascal<Rest>}` : Capitalize<Name>;
type Listeners = { [Name in keyof ChatElementEvents as `on${Pascal<Name>}`]?: (event: ChatElementEvents[Name]) => void };
type Elements = { [Tag in keyof ChatElements]: DefineComponent<ChatElements[Tag]['attributes'] & HTMLAttributes & Listeners> };

declare module 'vue' {
	interface GlobalComponents extends Elements {}
}
