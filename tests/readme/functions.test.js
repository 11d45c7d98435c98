// The functions that an application may call: those that the page describes, with the parameters that they have.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fromTop, tableUnder } from './extract.js';

const page = readFileSync(fromTop('js-client/host/README.md'), 'utf8');
const described = tableUnder(page, '## The functions').flatMap(([calls]) => [...calls.matchAll(/`(\w+)\(([^`]*)\)`/g)]
	.map(([, name, parameters]) => ({ name, parameters })));

const folder = fromTop('sql/functions');
const source = readdirSync(folder).map((file) => readFileSync(`${folder}/${file}`, 'utf8')).join('\n');
const granted = [...readFileSync(fromTop('sql/grants.sql'), 'utf8').split('to chat_plugin;')[1].split('to chat_app;')[0]
	.matchAll(/chat\.(\w+)\(/g)].map(([, name]) => name);

test('page_has_each_function_that_the_role_may_call', () => {
	assert.ok(granted.length > 10, String(granted.length));
	assert.deepEqual(described.map(({ name }) => name).sort(), [...granted].sort());
});

test('page_has_their_parameters_and_defaults', () => {
	for (const { name, parameters } of described) {
		const [, has] = source.match(new RegExp(`function chat\\.${name}\\(([\\s\\S]*?)\\)\\s*returns`)) ?? assert.fail(name);
		assert.equal(parameters, has.trim().replaceAll(/\s+/g, ' '), name);
	}
});
