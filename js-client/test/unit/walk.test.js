import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepTo } from '../../src/element/walk.js';

test('the_keys_lead_through_a_list_and_not_out_of_it', () => {
	assert.equal(stepTo('ArrowDown', 0, 3), 1);
	assert.equal(stepTo('ArrowDown', 2, 3), undefined);
	assert.equal(stepTo('ArrowUp', 0, 3), undefined);
	assert.equal(stepTo('End', 0, 30), 29);
	assert.equal(stepTo('Home', 7, 30), 0);
	assert.equal(stepTo('PageDown', 27, 30), 29);
	assert.equal(stepTo('PageUp', 3, 30), 0);
	assert.equal(stepTo('End', 0, 0), undefined);
	assert.equal(stepTo('a', 1, 3), undefined);
});
