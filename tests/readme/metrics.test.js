// The numbers that the plugin writes, the table of them, and what comes with it for Prometheus and Grafana.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratchFolder } from '../stack/folder.js';
import { fromTop, OPERATING, tableUnder } from './extract.js';

const PREFIX = 'mosquitto_chat_';
const source = readFileSync(fromTop('plugin/core/metrics.c'), 'utf8');
const written = [...source.matchAll(/\b(?:one|family)\(walk,\s*"(\w+)",\s*"(counter|gauge|histogram)"/g)].map(([, name, kind]) => ({ name, kind }));

/** What a query may name: a histogram has three series. */
const series = written.flatMap(({ name, kind }) => (kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name])).map((name) => PREFIX + name);

/** @param {string} text @returns {string[]} */
const named = (text) => [...new Set([...text.matchAll(/\bmosquitto_chat_\w+/g)].map(([name]) => name))];

test('operating_names_the_numbers_that_the_plugin_writes_and_their_kinds', () => {
	assert.ok(written.length > 15, String(written.length));
	const told = tableUnder(OPERATING, '## Watching it').flatMap(([names, kind]) =>
		[...names.matchAll(/`(\w+)(?:\{[^`]*\})?`/g)].map(([, name]) => ({ name, kind })));
	const byName = (/** @type {{ name: string }} */ a, /** @type {{ name: string }} */ b) => (a.name < b.name ? -1 : 1);
	assert.deepEqual(told.filter(({ kind }) => ['counter', 'gauge', 'histogram'].includes(kind)).sort(byName), [...written].sort(byName));
});

test('alerts_ask_for_numbers_that_are_written', () => {
	for (const text of [OPERATING, readFileSync(fromTop('plugin/monitoring/alerts.yml'), 'utf8')]) {
		assert.deepEqual(named(text).filter((name) => name !== PREFIX && !series.includes(name)), []);
	}
});

const dashboard = JSON.parse(readFileSync(fromTop('plugin/monitoring/grafana-dashboard.json'), 'utf8'));

/** @typedef {{ title: string, panels?: Panel[], targets?: { expr: string }[] }} Panel */

/** @param {Panel[]} panels @returns {{ title: string, expr: string }[]} */
function expressionsOf(panels) {
	return panels.flatMap(({ title, panels: inner = [], targets = [] }) => [...targets.map(({ expr }) => ({ title, expr })), ...expressionsOf(inner)]);
}

/** Asks Prometheus, where its tool is installed. @param {string} file */
function checkRules(file) {
	const { error, status, stdout, stderr } = spawnSync(process.env.CHAT_PROMTOOL ?? 'promtool', ['check', 'rules', file], { encoding: 'utf8' });
	assert.ok(error || status === 0, `${stdout}${stderr}`);
}

test('each_expression_of_the_dashboard_is_about_a_number_that_is_written', () => {
	const expressions = expressionsOf(dashboard.panels);
	assert.ok(expressions.length > 15, String(expressions.length));
	for (const { title, expr } of expressions) {
		const names = named(expr);
		assert.ok(names.length > 0, `${title}: ${expr}`);
		assert.deepEqual(names.filter((name) => !series.includes(name)), [], title);
	}
});

test('what_is_asked_of_prometheus_is_in_its_language', () => {
	checkRules(fromTop('plugin/monitoring/alerts.yml'));
	// As rules, with what Grafana puts into its variables.
	const rules = expressionsOf(dashboard.panels).map(({ expr }, i) => `      - record: panel_${i}
        expr: ${JSON.stringify(expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'))}`);
	const file = join(scratchFolder('rules'), 'panels.yml');
	writeFileSync(file, `groups:\n  - name: panels\n    rules:\n${rules.join('\n')}\n`);
	checkRules(file);
});

test('dashboard_shows_every_number', () => {
	const asked = named(JSON.stringify(dashboard));
	assert.deepEqual(asked.filter((name) => !series.includes(name)), []);
	for (const { name, kind } of written) {
		assert.ok(asked.some((it) => it.startsWith(PREFIX + name)), `${name} (${kind})`);
	}
});
