// PHP pages with the chat, on PHP's own server.

import { spawnSync } from 'node:child_process';
import { keepsPromises, unless } from './scene.js';

keepsPromises('a PHP application', {
	folder: 'php',
	heading: 'PHP',
	copied: true,
	skip: unless(spawnSync('php', ['--version']).status === 0, 'PHP'),
	command: (port, folder) => ['php', '-d', 'display_errors=0', '-d', 'log_errors=1', '-d', `session.save_path=${folder}`, '-S', `127.0.0.1:${port}`],
	paths: { token: '/chat/token.php', login: '/login.php', odd: '/odd.php' },
});
