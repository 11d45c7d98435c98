// What psql --csv prints, as rows of strings.

/**
 * @param {string} text
 * @returns {string[][]}
 */
export function parseCsv(text) {
	/** @type {string[][]} */
	const rows = [];
	/** @type {string[]} */
	let row = [];
	let at = 0;
	while (at < text.length) {
		let field = '';
		if (text[at] === '"') {
			for (at++; !(text[at] === '"' && text[at + 1] !== '"'); at++) {
				at += text[at] === '"' ? 1 : 0;
				field += text[at];
			}
			at++;
		} else {
			while (text[at] !== ',' && text[at] !== '\n') {
				field += text[at++];
			}
		}
		row.push(field);
		if (text[at++] === '\n') {
			rows.push(row);
			row = [];
		}
	}
	return rows;
}
