import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { chatOf, isUserId, lobbyOf, peerOf } from '../../src/topic.js';

const { topics } = JSON.parse(readFileSync(new URL('../../../tests/vectors/topics.json', import.meta.url), 'utf8'));

test('topics are those of the plugin\'s vectors', () => {
	const plain = topics.filter((/** @type {any} */ it) => typeof it.topic === 'string');
	for (const { topic, kind, a, b } of plain) {
		if (kind === 'lobby') {
			assert.equal(lobbyOf(a), topic);
			assert.ok(isUserId(a));
		} else if (kind === 'chat') {
			assert.deepEqual([chatOf(a, b), chatOf(b, a)], [topic, topic]);
			assert.deepEqual([peerOf(topic, a), peerOf(topic, b)], [b, a]);
		}
	}
	assert.ok(plain.some((/** @type {any} */ it) => it.kind === 'chat'));
});

test('an id is what the protocol says', () => {
	for (const id of ['1', 'aZ09_.@~=-', 'x'.repeat(64), '__proto__', 'constructor']) {
		assert.ok(isUserId(id), id);
	}
	for (const id of ['', 'x'.repeat(65), 'a b', 'a/b', 'é', 'a:b', '1\n', 1, null, undefined, ['1']]) {
		assert.ok(!isUserId(id), String(id));
	}
});
