// How menus look, and files to send: for the roots that have them.

export const MORE = `
.more, .actions { position: absolute; z-index: 1; background: var(--surface); color: var(--text); border: 1px solid var(--line); }
.more { display: grid; place-items: center; inline-size: 1.75rem; block-size: 1.75rem; border-radius: 50%; }
.more .icon { stroke-width: 2.4; }
.actions { display: flex; flex-direction: column; max-inline-size: calc(100% - .5rem); padding: .35rem; border-radius: .9rem; box-shadow: 0 4px 18px rgb(0 0 0 / 22%); }
.actions button { padding: .4rem .6rem; border-radius: .5rem; }
.actions button:hover { background: var(--theirs); color: var(--on-theirs); }
.actions .reactions { padding-block-end: .25rem; }
.actions .reactions button { padding: .3rem .4rem; font-size: 1.15rem; line-height: 1.2; }
.actions input { inline-size: 2.4rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--background); color: inherit; font: inherit; text-align: center; }
.of-peer { inset-block-start: 100%; inset-inline-end: 0; min-inline-size: 11rem; max-inline-size: none; z-index: 2; }
.actions input::placeholder { color: var(--faint); opacity: 1; }
@media (pointer: coarse) { .actions button { padding-block: .6rem; } }
.uploads button { display: grid; place-items: center; inline-size: 1.75rem; block-size: 1.75rem; border-radius: 50%; }
.uploads { display: grid; gap: .3rem; padding: .35rem var(--gap) .1rem; font-size: .8125rem; }
.uploads li { display: flex; align-items: center; gap: .5rem; }
.uploads bdi { flex: 1; }
.uploads .bad { color: var(--bad); }
.uploads progress { inline-size: 6rem; accent-color: var(--accent); }
.clip { flex: none; display: grid; place-items: center; inline-size: 2.25rem; block-size: 2.75rem; font-size: 1.25rem; color: var(--faint); }
.drop { position: absolute; inset: .5rem; display: grid; place-items: center; border: 2px dashed var(--accent); border-radius: 1rem; background: color-mix(in srgb, var(--background) 88%, transparent); font-weight: 600; pointer-events: none; }
`;
