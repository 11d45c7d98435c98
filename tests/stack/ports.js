// Loopback ports for what a test starts.

import { createServer } from 'node:net';

// Below 32768, where Linux takes the ports of outgoing connections from.
const LOWEST = 20000;
const HIGHEST = 32000;
const ATTEMPTS = 200;

/** @type {Set<number>} */
const given = new Set();

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function canBind(port) {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
	});
}

/**
 * A TCP port that is free on 127.0.0.1 now, and that this process has not been given before.
 * @returns {Promise<number>}
 */
export async function freePort() {
	for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
		const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
		if (given.has(port)) {
			continue;
		}
		given.add(port);
		if (await canBind(port)) {
			return port;
		}
	}
	throw new Error(`no free port found between ${LOWEST} and ${HIGHEST}`);
}
