// Python with what Debian's packages bring: where another Python comes first in the PATH, that has not got it.

import { spawnSync } from 'node:child_process';

/**
 * @param {string} module
 * @returns {string | null} the Python that has it
 */
export function pythonWith(module) {
	const has = (/** @type {string} */ python) => spawnSync(python, ['-c', `import ${module}`], { timeout: 60000 }).status === 0;
	return ['python3', '/usr/bin/python3'].find(has) ?? null;
}
