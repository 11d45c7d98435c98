// The table of options and the example configuration say the same.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CONF, confOptions, fromTop, OPERATING, tableUnder } from './extract.js';

/** What a site has to fill in. */
const FILL_IN = ['plugin', 'plugin_opt_database', 'plugin_opt_secret_file'];

const table = new Map(tableUnder(OPERATING, '## Options').map(([name, value]) => [
	name.replaceAll('`', ''),
	value === 'empty' || value === '–' ? '' : value.replaceAll('`', ''),
]));

test('operating_names_the_options_that_the_plugin_has', () => {
	const source = readFileSync(fromTop('plugin/core/config.c'), 'utf8');
	const names = [...source.matchAll(/^\t\{"(\w+)", OPTION_/gm)].map(([, name]) => `plugin_opt_${name}`);
	assert.deepEqual([...table.keys()].sort(), names.sort());
});

test('operating_and_example_conf_name_the_same_options', () => {
	assert.deepEqual([...table.keys()].sort(), [...confOptions().keys()].sort());
});

test('example_conf_shows_each_default_of_operating', () => {
	for (const [name, { value, set }] of confOptions()) {
		if (!set) {
			assert.equal(value, table.get(name), name);
		}
	}
});

test('example_conf_marks_three_lines_to_fill_in', () => {
	const marked = CONF.split(/\n\n+/).filter((paragraph) => paragraph.startsWith('# FILL IN'));
	const lines = marked.map((paragraph) => paragraph.trim().split('\n').pop());
	assert.deepEqual(lines.map((line) => line?.split(' ')[0]), FILL_IN);
});

test('example_conf_sets_nothing_that_debians_sets', () => {
	assert.doesNotMatch(CONF, /^(pid_file|persistence|persistence_location|log_dest|include_dir)\b/m);
	assert.doesNotMatch(CONF, /^log_type all\b/m);
});
