// Leaves out of MQTT.js what a browser never calls.  Its own build for browsers carries all of it: the way
// through SOCKS proxies, timers in a worker, Node's streams and buffers whole.  Of MQTT.js itself nothing is changed but
// what it loads, and that it writes no log.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const streams = 'readable-stream/lib/internal/streams';

/** What is never called: timers (we have our own), other transports, and of streams what makes one of something else, iterates
 *  over one, or ends it by a signal. */
const UNUSED = ['worker-timers', './socks', './tcp', './tls', './wx', './ali', 'ws', './duplexify', './from', './end-of-stream',
	'./add-abort-signal', '../validators', 'string_decoder/'];

/** What stands for a module, by the name by which it is loaded: CommonJS. */
const INSTEAD = /** @type {Record<string, string>} */ ({
	...Object.fromEntries(UNUSED.map((name) => [name, 'module.exports = {}'])),
	// Messages for whoever works on MQTT.js.
	debug: 'module.exports = () => () => {}',
	// Topic aliases never outnumber what the broker allows, so nothing is ever put out.
	'lru-cache': 'exports.LRUCache = class extends Map { constructor() { super(); } }',
	'abort-controller': 'module.exports = globalThis',
	buffer: `exports.Buffer = require(${JSON.stringify(here('buffer.js'))}).Buffer`,
	// Of a packet that is kept for a resend; its topic and the alias are what may change.
	'rfdc/default': 'module.exports = ({ ...packet }) => ({ ...packet, properties: packet.properties && { ...packet.properties } })',
	'process/': `module.exports = require(${JSON.stringify(here('globals.js'))}).process`,
	url: `exports.parse = (text) => {
		const url = new URL(text);
		const { protocol, hostname, port, pathname, search, searchParams } = url;
		return { protocol, hostname, port: port || null, path: pathname + search, query: Object.fromEntries(searchParams), auth: null };
	}`,
	// Of a list of buffers: that it is a stream, too.
	bl: 'module.exports = require(\'bl/BufferList\')',
	'readable-stream': `
		const { Stream } = require('${streams}/legacy');
		Stream._isUint8Array = (it) => it instanceof Uint8Array;
		Stream._uint8ArrayToBuffer = (it) => require('buffer').Buffer.from(it.buffer, it.byteOffset, it.byteLength);
		exports.Readable = require('${streams}/readable');
		exports.Writable = require('${streams}/writable');
		exports.Duplex = require('${streams}/duplex');
		exports.Transform = require('${streams}/transform');`,
});

/** Calls that write a log which nobody reads, each a line of its own. @param {string} source */
const withoutLog = (source) => source.replace(/^\s*(?:debug|(?:this|that|client)\.log)\(.*\);?$/gm, ';');

/** @type {import('esbuild').Plugin} */
export const withoutNode = {
	name: 'MQTT.js without Node',
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /./ }, ({ path, importer, namespace }) => {
			const known = Object.hasOwn(INSTEAD, path) && (namespace === 'instead' || importer.includes('node_modules'));
			return known ? { path, namespace: 'instead' } : undefined;
		});
		onLoad({ filter: /./, namespace: 'instead' }, ({ path }) => ({ contents: INSTEAD[path], resolveDir: here('..') }));
		onLoad({ filter: /node_modules.mqtt(-packet)?\b.*\.js$/ }, ({ path }) => ({ contents: withoutLog(readFileSync(path, 'utf8')), loader: 'js' }));
		// It is read for the version alone.
		onLoad({ filter: /mqtt.package\.json$/ }, ({ path }) => {
			const { version } = JSON.parse(readFileSync(path, 'utf8'));
			return { contents: JSON.stringify({ version }), loader: 'json' };
		});
	},
};
