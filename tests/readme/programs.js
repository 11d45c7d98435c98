// The documented programs that sign logins, made to run.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocks, SIGNING } from './extract.js';

const TIMEOUT = 60000;

/**
 * What calls the functions of such a program, for pairs of id and name on the command line, and
 * prints what they return as a JSON array.
 * @type {Record<string, { program: string, file: string, call: string }>}
 */
const PROGRAMS = {
	ruby: {
		program: 'ruby',
		file: 'snippet.rb',
		call: `
puts JSON.generate(ARGV.each_slice(2).map { |id, name|
  username, password = signed_name(id, name)
  { username: username, password: password, jwt: jwt(id, name) }
})`,
	},
	python: {
		program: 'python3',
		file: 'snippet.py',
		call: `
import sys
logins = []
for user_id, name in zip(sys.argv[1::2], sys.argv[2::2]):
    username, password = signed_name(user_id, name)
    logins.append({"username": username, "password": password, "jwt": jwt(user_id, name)})
print(json.dumps(logins))`,
	},
	js: {
		program: process.execPath,
		file: 'snippet.mjs',
		call: `
const logins = [];
for (let i = 2; i < process.argv.length; i += 2) {
	const [username, password] = signedName(process.argv[i], process.argv[i + 1]);
	logins.push({ username, password, jwt: jwt(process.argv[i], process.argv[i + 1]) });
}
console.log(JSON.stringify(logins));`,
	},
	php: {
		program: 'php',
		file: 'snippet.php',
		call: `
$logins = [];
foreach (array_chunk(array_slice($argv, 1), 2) as [$id, $name]) {
    [$username, $password] = signed_name($id, $name);
    $logins[] = ['username' => $username, 'password' => $password, 'jwt' => jwt($id, $name)];
}
echo json_encode($logins);`,
	},
};

export const LANGUAGES = Object.keys(PROGRAMS);

/**
 * Whether this machine has the interpreter.
 * @param {string} language
 * @returns {boolean}
 */
export function isThere(language) {
	return spawnSync(PROGRAMS[language].program, ['--version'], { timeout: TIMEOUT }).status === 0;
}

/**
 * Runs such a program.
 * @param {string} language
 * @param {string} secret
 * @param {[id: string, name: string][]} people
 * @returns {{ username: string, password: string, jwt: string }[]}
 */
export function sign(language, secret, people) {
	const { program, file, call } = PROGRAMS[language];
	const folder = mkdtempSync(join(tmpdir(), 'mosquitto-chat-readme-'));
	try {
		writeFileSync(join(folder, file), blocks(SIGNING, language)[0] + call);
		const output = execFileSync(program, [join(folder, file), ...people.flat()],
			{ env: { ...process.env, CHAT_SECRET: secret, LANG: 'C.UTF-8' }, timeout: TIMEOUT });
		return JSON.parse(output.toString());
	} finally {
		rmSync(folder, { recursive: true });
	}
}
