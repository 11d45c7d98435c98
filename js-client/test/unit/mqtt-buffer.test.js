import assert from 'node:assert/strict';
import { Buffer as NodeBuffer } from 'node:buffer';
import { test } from 'node:test';
import { Buffer } from '../../mqtt/buffer.js';

const TEXTS = ['', 'plain', 'ä€𝄞', '\ufeffa mark', '\ud800 half', 'x'.repeat(70000)];

test('text becomes the bytes that it does in Node, and back', () => {
	for (const text of TEXTS) {
		const [ours, theirs] = [Buffer.from(text), NodeBuffer.from(text)];
		assert.deepEqual([...ours], [...theirs]);
		assert.equal(ours.toString('utf8'), theirs.toString('utf8'));
		assert.equal(Buffer.byteLength(text), NodeBuffer.byteLength(text));
	}
	assert.equal(Buffer.from([0xff, 0x41]).toString(), '\ufffdA');
	assert.equal(Buffer.from('abcdef').toString('utf8', 2, 4), 'cd');
	const into = Buffer.alloc(5);
	assert.equal(into.write('ab', 2), 2);
	assert.deepEqual([...into], [0, 0, 97, 98, 0]);
});

test('numbers are big-endian, and out of range is an error', () => {
	const bytes = Buffer.allocUnsafe(7);
	bytes.writeUInt8(0x12, 0);
	bytes.writeUInt16BE(0x3456, 1);
	bytes.writeUInt32BE(0xfedcba98, 3);
	assert.deepEqual([...bytes], [0x12, 0x34, 0x56, 0xfe, 0xdc, 0xba, 0x98]);
	assert.deepEqual([bytes.readUInt8(), bytes.readUInt16BE(1), bytes.readUInt32BE(3)], [0x12, 0x3456, 0xfedcba98]);
	assert.throws(() => bytes.readUInt32BE(4), RangeError);
});

test('a slice shares its bytes, a copy and a concatenation do not', () => {
	const bytes = Buffer.from([1, 2, 3, 4]);
	const slice = bytes.slice(1, 3);
	assert.ok(Buffer.isBuffer(slice));
	slice[0] = 9;
	assert.equal(bytes[1], 9);
	const all = Buffer.concat([bytes, slice]);
	bytes[0] = 7;
	assert.deepEqual([...all], [1, 9, 3, 4, 9, 3]);
	const target = Buffer.alloc(3);
	assert.equal(bytes.copy(target, 1, 2), 2);
	assert.deepEqual([...target], [0, 3, 4]);
	const { buffer } = new Uint8Array([5, 6, 7]);
	assert.deepEqual([...Buffer.from(buffer, 1, 2)], [6, 7]);
});
