// A Django project with the chat, on Debian's Django.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pythonWith } from '../../../tests/stack/python.js';
import { mustRun, visit } from './app.js';
import { claimsOf, keepsPromises, unless } from './scene.js';

const python = pythonWith('django, psycopg2') ?? '';

keepsPromises('a Django project', {
	folder: 'django',
	heading: 'Django',
	copied: true,
	skip: unless(python !== '', 'Django'),
	makeTables: (folder, database) => mustRun(python, ['manage.py', 'migrate', '--verbosity', '0'], { cwd: folder, env: { ...process.env, ...database.env } }),
	command: (port) => [python, '-u', 'manage.py', 'runserver', '--noreload', `127.0.0.1:${port}`],
	env: { PYTHONDONTWRITEBYTECODE: '1' },
	paths: { token: '/chat/token', login: '/login', odd: '/odd' },
	idsAreNumbers: true,
}, ({ app, folder, person, env }) => {
	test('passes the test of the guide', async () => {
		await mustRun(python, ['manage.py', 'test', 'shop'], { cwd: folder(), env: env() });
	});

	test('shows others a username only if it is no e-mail address', async () => {
		const named = await person({ id: '21', username: 'gil', name: 'Gil' });
		assert.equal(claimsOf((await named.get('/chat/token')).text).name, 'Gil');
		const plain = await person({ id: '22', username: 'hal' });
		assert.equal(claimsOf((await plain.get('/chat/token')).text).name, 'hal');
		const hidden = await person({ id: '23', username: 'ida@example.com' });
		assert.equal(claimsOf((await hidden.get('/chat/token')).text).name, '');
	});

	test('draws pages of errors, which have no request, for users and visitors', async () => {
		for (const who of [visit(app()), await person({ id: '7', name: 'Ann' })]) {
			const broken = await who.get('/broken');
			assert.deepEqual([broken.status, /<h1>Sorry/.test(broken.text)], [500, true]);
			const missing = await who.get('/nowhere');
			assert.deepEqual([missing.status, /<h1>Not here/.test(missing.text)], [404, true]);
		}
	});
});
