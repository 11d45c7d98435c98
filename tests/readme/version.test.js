// The version stands in CMakeLists.txt; npm wants it in its own files, and the changelog says what is new in it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromTop } from './extract.js';

/** @param {string} path */
const text = (path) => readFileSync(fromTop(path), 'utf8');
const [, version] = /** @type {RegExpExecArray} */ (/^project\(mosquitto_chat VERSION (\d+\.\d+\.\d+) /m.exec(text('CMakeLists.txt')));

test('npm_has_the_version_of_cmake', () => {
	assert.equal(JSON.parse(text('js-client/package.json')).version, version);
	const lock = JSON.parse(text('js-client/package-lock.json'));
	assert.deepEqual([lock.version, lock.packages[''].version], [version, version]);
});

test('changelog_begins_with_it', () => {
	const [, first] = /** @type {RegExpExecArray} */ (/^## (.*)$/m.exec(text('CHANGELOG.md')));
	assert.match(first, new RegExp(`^(Unreleased \\(${version}\\)|${version}( |$))`));
});
