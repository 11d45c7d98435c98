// The numbers that the plugin writes, the table of them, and what comes with it for Prometheus and Grafana.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
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

test('dashboard_shows_every_number', () => {
	const dashboard = JSON.parse(readFileSync(fromTop('plugin/monitoring/grafana-dashboard.json'), 'utf8'));
	const asked = named(JSON.stringify(dashboard));
	assert.deepEqual(asked.filter((name) => !series.includes(name)), []);
	for (const { name, kind } of written) {
		assert.ok(asked.some((it) => it.startsWith(PREFIX + name)), `${name} (${kind})`);
	}
});
