import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDialer } from '../../src/dialer.js';

/** Lets promises run. */
const breathe = () => new Promise((resolve) => {
	setTimeout(resolve);
});

describe('a dialer', () => {
	/** @param {() => any} [get] */
	function world(get = async () => ({ username: '1', password: 'p' })) {
		/** @type {string[]} */
		const opened = [];
		/** @type {string[]} */
		const failures = [];
		const it = { fault: '' };
		const dialer = createDialer(/** @type {any} */ ({ get }), async () => {}, (login, clientId) => {
			if (it.fault) {
				throw new Error(it.fault);
			}
			opened.push(clientId);
		}, (error) => failures.push(/** @type {Error} */ (error).message));
		return { dialer, opened, failures, it };
	}

	test('keeps its client id, but for a connection beside the current one', async () => {
		const { dialer, opened } = world();
		await dialer.dial();
		await dialer.dial();
		dialer.dialNext(() => true);
		await breathe();
		assert.equal(opened[0], opened[1]);
		assert.notEqual(opened[1], opened[2]);
	});

	test('forgets what is not wanted any more', async () => {
		const { dialer, opened, failures } = world();
		dialer.dialNext(() => false);
		dialer.dial();
		dialer.cancel();
		await breathe();
		assert.deepEqual([opened, failures], [[], []]);
	});

	test('tells of what fails, unless it is over', async () => {
		const { dialer, failures, it } = world();
		it.fault = 'no way';
		await dialer.dial();
		assert.deepEqual(failures, ['no way']);
		const other = world(() => Promise.reject(new Error('no token')));
		other.dialer.dial();
		other.dialer.cancel();
		await breathe();
		await other.dialer.dial();
		assert.deepEqual(other.failures, ['no token']);
	});
});
