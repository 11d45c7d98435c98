// How to call each helper in its own language.  A program reads one job in JSON from standard input:
// `calls`, an array of [function, arguments], and prints an array of what each returned, or of
// { "error": … } where it refused.

import { fileURLToPath } from 'node:url';

const HOST = fileURLToPath(new URL('../../host/', import.meta.url));
const DJANGO = fileURLToPath(new URL('django/', import.meta.url));

/** @type {Record<string, { program: string, option: string, code: string, env?: Record<string, string> }>} */
export const LANGUAGES = {
	node: {
		program: process.execPath,
		option: '--input-type=module',
		code: `
import { readFileSync } from 'node:fs';
import * as chat from ${JSON.stringify(`file://${HOST}express.js`)};
const page = { head: {}, status: 0, body: '' };
const response = {
	set statusCode(code) { page.status = code; },
	setHeader(name, value) { page.head[name.toLowerCase()] = value; },
	end(text) { page.body = text; },
};
const calls = {
	seal: chat.seal,
	jwt: (id, name, now) => chat.jwt(id, name, { now }),
	jwt_for: (id, name, now, audience) => chat.jwt(id, name, { now, audience }),
	signed_name: chat.signedName,
	token: async (user) => { await chat.chatToken(() => user)({}, response); return { ...page }; },
	tags: (user, url, tokenUrl) => chat.chatTags(user, { url, tokenUrl }),
};
const results = [];
for (const [name, args] of JSON.parse(readFileSync(0, 'utf8')).calls) {
	try { results.push(await calls[name](...args)); } catch (error) { results.push({ error: error.message }); }
}
console.log(JSON.stringify(results));`,
	},
	ruby: {
		program: 'ruby',
		option: '-e',
		code: `
require ${JSON.stringify(`${HOST}rails.rb`)}
require "cgi"
User = Struct.new(:id, :name)
class Response
  def headers = (@headers ||= {})
end
class Controller
  include MosquittoChat
  attr_reader :current_user, :page, :response
  def initialize(user)
    @current_user = user && User.new(user["id"], user["name"])
    @response = Response.new
  end
  def head(status) = @page = [status == :unauthorized ? 401 : status, ""]
  def render(plain:) = @page = [200, plain]
end
class View
  include MosquittoChat::Tags
  def tag = self
  def meta(**all) = "<meta #{all.map { |key, value| %(#{key}="#{CGI.escapeHTML(value)}") }.join(" ")}>"
  def safe_join(parts, with) = parts.join(with)
end
calls = {
  "seal" => MosquittoChat.method(:seal),
  "jwt" => ->(id, name, now) { MosquittoChat.jwt(id, name, now: now) },
  "jwt_for" => ->(id, name, now, audience) { MosquittoChat.jwt(id, name, now: now, audience: audience) },
  "signed_name" => MosquittoChat.method(:signed_name),
  "token" => lambda do |user|
    it = Controller.new(user)
    it.token
    { status: it.page[0], body: it.page[1], head: it.response.headers.transform_keys(&:downcase) }
  end,
  "tags" => ->(user, url, token_url) { View.new.mosquitto_chat_tags(User.new(user["id"], user["name"]), url: url, token_url: token_url) },
}
results = JSON.parse($stdin.read)["calls"].map do |name, args|
  calls[name].call(*args)
rescue ArgumentError, RuntimeError => e
  { error: e.message }
end
puts JSON.generate(results)`,
	},
	python: {
		program: 'python3',
		option: '-c',
		env: { PYTHONPATH: DJANGO, PYTHONDONTWRITEBYTECODE: '1' },
		code: `
import importlib.util
import json
import sys
from types import SimpleNamespace
spec = importlib.util.spec_from_file_location("mosquitto_chat", ${JSON.stringify(`${HOST}django.py`)})
chat = importlib.util.module_from_spec(spec)
spec.loader.exec_module(chat)
def request(user):
    user = user or {"id": None, "name": ""}
    return SimpleNamespace(user=SimpleNamespace(pk=user["id"], get_username=lambda: user["name"], is_authenticated=user["id"] is not None))
def token(user):
    answer = chat.token(request(user))
    return {"status": answer.status_code, "body": answer.content.decode(), "head": {key.lower(): value for key, value in answer.items()}}
calls = {
    "seal": chat.seal,
    "jwt": lambda user_id, name, now: chat.jwt(user_id, name, now=now),
    "jwt_for": lambda user_id, name, now, audience: chat.jwt(user_id, name, now=now, audience=audience),
    "signed_name": chat.signed_name,
    "token": token,
    "tags": lambda user, url, token_url: chat.mosquitto_chat_tags({"request": request(user)}, url=url, token_url=token_url),
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
		option: '-r',
		code: `
require ${JSON.stringify(`${HOST}mosquitto_chat.php`)};
$calls = [
    'seal' => 'MosquittoChat\\seal',
    'jwt' => fn ($id, $name, $now) => MosquittoChat\\jwt($id, $name, now: $now),
    'jwt_for' => fn ($id, $name, $now, $audience) => MosquittoChat\\jwt($id, $name, now: $now, audience: $audience),
    'signed_name' => 'MosquittoChat\\signed_name',
    'token' => function ($user) {
        ob_start();
        MosquittoChat\\answer_token($user);
        return ['status' => http_response_code(), 'body' => ob_get_clean(), 'head' => null];
    },
    'tags' => 'MosquittoChat\\tags',
];
$results = array_map(function ($call) use ($calls) {
    try {
        return $calls[$call[0]](...$call[1]);
    } catch (InvalidArgumentException | RuntimeException $error) {
        return ['error' => $error->getMessage()];
    }
}, json_decode(file_get_contents('php://stdin'), true, 64, JSON_THROW_ON_ERROR)['calls']);
echo json_encode($results, JSON_THROW_ON_ERROR);`,
	},
};
