// The vectors as JavaScript sees them: what a browser writes and reads, and what a host application
// signs, is what the plugin's own tests work on.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';

import { bytesOf, loadVectors } from '../vectors/bytes.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What JavaScript makes of a payload; undefined when it makes nothing of it. */
function parse(payload) {
	try {
		return JSON.parse(decoder.decode(payload));
	} catch {
		return undefined;
	}
}

test('what is no JSON to a browser is never accepted', () => {
	for (const vector of loadVectors('payloads.json')) {
		const object = parse(bytesOf(vector.payload));
		if (object === undefined || typeof object !== 'object' || object === null || Array.isArray(object)) {
			assert.ok(['bad_json', 'too_large'].includes(vector.error), vector.why);
		}
	}
});

test('an accepted payload means to a browser what it means to the plugin', () => {
	for (const vector of loadVectors('payloads.json').filter((v) => !v.error)) {
		const object = parse(bytesOf(vector.payload));
		assert.equal(object.event, vector.event, vector.why);
		for (const name of ['text', 'ref', 'reaction', 'user_id'].filter((n) => n in vector)) {
			assert.deepEqual(Buffer.from(object[name]), bytesOf(vector[name]), vector.why);
		}
		for (const name of ['seq', 'reply_to', 'on', 'before', 'after', 'since', 'limit'].filter((n) => n in vector)) {
			assert.equal(object[name] ?? true, vector[name], vector.why);
		}
		if ('data' in vector) {
			const data = bytesOf(vector.data);
			assert.ok(bytesOf(vector.payload).includes(data), vector.why);
			assert.deepEqual(JSON.parse(data.toString()), object.data, vector.why);
		}
		if ('room' in vector) {
			assert.equal(object.chat, `chat/${vector.room}`, vector.why);
		}
		if ('cursor' in vector) {
			assert.equal(object.after, vector.cursor, vector.why);
		}
	}
});

test('what a browser makes of an event, it would write in the same bytes', () => {
	for (const vector of loadVectors('events.json')) {
		assert.equal(JSON.stringify(JSON.parse(vector.payload)), vector.payload, vector.why);
	}
});

test('every time is what a browser makes of it', () => {
	for (const { write, message, payload } of loadVectors('events.json')) {
		if (write === 'message') {
			assert.equal(JSON.parse(payload).sent_at, new Date(message.sent_at).toISOString());
		}
	}
});

test('an accepted login is signed with a live secret', () => {
	const { secrets, logins } = loadVectors('tokens.json');
	for (const login of logins.filter((l) => l.verdict === 'accepted')) {
		const token = login.password.trimEnd();
		const dot = token.lastIndexOf('.');
		const signed = dot < 0 ? bytesOf(login.username) : token.slice(0, dot);
		const mac = Buffer.from(token.slice(dot + 1), 'base64').toString('hex');
		const macs = secrets.map((secret) => createHmac('sha256', secret).update(signed).digest('hex'));
		assert.ok(macs.includes(mac), login.why);
	}
});

test('the first user of a chat is the shorter id, or the first in byte order', () => {
	for (const { why, kind, a, b } of loadVectors('topics.json').topics) {
		if (kind === 'chat') {
			const [first] = [a, b].sort((x, y) => x.length - y.length || (x < y ? -1 : 1));
			assert.equal(a, first, why);
		}
	}
});
