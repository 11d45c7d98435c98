// Stands between a client and a server on this machine, for what only a bad network does.

import { connect, createServer } from 'node:net';
import { freePort } from './ports.js';

/**
 * One client's way to the server.
 * @param {import('node:net').Socket} client
 * @param {import('node:net').Socket} upstream
 * @param {(chunk: Buffer) => void} answered the server has said this
 */
function joined(client, upstream, answered) {
	const cut = () => {
		client.destroy();
		upstream.destroy();
	};
	for (const socket of [client, upstream]) {
		socket.setNoDelay(true);
		socket.on('error', cut);
		socket.on('close', cut);
	}
	client.on('data', (chunk) => upstream.write(chunk));
	upstream.on('data', answered);
	return { client, upstream, cut };
}

/**
 * @param {number | (() => number)} target the server's port, which may change
 */
export async function startProxy(target) {
	/** @type {Set<ReturnType<typeof joined>>} */
	const lines = new Set();
	let stalled = false;
	let closed = false;
	let accepted = 0;
	/** After so many bytes from the server, the line is cut. */
	let allowance = Infinity;
	/** The server's answers that were not passed on; null: they are. @type {Buffer[] | null} */
	let held = null;

	const server = createServer((client) => {
		if (closed) {
			client.destroy();
			return;
		}
		accepted++;
		const upstream = connect({ host: '127.0.0.1', port: typeof target === 'number' ? target : target() });
		const line = joined(client, upstream, (chunk) => {
			allowance -= chunk.length;
			if (held) {
				held.push(chunk);
			} else if (allowance < 0) {
				// What is left of the allowance comes through: half a packet, as likely as not.
				allowance = Infinity;
				client.write(chunk.subarray(0, Math.floor(chunk.length / 2)), line.cut);
			} else {
				client.write(chunk);
			}
		});
		lines.add(line);
		upstream.once('close', () => lines.delete(line));
		if (stalled) {
			upstream.pause();
		}
	});
	const port = await freePort();
	await new Promise((resolve) => {
		server.listen(port, '127.0.0.1', () => resolve(undefined));
	});
	// Whoever forgets to close it must not be kept alive by it.
	server.unref();

	const cut = () => {
		held = null;
		[...lines].forEach((line) => line.cut());
	};
	return {
		port,
		/** For a broker's WebSockets. */
		url: `ws://127.0.0.1:${port}/mqtt`,
		/** @param {string} conninfo @returns {string} the same by way of here */
		through: (conninfo) => conninfo.replace(/port=\d+/, `port=${port}`),
		/** How many connections were let through so far. */
		accepted: () => accepted,
		/** Nothing comes from the server any more; it finds that its client does not read. */
		stall() {
			stalled = true;
			lines.forEach(({ upstream }) => upstream.pause());
		},
		/** Ends that. */
		flow() {
			stalled = false;
			lines.forEach(({ upstream }) => upstream.resume());
		},
		/** Nothing reaches the server any more; neither side notices. */
		hush() {
			lines.forEach(({ client }) => client.pause());
		},
		/** From now on the server hears, and is not heard; it notices nothing. */
		holdAnswers() {
			held = [];
		},
		/** How many pieces were held back. */
		held: () => held?.length ?? 0,
		/** Ends all connections, and loses what was held back; new ones are as they should be. */
		cut,
		/** @param {number} bytes of the server's, after which the connection is cut */
		cutAfter(bytes) {
			allowance = bytes;
		},
		/** Lets nobody through. */
		shut() {
			closed = true;
			cut();
		},
		reopen() {
			closed = false;
		},
		close() {
			server.close();
			cut();
		},
	};
}
