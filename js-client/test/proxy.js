// Stands between a client and the broker, for what only a bad network does.

import { connect, createServer } from 'node:net';
import { freePort } from '../../tests/stack/ports.js';

/** @param {() => number} target the broker's port, which may change */
export async function startProxy(target) {
	/** @type {Set<{ cut: () => void, upstream: import('node:net').Socket }>} */
	const lines = new Set();
	let stalled = false;
	let closed = false;
	/** After so many bytes from the broker, the line is cut. */
	let allowance = Infinity;
	let accepted = 0;

	const server = createServer((client) => {
		if (closed) {
			client.destroy();
			return;
		}
		accepted++;
		const upstream = connect({ host: '127.0.0.1', port: target() });
		const line = { upstream, cut };
		lines.add(line);
		function cut() {
			lines.delete(line);
			client.destroy();
			upstream.destroy();
		}
		for (const socket of [client, upstream]) {
			socket.setNoDelay(true);
			socket.on('error', cut);
			socket.on('close', cut);
		}
		client.on('data', (chunk) => upstream.write(chunk));
		upstream.on('data', (chunk) => {
			allowance -= chunk.length;
			if (allowance < 0) {
				// What is left of the allowance comes through: half a packet, as likely as not.
				allowance = Infinity;
				client.write(chunk.subarray(0, Math.floor(chunk.length / 2)), cut);
				return;
			}
			client.write(chunk);
		});
		if (stalled) {
			upstream.pause();
		}
	});
	const port = await freePort();
	await new Promise((resolve) => {
		server.listen(port, '127.0.0.1', () => resolve(undefined));
	});
	server.unref();

	return {
		url: `ws://127.0.0.1:${port}/mqtt`,
		accepted: () => accepted,
		/** Nothing comes from the broker any more, and the broker notices nothing. */
		stall() {
			stalled = true;
			lines.forEach(({ upstream }) => upstream.pause());
		},
		flow() {
			stalled = false;
			lines.forEach(({ upstream }) => upstream.resume());
		},
		cut() {
			[...lines].forEach((line) => line.cut());
		},
		/** @param {number} bytes */
		cutAfter(bytes) {
			allowance = bytes;
		},
		/** Lets nobody through. */
		shut() {
			closed = true;
			[...lines].forEach((line) => line.cut());
		},
		reopen() {
			closed = false;
		},
		end() {
			server.close();
			[...lines].forEach((line) => line.cut());
		},
	};
}
