// The README's programs that sign logins, run as they stand there, each in its own language.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocks, fromTop } from './extract.js';

const TIMEOUT = 30000;
const SECRET = 'a secret that the README shares with its tests';
const PEOPLE = [
	['1', 'Ann'],
	['ben@example.com', 'Ben: the "second" \\ of \'us\''],
	['~x.y_z=', 'Zoë 🎉 漢字'],
	['42', ''],
];

/**
 * How to call what the README defines, and print it as JSON.
 * @type {Record<string, { program: string, file: string, call: string }>}
 */
const LANGUAGES = {
	ruby: {
		program: 'ruby',
		file: 'snippet.rb',
		call: `
username, password = signed_name(ARGV[0], ARGV[1])
puts JSON.generate({ username: username, password: password, jwt: jwt(ARGV[0], ARGV[1]) })`,
	},
	python: {
		program: 'python3',
		file: 'snippet.py',
		call: `
import sys
username, password = signed_name(sys.argv[1], sys.argv[2])
print(json.dumps({"username": username, "password": password, "jwt": jwt(sys.argv[1], sys.argv[2])}))`,
	},
	js: {
		program: process.execPath,
		file: 'snippet.mjs',
		call: `
const [username, password] = signedName(process.argv[2], process.argv[3]);
console.log(JSON.stringify({ username, password, jwt: jwt(process.argv[2], process.argv[3]) }));`,
	},
	php: {
		program: 'php',
		file: 'snippet.php',
		call: `
[$username, $password] = signed_name($argv[1], $argv[2]);
echo json_encode(['username' => $username, 'password' => $password, 'jwt' => jwt($argv[1], $argv[2])]);`,
	},
};

/**
 * The signature by a program that is none of ours.
 * @param {string} text
 * @param {string} [secret]
 * @returns {Buffer}
 */
function opensslHmac(text, secret = SECRET) {
	const key = Buffer.from(secret).toString('hex');
	return execFileSync('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key}`, '-binary'],
		{ input: text, timeout: TIMEOUT });
}

/** @param {string} part */
function decode(part) {
	assert.match(part, /^[\w-]+$/);
	return JSON.parse(Buffer.from(part, 'base64url').toString());
}

/** @param {string} program */
function isThere(program) {
	return spawnSync(program, ['--version'], { timeout: TIMEOUT }).status === 0;
}

for (const [language, { program, file, call }] of Object.entries(LANGUAGES)) {
	const skip = isThere(program) ? false : `${program} is not installed`;

	test(`readme_${language}_signs_both_forms`, { skip, timeout: TIMEOUT }, () => {
		const [code, ...others] = blocks(language);
		assert.ok(code, `README.md has no ${language} block`);
		assert.equal(others.length, 0, `README.md has several ${language} blocks`);
		const folder = mkdtempSync(join(tmpdir(), 'mosquitto-chat-readme-'));
		try {
			writeFileSync(join(folder, file), code + call);
			for (const [id, name] of PEOPLE) {
				const before = Math.floor(Date.now() / 1000);
				const output = execFileSync(program, [join(folder, file), id, name],
					{ env: { ...process.env, CHAT_SECRET: SECRET, LANG: 'C.UTF-8' }, timeout: TIMEOUT });
				const after = Math.ceil(Date.now() / 1000);
				const { username, password, jwt } = JSON.parse(output.toString());

				assert.equal(username, `${id}:${name}`);
				assert.equal(password, opensslHmac(username).toString('base64'));

				const [header, claims, signature] = jwt.split('.');
				assert.equal(signature, opensslHmac(`${header}.${claims}`).toString('base64url'));
				assert.equal(decode(header).alg, 'HS256');
				const { sub, name: said, exp } = decode(claims);
				assert.equal(sub, id);
				assert.equal(said, name);
				assert.ok(exp >= before + 3600 && exp <= after + 3600, 'a JWT lives for an hour');
			}
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
}

test('readme_signs_what_the_vectors_accept', { timeout: TIMEOUT }, (t) => {
	const file = fromTop('tests/vectors/token.json');
	if (!existsSync(file)) {
		t.skip('there are no vectors');
		return;
	}
	assert.ok(JSON.parse(readFileSync(file, 'utf8')));
});
