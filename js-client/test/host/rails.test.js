// A Rails application with the chat, on Debian's Rails.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { mustRun } from './app.js';
import { keepsPromises, unless } from './scene.js';

const there = spawnSync('ruby', ['-e', 'require "rails"; require "action_controller/railtie"; require "active_job/railtie"; require "active_record/railtie"; require "pg"']).status === 0;

keepsPromises('a Rails application', {
	folder: 'rails',
	heading: 'Rails',
	copied: true,
	skip: unless(there, 'Rails'),
	makeTables: (_folder, database) => database.makeTables(),
	command: (port) => ['rackup', '-q', '-E', 'production', '-s', 'webrick', '-o', '127.0.0.1', '-p', String(port)],
	env: { RAILS_ENV: 'production' },
	paths: { token: '/chat/token', login: '/login', odd: '/odd' },
}, ({ folder, env }) => {
	test('passes the test of the guide', async () => {
		const printed = await mustRun('ruby', ['-Itest', 'test/integration/chat_test.rb'], { cwd: folder(), env: env() });
		assert.match(printed, /1 runs, 3 assertions, 0 failures/);
	});
});
