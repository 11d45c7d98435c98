import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLines } from '../../src/lines.js';

describe('the lines to a broker', () => {
	function world() {
		/** @type {any[]} */
		const links = [];
		/** @type {string[]} */
		const told = [];
		const tell = (/** @type {string} */ what) => (/** @type {any[]} */ ...args) => void told.push([what, ...args].join(' '));
		const lines = createLines((/** @type {string} */ name, on) => {
			const link = { name, on, topics: /** @type {Map<string, any>} */ (new Map()), ended: false, cut: false };
			links.push(link);
			return {
				subscribe: (topic, done) => link.topics.set(topic, done),
				unsubscribe: async (topic) => void link.topics.delete(topic),
				publish: tell(`${name} publishes`),
				check: tell(`${name} is checked`),
				end: async () => void (link.ended = true),
				cut: () => void (link.cut = true),
			};
		}, {
			up: tell('up'), refused: tell('refused'), failed: tell('failed'), lost: tell('lost'), replaced: tell('replaced'),
			subscribing: tell('subscribing'), subscribed: tell('subscribed'), arrived: tell('arrived'),
		});
		return { lines, links, since: () => told.splice(0) };
	}
	function two() {
		const it = world();
		it.lines.subscribe('a');
		it.lines.open('one');
		it.links[0].on.up();
		it.links[0].topics.get('a')(true);
		it.lines.open('two');
		it.since();
		return it;
	}

	test('subscribe to what is wanted as soon as one is up', () => {
		const { lines, links, since } = world();
		lines.subscribe('a');
		assert.deepEqual([lines.up(), lines.publish('a', 'x')], [false, false]);
		lines.open('one');
		assert.deepEqual(since(), []);
		links[0].on.up();
		links[0].topics.get('a')(false);
		assert.deepEqual([since(), lines.up()], [['up true', 'subscribing a', 'subscribed a false'], true]);
		lines.unsubscribe('a');
		assert.equal(links[0].topics.size, 0);
	});

	test('tell when one could not be had', () => {
		const { lines, links, since } = world();
		lines.open('one');
		links[0].on.refused();
		lines.open('two');
		links[1].on.down(null);
		assert.deepEqual(since(), ['refused', 'failed']);
	});

	test('change over once the next one hears everything, and leave nothing out', () => {
		const { lines, links, since } = two();
		lines.subscribe('b');
		links[1].on.up();
		links[1].topics.get('a')(true);
		links[0].on.arrived('b', 'old');
		links[1].on.arrived('a', 'new');
		links[0].on.arrived('a', 'outdated');
		links[1].topics.get('b')(true);
		assert.equal(links[0].ended, true);
		assert.deepEqual(since(), [
			'subscribing b', 'up false', 'subscribing a', 'subscribing b', 'arrived b old', 'arrived a new',
			'replaced', 'subscribed a true', 'subscribed b true',
		]);
		lines.publish('a', 'x');
		assert.deepEqual(since(), ['two publishes a x 1 ']);
	});

	test('change over without waiting for a topic that nobody wants any more', () => {
		const { lines, links } = two();
		links[1].on.up();
		lines.unsubscribe('a');
		assert.equal(links[0].ended, true);
	});

	test('leave all to the next one when the first is lost, if it is up', () => {
		const { links, since } = two();
		links[1].on.up();
		since();
		links[0].on.down(7);
		assert.deepEqual(since(), ['lost 7 true', 'replaced']);
		const other = two();
		other.links[0].on.down(null);
		assert.deepEqual([other.since(), other.links[1].cut, other.lines.up()], [['lost  false'], true, false]);
	});

	test('have no vacancy while the next one is on its way, nor for one that is gone', () => {
		const { lines, links } = two();
		assert.equal(lines.vacancy()(), false);
		links[1].on.down(null);
		const vacant = lines.vacancy();
		assert.equal(vacant(), true);
		links[0].on.down(null);
		assert.equal(vacant(), false);
	});

	test('are dropped, and the used one is handed over', () => {
		const { lines, links } = two();
		lines.drop()?.end();
		assert.deepEqual([links[0].ended, links[1].cut, lines.up(), lines.drop()], [true, true, false, undefined]);
	});
});
