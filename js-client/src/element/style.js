// How the elements look.  A page changes it with the properties --chat-…, with ::part(), and with
// theme="light" or theme="dark" where its own colours do not follow the system's.

const DARK = `
	--background: var(--chat-background, #15181d);
	--surface: var(--chat-surface, #1c2026);
	--text: var(--chat-text, #e9ebee);
	--faint: var(--chat-faint, #a3abb6);
	--line: var(--chat-line, #2d333b);
	--theirs: var(--chat-theirs, #282e36);
	--on-theirs: var(--chat-on-theirs, #e9ebee);
	--mine: var(--chat-mine, #2f5fc4);
	--on-mine: var(--chat-on-mine, #fff);
	--accent: var(--chat-accent, #84a9ff);
	--on-accent: var(--chat-on-accent, #0c1a3a);
	--good: var(--chat-good, #4cc38a);
	--bad: var(--chat-bad, #ff9d94);
	--marked: var(--chat-marked, #4d4522);
	--notice: var(--chat-notice, #3d3212);
	--on-notice: var(--chat-on-notice, #ffe9b0);
	color-scheme: dark;
`;

const COMMON = `
:host {
	--background: var(--chat-background, #fff);
	--surface: var(--chat-surface, #fff);
	--text: var(--chat-text, #1b2026);
	--faint: var(--chat-faint, #5c6672);
	--line: var(--chat-line, #e3e6ea);
	--theirs: var(--chat-theirs, #eff1f4);
	--on-theirs: var(--chat-on-theirs, #1b2026);
	--mine: var(--chat-mine, #2f5fc4);
	--on-mine: var(--chat-on-mine, #fff);
	--accent: var(--chat-accent, #2f5fc4);
	--on-accent: var(--chat-on-accent, #fff);
	--good: var(--chat-good, #1c8a55);
	--bad: var(--chat-bad, #b3261e);
	--marked: var(--chat-marked, #fdf0c4);
	--notice: var(--chat-notice, #fdf3d7);
	--on-notice: var(--chat-on-notice, #5b4300);
	--radius: var(--chat-radius, 1.1rem);
	--gap: var(--chat-gap, 1rem);
	color-scheme: light;
	display: flex;
	flex-direction: column;
	box-sizing: border-box;
	min-inline-size: 0;
	overflow: hidden;
	background: var(--background);
	color: var(--text);
	font-family: var(--chat-font, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif);
	font-size: var(--chat-font-size, 1rem);
	line-height: 1.4;
	text-align: start;
	-webkit-text-size-adjust: 100%;
}
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${DARK} } }
:host([theme="dark"]) { ${DARK} }
:host([hidden]) { display: none; }

*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
ul { list-style: none; margin: 0; padding: 0; }
p { margin: 0; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

.spoken {
	position: absolute;
	inline-size: 1px;
	block-size: 1px;
	overflow: hidden;
	clip-path: inset(50%);
	white-space: nowrap;
}
.icon {
	flex: none;
	inline-size: 1em;
	block-size: 1em;
	fill: none;
	stroke: currentColor;
	stroke-width: 1.6;
	stroke-linecap: round;
	stroke-linejoin: round;
}
.avatar {
	flex: none;
	display: grid;
	place-items: center;
	inline-size: 2.5rem;
	block-size: 2.5rem;
	border-radius: 50%;
	background: oklch(.5 .085 var(--hue, 0));
	color: #fff;
	font-size: .9rem;
	font-weight: 600;
	letter-spacing: .02em;
	user-select: none;
}
.name { font-weight: 600; }
.cut, .name > bdi, .last > bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-inline-size: 0; }
/* A text in the other direction begins where the others do, and is cut at its own end. */
.name, .last { display: flex; align-items: center; }
`;

