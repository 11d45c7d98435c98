import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatError, errorOf, isFinal, isUnauthorized, UnauthorizedError } from '../../src/errors.js';

test('some refusals are final, the others a matter of time', () => {
	assert.deepEqual(['bad_json', 'bad_event', 'bad_field', 'too_large', 'rejected', 'forbidden'].filter((code) => !isFinal(code)), []);
	assert.deepEqual(['rate_limited', 'unavailable', 'something_new'].filter(isFinal), []);
});

test('an error says what the plugin has said', () => {
	const { name, code, reason, retry_ms, message } = errorOf({ code: 'rate_limited', reason: 'too much', retry_ms: 1500 });
	assert.deepEqual([name, code, reason, retry_ms, message], ['ChatError', 'rate_limited', 'too much', 1500, 'rate_limited: too much']);
	assert.equal(new ChatError('closed').retry_ms, null);
});

test('whoever is not logged in is known, from another copy of this package too', () => {
	const error = new UnauthorizedError();
	assert.ok(error instanceof ChatError && isUnauthorized(error));
	assert.ok(isUnauthorized(Object.assign(new Error('logged out'), { name: 'UnauthorizedError' })));
	assert.ok(![null, undefined, 'no', new Error('no')].some(isUnauthorized));
});
