import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attachmentsOf, fitted, isPicture, MOST, safeUrl } from '../../src/element/attachments.js';

const PAGE = 'http://app.example.com/chat/';

test('only_what_is_encrypted_or_the_pages_own_is_loaded', () => {
	assert.equal(safeUrl('https://files.example.com/a.png', PAGE), 'https://files.example.com/a.png');
	assert.equal(safeUrl('/a.png', PAGE), 'http://app.example.com/a.png');
	for (const url of ['http://files.example.com/a.png', 'javascript:alert(1)', 'JAVASCRIPT:alert(1)', ' java\nscript:alert(1)', 'data:text/html,x',
		'blob:http://app.example.com/1', 'file:///etc/passwd', 'http://[', '//files.example.com/a.png']) {
		assert.equal(safeUrl(url, PAGE), null, url);
	}
});

test('what_is_not_as_it_should_be_is_left_out', () => {
	for (const data of [null, undefined, 7, {}, { attachments: 'x' }, { attachments: [null, 7, {}, { url: 7 }, { url: 'javascript:1' }] }]) {
		assert.deepEqual(attachmentsOf(data, PAGE), []);
	}
	const [one] = attachmentsOf({ attachments: [{ url: '/a', type: 7, name: ['x'], size: -1, width: '100%', height: Infinity }] }, PAGE);
	assert.deepEqual(one, { url: 'http://app.example.com/a', type: undefined, name: undefined, size: undefined, width: undefined, height: undefined });
	assert.equal(attachmentsOf({ attachments: Array.from({ length: 50 }, () => ({ url: '/a' })) }, PAGE).length, MOST);
});

test('a_picture_is_one_that_runs_nothing', () => {
	assert.ok(isPicture({ url: '', type: 'image/jpeg' }));
	assert.ok(!isPicture({ url: '', type: 'image/svg+xml' }));
	assert.ok(!isPicture({ url: '' }));
});

test('a_picture_keeps_its_shape_and_is_not_too_large', () => {
	assert.deepEqual(fitted(1600, 800), { width: 320, height: 160 });
	assert.deepEqual(fitted(100, 6400), { width: 5, height: 320 });
	assert.deepEqual(fitted(40, 30), { width: 40, height: 30 });
	assert.deepEqual(fitted(100000, 1), { width: 320, height: 1 });
});
