import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presenceOf } from '../../src/presence.js';

const state = (/** @type {string} */ json) => presenceOf('2', { event: 'presence_state', users: JSON.parse(json) });
const diff = (/** @type {string} */ joins, /** @type {string} */ leaves, id = '2') =>
	presenceOf(id, { event: 'presence_diff', joins: JSON.parse(joins), leaves: JSON.parse(leaves) });

test('a state says of everybody whether they are here', () => {
	assert.deepEqual(state('{"1":{"name":"Ann"},"2":{"name":"Ben"}}'), { present: true, name: 'Ben' });
	assert.deepEqual(state('{"1":{"name":"Ann"}}'), { present: false });
});

test('a diff says something of those alone who are in it', () => {
	assert.deepEqual(diff('{"2":{"name":"Ben"}}', '{}'), { present: true, name: 'Ben' });
	assert.deepEqual(diff('{}', '{"2":{"name":"Ben"}}'), { present: false });
	assert.equal(diff('{"1":{"name":"Ann"}}', '{}'), null);
});

test('nobody is here by being called as JavaScript calls things', () => {
	assert.equal(diff('{}', '{}', '__proto__'), null);
	assert.equal(diff('{}', '{}', 'constructor'), null);
	assert.deepEqual(diff('{"__proto__":{"name":"P"}}', '{}', '__proto__'), { present: true, name: 'P' });
});
