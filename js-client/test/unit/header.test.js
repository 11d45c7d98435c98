import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presenceText } from '../../src/element/header.js';
import { titleWith } from '../../src/element/notify.js';

test('the_nearest_that_is_known_of_somebody_is_said', () => {
	const nowhere = { present: false, online: false, seenAt: null };
	assert.equal(presenceText({ ...nowhere, present: true, online: true }, 'en'), 'In this chat');
	assert.equal(presenceText({ ...nowhere, online: true }, 'en'), 'Online');
	assert.equal(presenceText(nowhere, 'en'), 'Not here now');
	assert.match(presenceText({ ...nowhere, seenAt: new Date() }, 'en-GB'), /^Last seen \d\d:\d\d$/);
	assert.match(presenceText({ ...nowhere, seenAt: new Date(Date.now() - 86400000) }, 'en-GB'), /^Last seen yesterday \d\d:\d\d$/);
	assert.match(presenceText({ ...nowhere, seenAt: new Date(2020, 1, 3, 14, 5) }, 'en-GB'), /^Last seen 3 Feb 14:05$/);
});

test('a_title_has_one_number_and_loses_it_again', () => {
	assert.equal(titleWith(3, 'Windfall'), '(3) Windfall');
	assert.equal(titleWith(12, '(3) Windfall'), '(12) Windfall');
	assert.equal(titleWith(0, '(3) Windfall'), 'Windfall');
	assert.equal(titleWith(0, '(a) Windfall'), '(a) Windfall');
});
