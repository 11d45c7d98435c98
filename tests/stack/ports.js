// Loopback ports for what a test starts.

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
// Below 32768, where Linux takes the ports of outgoing connections from.
const LOWEST = 20000;
const HIGHEST = 32000;
const ATTEMPTS = 200;

/**
 * Keeps a port from all other tests on this machine, until this process ends: who holds the UDP port of that number,
 * for which nobody here has another use, may listen on the TCP port. A server is not there at once after its port was
 * looked for, and a broker that is killed comes back to its own.
 * @param {number} port
 * @returns {Promise<import('node:dgram').Socket | null>} null: another one has it
 */
function claim(port) {
	return new Promise((resolve) => {
		const socket = createSocket('udp4');
		socket.once('error', () => {
			socket.close();
			resolve(null);
		});
		socket.bind({ port, address: HOST, exclusive: true }, () => {
			// Nobody is kept from ending by it.
			socket.unref();
			resolve(socket);
		});
	});
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function canBind(port) {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen({ port, host: HOST }, () => server.close(() => resolve(true)));
	});
}

/**
 * Whether a TCP port of 127.0.0.1 is free; if so, no other test is given it as long as this process lives.
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export async function takePort(port) {
	const claimed = await claim(port);
	if (claimed && await canBind(port)) {
		return true;
	}
	claimed?.close();
	return false;
}

/** @returns {Promise<number>} one that is taken for us */
export async function freePort() {
	for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
		const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
		if (await takePort(port)) {
			return port;
		}
	}
	throw new Error(`no free port found between ${LOWEST} and ${HIGHEST}`);
}
