// How strictly a payload is read, and what is said about one that is wrong.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WAYS, wayName } from './client.js';
import { connectRaw } from './raw.js';
import { newIds, useStage } from './stage.js';

const KIB = 1024;

/** @param {string} text with each character a byte */
const bytes = (text) => Buffer.from(text, 'latin1');

/** @type {[string, string | Buffer][]} */
const BAD_JSON = [
	['nothing', ''],
	['white space', ' \n'],
	['a word', 'hello'],
	['an array', '[{"event":"typing"}]'],
	['a string', '"typing"'],
	['a number', '1'],
	['null', 'null'],
	['true', 'true'],
	['an object that does not end', '{"event":"typing"'],
	['a bracket that does not end', '{'],
	['a string that does not end', '{"event":"typing'],
	['a trailing comma', '{"event":"typing",}'],
	['a missing comma', '{"event":"typing" "on":true}'],
	['a missing value', '{"event":}'],
	['a missing colon', '{"event" "typing"}'],
	['a key without quotes', '{event:"typing"}'],
	['single quotes', "{'event':'typing'}"],
	['a comment', '{"event":"typing"/**/}'],
	['trailing bytes', '{"event":"typing"}x'],
	['a second object', '{"event":"typing"}{"event":"typing"}'],
	['a trailing NUL', '{"event":"typing"}\0'],
	['a NUL in between', '{"event":"typing"\0,"on":true}'],
	['a byte order mark', '\ufeff{"event":"typing"}'],
	['UTF-16', Buffer.from('{"event":"typing"}', 'utf16le')],
	['white space that JSON does not know', '\u00a0{"event":"typing"}'],
	['a number with a leading zero', '{"event":"history","limit":01}'],
	['a number with a plus', '{"event":"history","limit":+1}'],
	['a hexadecimal number', '{"event":"history","limit":0x1}'],
	['a number without an end', '{"event":"history","limit":1.}'],
	['NaN', '{"event":"history","limit":NaN}'],
	['an unknown word', '{"event":"typing","on":TRUE}'],
	['an unknown escape', '{"event":"message","text":"\\x41"}'],
	['a short escape', '{"event":"message","text":"\\u12"}'],
	['an escape that is no number', '{"event":"message","text":"\\u12g4"}'],
	['a newline inside a string', '{"event":"message","text":"a\nb"}'],
	['a control character inside a string', '{"event":"message","text":"a\u0001b"}'],
	['a NUL byte inside a string', '{"event":"message","text":"a\0b"}'],
	['U+0000 in a value', '{"event":"message","text":"a\\u0000b"}'],
	['U+0000 in a key', '{"event":"typing","a\\u0000b":1}'],
	['U+0000 behind the name of a member', '{"event":"message","text\\u0000":"x"}'],
	['U+0000 in an unknown member', '{"event":"typing","x":["\\u0000"]}'],
	['a lone high surrogate', '{"event":"message","text":"\\ud83d"}'],
	['a lone high surrogate before text', '{"event":"message","text":"\\ud83dx"}'],
	['a lone low surrogate', '{"event":"message","text":"\\ude00"}'],
	['surrogates in the wrong order', '{"event":"message","text":"\\ude00\\ud83d"}'],
	['two high surrogates', '{"event":"message","text":"\\ud83d\\ud83d"}'],
	['a lone surrogate in a key', '{"event":"typing","\\ud83d":1}'],
	['a lone surrogate in an unknown member', '{"event":"typing","x":{"y":"\\ud83d"}}'],
	['a byte that is never UTF-8', bytes('{"event":"message","text":"\xff"}')],
	['a continuation byte alone', bytes('{"event":"message","text":"\x80"}')],
	['a character cut short', bytes('{"event":"message","text":"\xc3"}')],
	['an overlong character', bytes('{"event":"message","text":"\xc0\xaf"}')],
	['an overlong NUL', bytes('{"event":"message","text":"\xc0\x80"}')],
	['a surrogate in UTF-8', bytes('{"event":"message","text":"\xed\xa0\x80"}')],
	['a character beyond U+10FFFF', bytes('{"event":"message","text":"\xf4\x90\x80\x80"}')],
	['invalid UTF-8 in a key', bytes('{"event":"typing","\xff":1}')],
	['invalid UTF-8 in an unknown member', bytes('{"event":"typing","x":"\xe9"}')],
	['the event twice', '{"event":"typing","event":"typing"}'],
	['two different events', '{"event":"typing","event":"message","text":"x"}'],
	['the text twice', '{"event":"message","text":"a","text":"b"}'],
	['an unknown member twice', '{"event":"typing","x":1,"x":1}'],
	['a member twice, once in escapes', '{"event":"message","text":"a","t\\u0065xt":"b"}'],
	['thousands of brackets', '['.repeat(100 * KIB)],
	['thousands of objects', '{"x":'.repeat(20 * KIB)],
	['a good message in an array', '[{"event":"message","text":"x"}]'],
];

