// Medians, spreads, and how they are written.

/** @param {number[]} numbers */
export function median(numbers) {
	const sorted = [...numbers].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number[]} numbers */
export function summary(numbers) {
	return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) };
}

/** @param {number} number */
export function short(number) {
	const size = Math.abs(number);
	if (size === 0) {
		return '0';
	}
	if (size >= 1000) {
		return Math.round(number).toLocaleString('en');
	}
	return number.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4);
}

/** @param {{ median: number, min: number, max: number }} of */
export function withSpread(of) {
	return `${short(of.median)} (${short(of.min)}–${short(of.max)})`;
}

/**
 * A table in Markdown that also reads well on a terminal.
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows) {
	const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
	const line = (/** @type {string[]} */ cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
	return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}
