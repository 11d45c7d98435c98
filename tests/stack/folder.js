// Folders of our own that servers under other users can enter.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A new folder below the system's temporary one. It is removed when this process ends, unless
 * CHAT_TEST_KEEP is set.
 * @param {string} [name]
 * @returns {string}
 */
export function scratchFolder(name = 'stack') {
	const folder = mkdtempSync(join(tmpdir(), `mosquitto-chat-${name}-`));
	chmodSync(folder, 0o755);
	process.on('exit', () => {
		if (!process.env.CHAT_TEST_KEEP) {
			rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
		}
	});
	return folder;
}