/** @type {[string, string][]} */
const BAD_EVENT = [
	['no event', '{}'],
	['no event beside a text', '{"text":"hi"}'],
	['null', '{"event":null}'],
	['a number', '{"event":1}'],
	['a boolean', '{"event":true}'],
	['an array', '{"event":["message"],"text":"x"}'],
	['an object', '{"event":{"message":1},"text":"x"}'],
	['an empty one', '{"event":""}'],
	['an unknown one', '{"event":"shout","text":"x"}'],
	['another case', '{"event":"Message","text":"x"}'],
	['capitals', '{"event":"TYPING"}'],
	['a space behind it', '{"event":"message ","text":"x"}'],
	['a longer one', '{"event":"messages","text":"x"}'],
	['a shorter one', '{"event":"messag","text":"x"}'],
	['another case of the member itself', '{"Event":"message","text":"x"}'],
	...['presence_state', 'presence_diff', 'error', 'unread', 'notification', 'join'].map((event) =>
		/** @type {[string, string]} */ ([`${event}, which is not for clients to say`, JSON.stringify({ event, users: {}, code: 'x' })])),
];

/** @type {[string, string, RegExp][]} what, the payload, the field that the reason names */
const BAD_FIELD = [
	['a message without text', '{"event":"message"}', /text/],
	['a message with its text in another case', '{"event":"message","Text":"x"}', /text/],
	['an empty text', '{"event":"message","text":""}', /text/],
	...['1', 'null', 'true', '["x"]', '{"x":"y"}'].map((value) =>
		/** @type {[string, string, RegExp]} */ ([`a text that is ${value}`, `{"event":"message","text":${value}}`, /text/])),
	['an empty ref', '{"event":"message","text":"x","ref":""}', /ref/],
	['a ref of 65 characters', JSON.stringify({ event: 'message', text: 'x', ref: 'r'.repeat(65) }), /ref/],
	['a ref of 65 characters beyond the first plane', JSON.stringify({ event: 'message', text: 'x', ref: '😀'.repeat(65) }), /ref/],
	...['1', 'true', '[]', '{}'].map((value) =>
		/** @type {[string, string, RegExp]} */ ([`a ref that is ${value}`, `{"event":"message","text":"x","ref":${value}}`, /ref/])),
	['a read without seq', '{"event":"read"}', /seq/],
	...['"1"', 'null', 'true', '[]', '{}', '-1', '1.5', '1.0', '1e0', '1E2', '9007199254740992', '1e400', '123456789012345678901234567890'].map((value) =>
		/** @type {[string, string, RegExp]} */ ([`a seq that is ${value}`, `{"event":"read","seq":${value}}`, /seq/])),
	...['"true"', '1', '0', 'null', '[]', '{}'].map((value) =>
		/** @type {[string, string, RegExp]} */ ([`an on that is ${value}`, `{"event":"typing","on":${value}}`, /on/])),
	...['0', '201', '-1', '9007199254740991', '9007199254740992', '1.5', '50.0', '5e1', '"50"', 'null', 'true', '[]'].map((value) =>
		/** @type {[string, string, RegExp]} */ ([`a limit that is ${value}`, `{"event":"history","limit":${value}}`, /limit/])),
	...['before', 'after'].flatMap((member) => ['-1', '1.5', '1.0', '1e1', '"1"', 'null', 'true', '{}', '9007199254740992'].map((value) =>
		/** @type {[string, string, RegExp]} */ ([`a ${member} that is ${value}`, `{"event":"history","${member}":${value}}`, new RegExp(member)]))),
	['both before and after', '{"event":"history","before":5,"after":1}', /before|after/],
	['a history with an empty ref', '{"event":"history","ref":""}', /ref/],
	['a history with a long ref', JSON.stringify({ event: 'history', ref: 'r'.repeat(65) }), /ref/],
	['a history with a ref that is a number', '{"event":"history","ref":1}', /ref/],
];

/**
 * An event with a member that nobody knows, of exactly so many bytes.
 * @param {number} length
 * @param {object} event
 */
function padded(length, event) {
	const bare = JSON.stringify({ ...event, pad: '' });
	return JSON.stringify({ ...event, pad: 'x'.repeat(length - Buffer.byteLength(bare)) });
}