export const CONVERSATION = `${COMMON}
:host { block-size: 36rem; max-block-size: 100dvh; position: relative; }

.header {
	flex: none;
	display: flex;
	align-items: center;
	gap: .75rem;
	padding: .65rem var(--gap);
	background: var(--surface);
	border-block-end: 1px solid var(--line);
}
.header .who { flex: 1; min-inline-size: 0; }
.header .name { line-height: 1.25; }
.muted { display: flex; margin-inline-start: .35em; color: var(--faint); font-size: .875em; }
.corner { position: relative; flex: none; }
.options { display: grid; place-items: center; inline-size: 2.25rem; block-size: 2.25rem; margin-inline-end: -.5rem; border-radius: 50%; color: var(--faint); }
.options .icon { stroke-width: 2.4; }
.presence { font-size: .8125rem; color: var(--faint); display: flex; align-items: center; gap: .4em; }
.presence::before { content: ""; flex: none; inline-size: .5rem; block-size: .5rem; border-radius: 50%; border: 1.5px solid var(--faint); }
.presence.here::before { background: var(--good); border-color: var(--good); }

.notice {
	flex: none;
	display: flex;
	flex-wrap: wrap;
	align-items: center;
	justify-content: center;
	gap: .2rem .75rem;
	padding: .45rem var(--gap);
	background: var(--notice);
	color: var(--on-notice);
	font-size: .875rem;
	text-align: center;
}
.notice button { font-weight: 600; text-decoration: underline; }

.stage { flex: 1; min-block-size: 0; position: relative; display: flex; flex-direction: column; }
.log {
	flex: 1;
	min-block-size: 0;
	overflow: hidden auto;
	overflow-anchor: none;
	overscroll-behavior: contain;
	padding: .75rem var(--gap);
	scrollbar-width: thin;
	display: flex;
	flex-direction: column;
}
.log:focus-visible { outline-offset: -3px; }
.log > ul { margin-block-start: auto; position: relative; }
.log.bare > ul { margin-block-start: 0; }
.remark { margin: auto; padding: 1rem; color: var(--faint); text-align: center; }
.older { margin: 0; font-size: .8125rem; padding: .4rem; }

.day, .unread { display: flex; align-items: center; justify-content: center; margin-block: 1rem .6rem; font-size: .8125rem; color: var(--faint); }
.unread { gap: .75rem; color: var(--accent); font-weight: 600; }
.unread::before, .unread::after { content: ""; flex: 1; block-size: 1px; background: currentColor; opacity: .4; }

.message { display: flex; flex-direction: column; align-items: flex-start; margin-block-start: .15rem; }
.message.first { margin-block-start: .65rem; }
.day + .message, .unread + .message { margin-block-start: 0; }
.mine { align-items: flex-end; }
.bubble {
	max-inline-size: min(85%, 34rem);
	padding: .45rem .8rem;
	border: 1px solid transparent;
	border-radius: var(--radius);
	background: var(--theirs);
	color: var(--on-theirs);
}
.mine .bubble { background: var(--mine); color: var(--on-mine); }
.message:not(.first):not(.mine) .bubble { border-start-start-radius: .35rem; }
.message:not(.last):not(.mine) .bubble { border-end-start-radius: .35rem; }
.mine:not(.first) .bubble { border-start-end-radius: .35rem; }
.mine:not(.last) .bubble { border-end-end-radius: .35rem; }
.line { display: grid; grid-template-columns: minmax(0, auto); unicode-bidi: isolate; }
/* In one cell, as a box with a position is much more work for the browser. */
.words, .meta { grid-area: 1 / 1; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.text a { color: inherit; }
.large .text { font-size: 2.25rem; line-height: 1.2; }
.room, .meta { font-size: .6875rem; line-height: 1.3; }
.room { display: inline-block; inline-size: calc(var(--meta, 8) * 1ch + .9em); }
.edited:empty { display: none; }
.meta { align-self: end; justify-self: end; margin-block-end: -.1em; display: flex; align-items: center; gap: .3em; white-space: nowrap; }
.status { display: inline-flex; }
.meta .icon { font-size: .9rem; }
.failed .text { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 8; overflow: hidden; }
.message:focus-visible { outline-offset: -1px; border-radius: .5rem; }
.deleted .text { font-style: italic; }
.message.deleted .bubble { background: none; border-color: var(--line); color: var(--faint); }
.quote { display: block; inline-size: 100%; padding: .25rem .6rem; border-inline-start: 3px solid currentColor; border-radius: .3rem; background: color-mix(in srgb, currentColor 10%, transparent); font-size: .8125rem; }
.quote .cut, .quoted-author { display: block; inline-size: fit-content; max-inline-size: 100%; }
.quoted-author { font-weight: 600; }
.answers:not(:empty) { margin-block: .1rem .35rem; }
.files { display: grid; grid-template-columns: minmax(0, 1fr); gap: .35rem; justify-items: start; }
.files:not(:empty) { margin-block-end: .3rem; }
.files:not(:empty) + .line { min-block-size: 1.2em; }
.picture, .picture img { display: block; max-inline-size: 100%; }
.picture img { block-size: auto; border-radius: .6rem; background: color-mix(in srgb, currentColor 12%, transparent); object-fit: contain; }
.file { display: flex; align-items: center; gap: .4rem; max-inline-size: 100%; padding: .4rem .6rem; border-radius: .6rem; background: color-mix(in srgb, currentColor 10%, transparent); color: inherit; }
.size { font-size: .8125rem; white-space: nowrap; }
.reactions { display: flex; flex-wrap: wrap; gap: .25rem; }
.message > .reactions:not(:empty) { margin-block: -.2rem .2rem; padding-inline: .5rem; position: relative; }
.reaction { padding: .05rem .45rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--surface); color: var(--text); font-size: .8125rem; }
.reaction[aria-pressed="true"] { border-color: var(--accent); background: color-mix(in srgb, var(--accent) 14%, var(--surface)); }
@media (pointer: coarse) { .message { user-select: none; -webkit-touch-callout: none; } }
.purpose { flex: none; display: flex; align-items: center; gap: .5rem; padding: .35rem var(--gap) .1rem; }
.purpose .quote { flex: 1; min-inline-size: 0; }
.purpose > button { display: grid; place-items: center; inline-size: 1.75rem; block-size: 1.75rem; border-radius: 50%; }
.failed .bubble { background: none; border: 1px dashed var(--bad); color: var(--text); }
.failure { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: .1rem .75rem; padding: .2rem .25rem; font-size: .8125rem; color: var(--bad); }
.ways { display: inline-flex; gap: .75rem; }
.failure button { font-weight: 600; text-decoration: underline; padding-block: .15rem; }

.to-end {
	position: absolute;
	inset-block-end: .75rem;
	inset-inline: 0;
	margin-inline: auto;
	inline-size: fit-content;
	display: flex;
	align-items: center;
	justify-content: center;
	gap: .35rem;
	min-inline-size: 2.5rem;
	block-size: 2.5rem;
	padding-inline: .7rem;
	border-radius: 1.25rem;
	background: var(--surface);
	color: var(--text);
	border: 1px solid var(--line);
	box-shadow: 0 2px 8px rgb(0 0 0 / 18%);
	font-size: .875rem;
	font-weight: 600;
}
.to-end span:empty { display: none; }

.typing { flex: none; block-size: 1.5rem; padding-inline: var(--gap); display: flex; align-items: center; gap: .5rem; font-size: .8125rem; color: var(--faint); }
.dots { display: inline-flex; gap: .2rem; }
.dots i { inline-size: .35rem; block-size: .35rem; border-radius: 50%; background: currentColor; animation: breathe 1.2s infinite ease-in-out; }
.dots i:nth-child(2) { animation-delay: .2s; }
.dots i:nth-child(3) { animation-delay: .4s; }
@keyframes breathe { 0%, 60%, 100% { opacity: .3; } 30% { opacity: 1; } }

form {
	flex: none;
	display: flex;
	align-items: flex-end;
	gap: .5rem;
	padding: .25rem var(--gap) max(.75rem, env(safe-area-inset-bottom));
}
textarea {
	flex: 1;
	min-inline-size: 0;
	min-block-size: 2.75rem;
	max-block-size: 9rem;
	padding: .6rem 1rem;
	resize: none;
	border: 1px solid var(--line);
	border-radius: 1.375rem;
	background: var(--background);
	color: var(--text);
	font: inherit;
	/* Below 16 pixels, phones zoom in on it. */
	font-size: max(1em, 16px);
	line-height: 1.4;
	overflow-wrap: anywhere;
	scrollbar-width: thin;
}
textarea::placeholder { color: var(--faint); opacity: 1; }
textarea:focus-visible { outline-offset: -1px; }
.send {
	flex: none;
	display: grid;
	place-items: center;
	inline-size: 2.75rem;
	block-size: 2.75rem;
	border-radius: 50%;
	background: var(--accent);
	color: var(--on-accent);
	font-size: 1.25rem;
}
.send:disabled { background: var(--theirs); color: var(--faint); cursor: default; }
.complaint { flex: none; padding: .2rem var(--gap); font-size: .8125rem; color: var(--bad); }

@media (prefers-reduced-motion: reduce) { .dots i { animation: none; opacity: .7; } }
@media (forced-colors: active) { .bubble { border-color: CanvasText; } .mine .bubble { border-width: 2px; } }
`;

