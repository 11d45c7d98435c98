// How to call each helper in its own language.  A program reads one job in JSON from standard input:
// `calls`, an array of [function, arguments], and prints an array of what each returned, or of
// { "error": … } where it refused.

import { fileURLToPath } from 'node:url';
import { pythonWith } from '../../../tests/stack/python.js';

const HOST = fileURLToPath(new URL('../../host/', import.meta.url));

/**
 * `there` is what the host file needs, tried as a program of its own.
 * @type {Record<string, { program: string, options: string[], there: string, code: string, env?: Record<string, string> }>}
 */
export const LANGUAGES = {
	node: {
		program: process.execPath,
		options: ['--input-type=module', '-e'],
		there: '',
		code: `
import { readFileSync } from 'node:fs';
import * as chat from ${JSON.stringify(`file://${HOST}server.cjs`)};
const calls = {
	seal: chat.seal,
	jwt: (id, name, now) => chat.jwt(id, name, { now }),
	jwt_for: (id, name, now, audience, seconds) => chat.jwt(id, name, { now, audience, seconds }),
	signed_name: chat.signedName,
	signed_name_with: (secret, id, name) => { process.env.CHAT_SECRET = secret; return chat.signedName(id, name); },
};
const results = JSON.parse(readFileSync(0, 'utf8')).calls.map(([name, args]) => {
	try { return calls[name](...args); } catch (error) { return { error: error.message }; }
});
console.log(JSON.stringify(results));`,
	},
	ruby: {
		program: 'ruby',
		options: ['-e'],
		there: 'require "active_support"',
		code: `
require "active_support"
require ${JSON.stringify(`${HOST}rails.rb`)}
calls = {
  "seal" => MosquittoChat.method(:seal),
  "jwt" => ->(id, name, now) { MosquittoChat.jwt(id, name, now: now) },
  "jwt_for" => ->(id, name, now, audience, seconds) { MosquittoChat.jwt(id, name, now: now, audience: audience, seconds: seconds) },
  "signed_name" => MosquittoChat.method(:signed_name),
  "signed_name_with" => lambda do |secret, id, name|
    ENV["CHAT_SECRET"] = secret
    MosquittoChat.signed_name(id, name)
  end,
}
results = JSON.parse($stdin.read)["calls"].map do |name, args|
  calls[name].call(*args)
rescue ArgumentError, RuntimeError => e
  { error: e.message }
end
puts JSON.generate(results)`,
	},
	python: {
		program: pythonWith('django') ?? 'python3',
		options: ['-c'],
		there: 'import django',
		env: { PYTHONDONTWRITEBYTECODE: '1' },
		code: `
import importlib.util
import json
import os
import sys
spec = importlib.util.spec_from_file_location("mosquitto_chat", ${JSON.stringify(`${HOST}django.py`)})
chat = importlib.util.module_from_spec(spec)
spec.loader.exec_module(chat)
def signed_name_with(secret, user_id, name):
    os.environ["CHAT_SECRET"] = secret
    return chat.signed_name(user_id, name)
calls = {
    "seal": chat.seal,
    "jwt": lambda user_id, name, now: chat.jwt(user_id, name, now=now),
    "jwt_for": lambda user_id, name, now, audience, seconds: chat.jwt(user_id, name, now=now, audience=audience, seconds=seconds),
    "signed_name": chat.signed_name,
    "signed_name_with": signed_name_with,
}
results = []
for name, args in json.load(sys.stdin)["calls"]:
    try:
        results.append(calls[name](*args))
    except (ValueError, RuntimeError) as error:
        results.append({"error": str(error)})
print(json.dumps(results))`,
	},
	php: {
		program: 'php',
		options: ['-r'],
		there: '',
		code: `
require ${JSON.stringify(`${HOST}mosquitto_chat.php`)};
$calls = [
    'seal' => 'MosquittoChat\\seal',
    'jwt' => fn ($id, $name, $now) => MosquittoChat\\jwt($id, $name, now: $now),
    'jwt_for' => fn ($id, $name, $now, $audience, $seconds) => MosquittoChat\\jwt($id, $name, $seconds, $now, $audience),
    'signed_name' => 'MosquittoChat\\signed_name',
    'signed_name_with' => function ($secret, $id, $name) {
        putenv("CHAT_SECRET=$secret");
        return MosquittoChat\\signed_name($id, $name);
    },
];
$results = array_map(function ($call) use ($calls) {
    try {
        return $calls[$call[0]](...$call[1]);
    } catch (InvalidArgumentException | RuntimeException | TypeError $error) {
        return ['error' => $error->getMessage()];
    }
}, json_decode(file_get_contents('php://stdin'), true, 64, JSON_THROW_ON_ERROR)['calls']);
echo json_encode($results, JSON_THROW_ON_ERROR);`,
	},
};
