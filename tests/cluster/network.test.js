// A broker whose network goes away under it, in a namespace of its own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../stack/children.js';

const INSIDE = fileURLToPath(new URL('cut-off.js', import.meta.url));

/** @returns {string | false} why it cannot be done here */
function notPermitted() {
	try {
		execFileSync('unshare', ['--net', 'sh', '-c', 'ip link set lo up && ip rule add pref 9 lookup local'], { stdio: 'pipe' });
		return false;
	} catch {
		return 'a network namespace takes root, and the right to make one';
	}
}

test('a broker whose cable is out is given up by the others, and catches up', { skip: notPermitted() }, async () => {
	// It is to report to us, not to whoever runs this file.
	const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
	const { code, stdout, stderr } = await run('unshare', ['--net', 'sh', '-c', 'ip link set lo up && exec "$0" "$1"', process.execPath, INSIDE], { env, timeout: 120000 });
	console.log(stdout.split('\n').filter((line) => /left after/.test(line)).join('\n'));
	assert.equal(code, 0, `${stdout}${stderr}`);
	assert.match(stdout, /cable is out/, 'the test inside has run');
});