export const INBOX = `${COMMON}
:host { overflow: hidden auto; scrollbar-width: thin; }
nav { padding: .5rem; }
.remark { padding: 1.5rem 1rem; color: var(--faint); text-align: center; }
.person {
	display: grid;
	grid-template-columns: auto minmax(0, 1fr) auto;
	column-gap: .75rem;
	align-items: center;
	inline-size: 100%;
	padding: .6rem .65rem;
	border-radius: .75rem;
}
.person:hover { background: color-mix(in srgb, var(--theirs) 60%, transparent); }
.person[aria-current="true"] { background: var(--theirs); color: var(--on-theirs); }
.person:focus-visible { outline-offset: -2px; }
.person .avatar { grid-row: 1 / 3; }
.person time { justify-self: end; font-size: .75rem; color: var(--faint); }
input[type="search"] { inline-size: 100%; margin-block-end: .4rem; padding: .45rem .8rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--background); color: var(--text); font: inherit; font-size: max(.9375em, 16px); }
input::placeholder { color: var(--faint); opacity: 1; }
.avatar { position: relative; }
.avatar.online::after { content: ""; position: absolute; inset-block-end: 0; inset-inline-end: 0; inline-size: .7rem; block-size: .7rem; border: 2px solid var(--surface); border-radius: 50%; background: var(--good); }
.name .icon { margin-inline-start: .3em; color: var(--faint); }
.last { font-size: .875rem; color: var(--faint); min-block-size: 1.4em; }
.person.new .last { color: var(--text); }
.person.quiet .name { grid-row: 1 / 3; }
.count {
	justify-self: end;
	min-inline-size: 1.35rem;
	padding: .05rem .4rem;
	border-radius: 1rem;
	background: var(--accent);
	color: var(--on-accent);
	font-size: .75rem;
	font-weight: 700;
	text-align: center;
}
@media (forced-colors: active) {
	.person[aria-current="true"] { outline: 2px solid Highlight; outline-offset: -2px; }
	.count { border: 1px solid; }
}
`;

