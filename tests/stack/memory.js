// What a process has in its memory, and what of it the kernel would write into a core dump.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const CHUNK = 1 << 20;

/** The address sanitizer reserves terabytes, none of which is dumped. */
const LARGEST = 1 << 30;

/**
 * @typedef {{ name: string, from: number, to: number, dumped: boolean }} Mapping
 *
 * @param {number} pid
 * @returns {Mapping[]}
 */
function mappingsOf(pid) {
	/** @type {Mapping[]} */
	const mappings = [];
	for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
		const start = line.match(/^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/);
		if (start && start[3].startsWith('r')) {
			mappings.push({ name: start[4] || 'anonymous', from: parseInt(start[1], 16), to: parseInt(start[2], 16), dumped: true });
		} else if (start) {
			mappings.push({ name: '', from: 0, to: 0, dumped: false });
		} else if (line.startsWith('VmFlags:')) {
			// "dd", do not dump, is what madvise(MADV_DONTDUMP) leaves.
			mappings[mappings.length - 1].dumped = !/ dd\b/.test(line);
		}
	}
	return mappings.filter((it) => it.to > it.from && it.to - it.from <= LARGEST);
}

/**
 * Where these bytes stand in the process's memory. Takes the right to trace the process: root has it, and
 * usually its parent.
 * @param {number} pid
 * @param {Buffer} bytes
 * @returns {Mapping[]} one for each place, with that place as `from`
 */
export function findInMemory(pid, bytes) {
	const found = [];
	const memory = openSync(`/proc/${pid}/mem`, 'r');
	const buffer = Buffer.alloc(CHUNK + bytes.length - 1);
	try {
		for (const mapping of mappingsOf(pid)) {
			for (let at = mapping.from; at < mapping.to; at += CHUNK) {
				let len = 0;
				try {
					len = readSync(memory, buffer, 0, Math.min(buffer.length, mapping.to - at), at);
				} catch (error) {
					// Some of the kernel's own pages cannot be read.
					if (!['EIO', 'EFAULT'].includes(/** @type {any} */ (error).code)) {
						throw error;
					}
				}
				const piece = buffer.subarray(0, len);
				for (let hit = piece.indexOf(bytes); hit >= 0; hit = piece.indexOf(bytes, hit + 1)) {
					found.push({ ...mapping, from: at + hit });
				}
			}
		}
	} finally {
		closeSync(memory);
	}
	return found;
}