describe('a payload', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	/**
	 * Each row's payload is refused with this code; the chat stays as it is.
	 * @param {[string, string | Buffer, RegExp?][]} rows
	 * @param {string} code
	 */
	async function allRefused(rows, code) {
		const { ann, bob, chat, room } = await stage.couple();
		for (const [what, payload, field] of rows) {
			assert.equal(await ann.publish(chat, payload), 0, what);
			const error = await ann.next(chat, (event) => event.event !== 'presence_diff');
			assert.deepEqual([error.event, error.code], ['error', code], what);
			assert.ok(typeof error.reason === 'string' && error.reason.length > 0, what);
			if (field) {
				assert.match(error.reason, field, what);
			}
			assert.ok(!('retry_ms' in error), what);
		}
		assert.equal((await ann.say(chat, 'good')).seq, 1);
		assert.equal((await bob.next(chat, 'message')).text, 'good');
		await bob.none(chat);
		await ann.none(chat);
		assert.equal((await stage.stored(room)).length, 1);
	}

	test('that is not one JSON object is bad_json', () => allRefused(BAD_JSON, 'bad_json'));

	test('without an event of a client is bad_event', () => allRefused(BAD_EVENT, 'bad_event'));

	test('with a member that is wrong is bad_field, and the reason names it', () => allRefused(BAD_FIELD, 'bad_field'));

	for (const way of WAYS) {
		test(`that is wrong is acknowledged like a good one by ${wayName(way)}, and the connection stays`, async () => {
			const { ann, chat } = await stage.couple(way);
			for (const qos of /** @type {(0 | 1 | 2)[]} */ ([0, 1, 2])) {
				for (const payload of ['', 'hello', '{"event":"shout"}', '{"event":"message"}', 'x'.repeat(128 * KIB + 1)]) {
					assert.equal(await ann.publish(chat, payload, { qos }), 0);
					assert.equal((await ann.next(chat, 'error')).event, 'error');
				}
			}
			assert.ok(ann.connected());
			assert.equal((await ann.say(chat, 'good')).seq, 1);
		});
	}

	test('has its ref in the error', async () => {
		const { ann, chat } = await stage.couple();
		for (const [event, code] of /** @type {[object, string][]} */ ([
			[{ event: 'message', text: '' }, 'bad_field'],
			[{ event: 'message', text: 'x'.repeat(16 * KIB + 1) }, 'too_large'],
			[{ event: 'history', limit: 0 }, 'bad_field'],
			[{ event: 'history', before: 1, after: 1 }, 'bad_field'],
			[{ event: 'shout' }, 'bad_event'],
		])) {
			const error = await ann.refusal(chat, { ...event, ref: 'mine 😀' });
			assert.deepEqual([error.code, error.ref], [code, 'mine 😀']);
		}
	});

	test('without a ref has none in the error', async () => {
		const { ann, chat } = await stage.couple();
		for (const payload of ['{"event":"message","text":""}', '{"event":"shout"}', '{']) {
			assert.ok(!('ref' in await ann.refusal(chat, payload)));
		}
	});

	test('that is wrong is answered to its connection alone', async () => {
		const { ann, bob, chat } = await stage.couple();
		const other = await stage.connect({ id: ann.id });
		await other.join(chat);
		await other.enterLobby();
		await ann.refusal(chat, '{');
		await ann.refusal(chat, { event: 'message', text: '' });
		await ann.refusal(chat, 'x'.repeat(128 * KIB + 1));
		await other.none(null);
		await bob.none(chat);
	});

	test('that is wrong is answered in its own chat alone', async () => {
		const { ann, chat } = await stage.couple();
		const [third] = newIds(1);
		const elsewhere = `chat/${ann.id}/${third}`;
		await ann.join(elsewhere);
		ann.take(elsewhere);
		await ann.refusal(chat, '{');
		await ann.none(elsewhere);
	});

	test('may be 128 KiB long, and beyond is too_large', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.publish(chat, padded(128 * KIB, { event: 'message', text: 'long' }));
		assert.equal((await bob.next(chat, 'message')).text, 'long');
		await ann.next(chat, 'message');
		const error = await ann.refusal(chat, padded(128 * KIB + 1, { event: 'message', text: 'longer', ref: 'unread' }));
		assert.equal(error.code, 'too_large');
		assert.ok(!('ref' in error));
		assert.equal((await ann.refusal(chat, 'x'.repeat(300 * KIB))).code, 'too_large');
		assert.equal((await ann.say(chat, 'next')).seq, 2);
	});

	test('may have a text of 16 KiB, counted in bytes of UTF-8, and beyond is too_large', async () => {
		const { ann, bob, chat } = await stage.couple();
		const fits = ['x'.repeat(16 * KIB), 'é'.repeat(8 * KIB), '名'.repeat(5461) + 'x', '😀'.repeat(4 * KIB)];
		for (const [index, text] of fits.entries()) {
			assert.equal(Buffer.byteLength(text), 16 * KIB);
			const echo = await ann.say(chat, text);
			assert.equal(echo.seq, index + 1);
			assert.equal(echo.text, text);
			assert.equal((await bob.next(chat, 'message')).text, text);
			assert.equal((await ann.refusal(chat, { event: 'message', text: `${text}x` })).code, 'too_large');
		}
	});

	test('may have a text of 16 KiB that is longer in escapes', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.publish(chat, `{"event":"message","text":"${'\\u0041'.repeat(16 * KIB)}"}`);
		assert.equal((await bob.next(chat, 'message')).text, 'A'.repeat(16 * KIB));
		const error = await ann.refusal(chat, `{"event":"message","text":"${'\\u0041'.repeat(16 * KIB + 1)}"}`);
		assert.equal(error.code, 'too_large');
	});

	test('may have a text of one byte', async () => {
		const { ann, chat } = await stage.couple();
		assert.equal((await ann.say(chat, ' ')).text, ' ');
	});

	test('may have a ref of up to 64 characters of any plane', async () => {
		const { ann, chat } = await stage.couple();
		for (const ref of ['r', 'r'.repeat(64), 'é'.repeat(64), '😀'.repeat(64), '"\\\n', 'null']) {
			assert.equal((await ann.say(chat, 'x', { ref })).ref, ref);
		}
	});

	test('carries any text through as it is', async () => {
		const { ann, bob, chat } = await stage.couple();
		for (const text of [
			'Grüße, 世界, 👩‍👩‍👧 and שלום', '"quoted" \\ and / and \\n', 'line\nline\ttab\r', '\u0001\u001f\u007f\u0085', '\u2028\u2029\ufeff\ufffd',
			'<script>alert(1)</script>&amp;', "'; drop table chat.messages; --", '{"event":"message"}', '%s %n $1', '\u{10ffff}\ue000\ufdd0', '{a,b}', '\\N', 'NULL', '\\x41',
		]) {
			const echo = await ann.say(chat, text);
			assert.equal(echo.text, text);
			assert.equal((await bob.next(chat, 'message')).text, text);
		}
	});

	test('may use escapes and white space as JSON has them', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.publish(chat, ' \t\r\n{ "\\u0065vent" :\n"mess\\u0061ge" , "text" : "\\ud83d\\ude00\\u00e9\\/\\b\\f\\n\\r\\t\\"\\\\" } \n');
		assert.equal((await bob.next(chat, 'message')).text, '😀é/\b\f\n\r\t"\\');
	});

	test('may have its members in any order, and members that nobody knows', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.publish(chat, '{"seq":99,"x":[{"y":{}},null,true],"text":"hi","user_id":"999","Text":5,"Event":null,"sent_at":"never","event":"message","on":"maybe","limit":"x"}');
		const message = await bob.next(chat, 'message');
		assert.deepEqual([message.seq, message.text, message.user_id], [1, 'hi', ann.id]);
		assert.notEqual(message.sent_at, 'never');
		for (const name of ['x', 'Text', 'Event', 'on', 'limit', 'ref']) {
			assert.ok(!(name in message), name);
		}
	});

	test('may repeat a member further down', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.publish(chat, '{"event":"typing","x":{"a":1,"a":2,"event":"message"},"y":{"a":1}}');
		assert.equal((await bob.next(chat, 'typing')).on, true);
	});

	test('may have the largest number', async () => {
		const { ann, chat } = await stage.couple();
		await ann.say(chat, 'x');
		await ann.publish(chat, `{"event":"history","before":${Number.MAX_SAFE_INTEGER},"ref":"max"}`);
		assert.equal((await ann.next(chat, 'history')).messages.length, 1);
		await ann.publish(chat, `{"event":"history","after":${Number.MAX_SAFE_INTEGER},"ref":"max"}`);
		assert.equal((await ann.next(chat, 'history')).messages.length, 0);
	});

	test('that is sent again is an error again', async () => {
		const { ann, chat } = await stage.couple();
		const raw = await connectRaw({ broker: stage.broker, id: ann.id });
		await raw.subscribe(chat);
		const publish = { cmd: 'publish', topic: chat, payload: '{', qos: 1, messageId: 5 };
		raw.send(publish);
		await raw.packet('publish', (it) => it.payload.includes('bad_json'));
		await raw.packet('puback', (it) => it.messageId === 5);
		raw.send({ ...publish, dup: true });
		await raw.packet('publish', (it) => it.payload.includes('bad_json'));
		await raw.packet('puback', (it) => it.messageId === 5);
		await ann.none(chat, 'error');
	});
});