export const APP = `${COMMON}
:host { display: block; block-size: 36rem; max-block-size: 100dvh; container-type: inline-size; }
.frame { display: grid; grid-template-columns: minmax(12rem, 18rem) minmax(0, 1fr); grid-template-rows: minmax(0, 1fr); block-size: 100%; }
mosquitto-chat { block-size: auto; max-block-size: none; min-block-size: 0; }
mosquitto-chat-inbox { border-inline-end: 1px solid var(--line); }
.back { display: none; place-items: center; inline-size: 2.25rem; block-size: 2.5rem; margin-inline: -.6rem -.4rem; font-size: 1.4rem; }
.back:dir(rtl) .icon { transform: scaleX(-1); }
@container (max-width: 44rem) {
	.frame { grid-template-columns: minmax(0, 1fr); }
	.back { display: grid; }
	mosquitto-chat-inbox { border: 0; }
	:host(:not([peer])) mosquitto-chat, :host([peer]) mosquitto-chat-inbox { display: none; }
}
`;

/** @type {Map<string, CSSStyleSheet>} */
const sheets = new Map();

/**
 * Sheets made by a script pass a strict Content-Security-Policy.
 * @param {Node} node in a shadow root, or one itself
 * @param {string} css
 */
export function addStyle(node, css) {
	const sheet = sheets.get(css) ?? new CSSStyleSheet();
	if (!sheets.has(css)) {
		sheet.replaceSync(css);
		sheets.set(css, sheet);
	}
	const root = /** @type {ShadowRoot} */ (node.getRootNode());
	if (!root.adoptedStyleSheets.includes(sheet)) {
		root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
	}
}

/**
 * A shadow root in this style.
 * @param {HTMLElement} host
 * @param {string} css
 */
export function styledRoot(host, css) {
	const root = host.attachShadow({ mode: 'open', delegatesFocus: false });
	addStyle(root, css);
	return root;
}
