import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEmitter } from '../../src/emitter.js';

const told = () => new Promise((resolve) => {
	setTimeout(resolve);
});

test('listeners hear what is emitted, in order, after the fact', async () => {
	const { on, emit } = createEmitter();
	/** @type {any[]} */
	const heard = [];
	on('a', (value) => heard.push(['first', value]));
	on('a', (value) => heard.push(['second', value]));
	on('b', () => heard.push('b'));
	emit('a', 1);
	emit('a', 2);
	emit('nobody listens', 1);
	assert.deepEqual(heard, []);
	await told();
	assert.deepEqual(heard, [['first', 1], ['second', 1], ['first', 2], ['second', 2]]);
});

test('one function may listen twice, and each undo undoes one', async () => {
	const { on, emit } = createEmitter();
	let heard = 0;
	const listener = () => heard++;
	const off = on('a', listener);
	on('a', listener);
	off();
	off();
	emit('a', 0);
	await told();
	assert.equal(heard, 1);
});

test('who has gone hears nothing, not even what was on its way', async () => {
	const { on, emit } = createEmitter();
	let heard = 0;
	const off = on('a', () => heard++);
	emit('a', 0);
	off();
	await told();
	assert.equal(heard, 0);
});
