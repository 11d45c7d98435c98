import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, faultOf, patience, sendable, sendableData } from '../../src/protocol.js';

const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);

test('what is no JSON is no event', () => {
	assert.deepEqual(decode(bytes('{"event":"read","seq":1}')), { event: 'read', seq: 1 });
	assert.equal(decode(bytes('{')), null);
	assert.equal(decode(new Uint8Array([0xff])), null);
});

test('a user called __proto__ is a user like others', () => {
	const { users } = decode(bytes('{"event":"presence_state","users":{"__proto__":{"name":"Proto"}}}'));
	assert.deepEqual(Object.entries(users), [['__proto__', { name: 'Proto' }]]);
});

test('events are written as the plugin reads them', () => {
	assert.equal(encode('message', { text: 'hi', ref: 'r' }), '{"event":"message","text":"hi","ref":"r"}');
	assert.equal(encode('typing', { on: false }), '{"event":"typing","on":false}');
});

test('text is made sendable: half a character and U+0000 become U+FFFD', () => {
	assert.equal(sendable('a\ud83db\udc00c\0d'), 'a\ufffdb\ufffdc\ufffdd');
	assert.equal(sendable('😀 \ufeff e\u0301'), '😀 \ufeff e\u0301');
});

test('text has 1 byte to 16 KiB of UTF-8', () => {
	assert.equal(faultOf(''), 'bad_field');
	assert.equal(faultOf('x'.repeat(16384)), null);
	assert.equal(faultOf('x'.repeat(16385)), 'too_large');
	assert.equal(faultOf('€'.repeat(5462)), 'too_large');
});

test('data is an object of at most 8 KiB, and may stand alone', () => {
	assert.equal(faultOf('', {}), null);
	assert.equal(faultOf('hi', /** @type {any} */ ([1])), 'bad_field');
	assert.equal(faultOf('hi', { a: 'x'.repeat(8184) }), null);
	assert.equal(faultOf('hi', { a: 'x'.repeat(8185) }), 'too_large');
	const data = { at: new Date(0), left: undefined };
	assert.deepEqual(sendableData(data), { at: '1970-01-01T00:00:00.000Z' });
	assert.equal(sendableData(null), null);
});

test('an answer that comes by itself is waited for longer', () => {
	assert.equal(patience({ event: 'error', code: 'rate_limited', reason: '', retry_ms: 1500 }), 1500);
	assert.ok(patience({ event: 'error', code: 'unavailable', reason: '', retry_ms: 1500 }) >= 30000);
});
