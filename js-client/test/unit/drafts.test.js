import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftOf, keepDraft, LONGEST } from '../../src/element/drafts.js';

test('a_draft_is_its_users_and_its_peers', () => {
	keepDraft('1', '2', 'Dear Ben,');
	assert.equal(draftOf('1', '2'), 'Dear Ben,');
	assert.equal(draftOf('1', '3'), '');
	assert.equal(draftOf('2', '2'), '');
	keepDraft('1', '2', '');
	assert.equal(draftOf('1', '2'), '');
});

test('of_too_many_the_latest_are_kept', () => {
	for (let i = 0; i < 5; i++) {
		keepDraft('7', String(i), 'x'.repeat(LONGEST / 4));
	}
	assert.equal(draftOf('7', '0'), '');
	assert.equal(draftOf('7', '1').length, LONGEST / 4);
	assert.equal(draftOf('7', '4').length, LONGEST / 4);
});
