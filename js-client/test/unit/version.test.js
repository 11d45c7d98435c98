import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changedVersion, versionOf } from '../../src/version.js';

const TIME = new Date(0);
const wire = (members = {}) => versionOf({ seq: 1, user_id: '1', sent_at: '', text: 'hi', ...members });
const react = (/** @type {any} */ version, /** @type {string} */ reaction, on = true, user = '1') =>
	changedVersion(version, { event: 'react', seq: 1, reaction, on }, user, TIME);

describe('a version of a message', () => {
	test('has every member, whatever the wire leaves out', () => {
		assert.deepEqual(wire(), { text: 'hi', data: null, reply_to: null, edited_at: null, reactions: [], deleted: false, change: 0 });
		assert.deepEqual(wire({ edited_at: '1970-01-01T00:00:00.000Z', change: 3, data: { a: 1 }, reply_to: 7 }).edited_at, TIME);
	});

	test('that is edited gets what is given, and keeps the rest', () => {
		const edit = (/** @type {any} */ members) => changedVersion(wire({ data: { a: 1 }, reply_to: 7 }), { event: 'edit', seq: 1, ...members }, '1', TIME);
		assert.deepEqual(edit({ text: 'ho' }), { ...wire({ data: { a: 1 }, reply_to: 7 }), text: 'ho', edited_at: TIME });
		assert.deepEqual(edit({ data: null }).data, null);
		assert.deepEqual([edit({ data: { b: 2 } }).text, edit({ data: { b: 2 } }).data], ['hi', { b: 2 }]);
	});

	test('that is deleted has nothing left, and does not change any more', () => {
		const gone = changedVersion(wire({ data: { a: 1 }, reply_to: 7, change: 4, reactions: [{ reaction: '👍', by: ['2'] }] }), { event: 'delete', seq: 1 }, '1', TIME);
		assert.deepEqual(gone, { ...wire({ deleted: true, change: 4 }), text: '' });
		assert.equal(react(gone, '👍'), gone);
	});

	test('has reactions and who they are of in the order in which they came', () => {
		const one = react(wire(), '👍');
		const two = react(react(one, '🎉', true, '2'), '👍', true, '2');
		assert.deepEqual(two.reactions, [{ reaction: '👍', by: ['1', '2'] }, { reaction: '🎉', by: ['2'] }]);
		assert.equal(react(two, '👍').reactions, two.reactions, 'once');
		assert.deepEqual(react(two, '👍', false).reactions, [{ reaction: '👍', by: ['2'] }, { reaction: '🎉', by: ['2'] }]);
		assert.deepEqual(react(one, '👍', false).reactions, []);
		assert.deepEqual(react(one, '🎉', false).reactions, one.reactions);
	});
});
