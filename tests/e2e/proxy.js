// Stands between the plugin and Postgres, for what only a bad network does: an answer that is lost.

import { connect, createServer } from 'node:net';
import { freePort } from '../stack/ports.js';

/**
 * @param {number} target the server's port on this machine
 */
export async function startProxy(target) {
	/** @type {Set<() => void>} */
	const cuts = new Set();
	let holding = false;
	/** @type {Set<() => void>} */
	const held = new Set();

	const server = createServer((client) => {
		const upstream = connect({ host: '127.0.0.1', port: target });
		const cut = () => {
			cuts.delete(cut);
			client.destroy();
			upstream.destroy();
		};
		cuts.add(cut);
		for (const socket of [client, upstream]) {
			socket.setNoDelay(true);
			socket.on('error', cut);
			socket.on('close', cut);
		}
		client.on('data', (chunk) => upstream.write(chunk));
		upstream.on('data', (chunk) => {
			if (holding) {
				held.add(() => client.write(chunk));
			} else {
				client.write(chunk);
			}
		});
	});
	const port = await freePort();
	await new Promise((resolve) => {
		server.listen(port, '127.0.0.1', () => resolve(undefined));
	});

	return {
		port,
		/** @param {string} conninfo @returns {string} the same by way of here */
		through: (conninfo) => conninfo.replace(/port=\d+/, `port=${port}`),
		/** From now on the server hears, and is not heard. */
		holdAnswers() {
			holding = true;
		},
		/** How many pieces were not passed on. */
		held: () => held.size,
		/** Ends all connections, with the answers that were held; new ones are as they should be. */
		cut() {
			holding = false;
			held.clear();
			for (const cut of [...cuts]) {
				cut();
			}
		},
		close() {
			server.close();
			for (const cut of [...cuts]) {
				cut();
			}
		},
	};
}
