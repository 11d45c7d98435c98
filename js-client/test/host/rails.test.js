// A Rails application with the chat, on Debian's Rails.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { SECRET, mustRun } from './app.js';
import { keepsPromises, unless } from './scene.js';

const there = spawnSync('ruby', ['-e', 'require "rails"; require "action_controller/railtie"']).status === 0;

keepsPromises('a Rails application', {
	folder: 'rails',
	heading: 'Rails',
	copied: true,
	skip: unless(there, 'Rails'),
	command: (port) => ['rackup', '-q', '-E', 'production', '-s', 'webrick', '-o', '127.0.0.1', '-p', String(port)],
	env: { RAILS_ENV: 'production' },
	paths: { token: '/chat/token', login: '/login', odd: '/odd' },
}, ({ folder }) => {
	test('passes the test of the guide', async () => {
		const env = { ...process.env, LANG: 'C.UTF-8', CHAT_SECRET: SECRET };
		const printed = await mustRun('ruby', ['-Itest', 'test/integration/chat_test.rb'], { cwd: folder(), env });
		assert.match(printed, /1 runs, 3 assertions, 0 failures/);
	});
});
