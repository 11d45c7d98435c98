// The chart of the README: bars, drawn by hand.

const WIDTH = 720;
const LABEL = 190;
const BAR = 18;
const GAP = 14;
const TOP = 64;

/** @param {string} text */
function escaped(text) {
	return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}

/** @param {number} number */
function thousands(number) {
	return Math.round(number).toLocaleString('en');
}

/**
 * @typedef {{ label: string, plain: number, chat: number, ratio: number }} Bars
 */

/**
 * @param {string} title
 * @param {string} note
 * @param {Bars[]} groups
 * @returns {string} an SVG
 */
export function chart(title, note, groups) {
	const most = Math.max(1, ...groups.flatMap(({ plain, chat }) => [plain, chat]));
	const room = WIDTH - LABEL - 130;
	const height = TOP + groups.length * (2 * BAR + GAP) + 30;
	/** @param {number} y @param {string} kind @param {number} value @param {string} text */
	const bar = (y, kind, value, text) => {
		const width = Math.max(1, value / most * room);
		return `<rect class="${kind}" x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 2}" rx="2"/>`
			+ `<text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 13}">${escaped(text)}</text>`;
	};
	const rows = groups.map(({ label, plain, chat, ratio }, i) => {
		const y = TOP + i * (2 * BAR + GAP);
		return `<text class="label" x="${LABEL - 10}" y="${y + 22}">${escaped(label)}</text>`
			+ bar(y, 'plain', plain, thousands(plain))
			+ bar(y + BAR, 'chat', chat, `${thousands(chat)} (${ratio.toFixed(2)})`);
	});
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.label { text-anchor: end; }
.title { font-size: 16px; font-weight: 600; }
.plain { fill: #9aa4ae; }
.chat { fill: #2f7ed8; }
@media (prefers-color-scheme: dark) {
text { fill: #d7dde3; }
.plain { fill: #6b7681; }
.chat { fill: #58a6ff; }
}
</style>
<text class="title" x="12" y="24">${escaped(title)}</text>
<rect class="plain" x="12" y="38" width="12" height="12"/><text x="30" y="49">Mosquitto alone: relayed</text>
<rect class="chat" x="210" y="38" width="12" height="12"/><text x="228" y="49">with the plugin: stored in PostgreSQL, then delivered</text>
${rows.join('\n')}
<text x="12" y="${height - 10}">${escaped(note)}</text>
</svg>
`;
}
