// Phones: programs that speak MQTT with a library that phones have, told by lines and telling by lines.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../stack/python.js';
import { within } from '../stack/wait.js';
import { createInbox } from '../e2e/inbox.js';

const PYTHON = pythonWith('paho.mqtt.client');

/**
 * The libraries, each with the command of its program, or null where this machine has not got it.
 * @type {Record<string, string[] | null>}
 */
export const LIBRARIES = {
	'Paho C': process.env.CHAT_PAHO ? [process.env.CHAT_PAHO] : null,
	'Paho Python': PYTHON ? [PYTHON, fileURLToPath(new URL('paho_phone.py', import.meta.url))] : null,
};

/** The versions of MQTT by the number that a CONNECT has. */
export const VERSIONS = { '3.1': 3, '3.1.1': 4, 5: 5 };

/** @type {Set<{ end: () => Promise<void> }>} */
const open = new Set();

/** Ends whatever a test has left open. */
export async function endPhones() {
	await Promise.all([...open].map((phone) => phone.end()));
}

/**
 * @param {{ command: string[], uri: string, version: number, clientId: string, username: string, password: string, authority?: string }} what
 */
export function startPhone({ command: [program, ...args], uri, version, clientId, username, password, authority }) {
	const child = spawn(program, [...args, uri, String(version), clientId, username, password, ...(authority ? [authority] : [])], {
		stdio: ['pipe', 'pipe', 'pipe'],
		env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
	});
	process.once('exit', () => child.kill('SIGKILL'));
	const ended = new Promise((resolve) => {
		child.once('close', resolve);
	});
	child.stdin.on('error', () => {});
	const inbox = createInbox(`${program} (${clientId})`);
	let errors = '';
	child.stderr.on('data', (chunk) => {
		errors += chunk;
	});
	// What it says is an item like an event: { event: 'connected' } on no topic, or a message's own.
	const put = (/** @type {string} */ topic, /** @type {any} */ event, payload = '') =>
		inbox.put({ topic, event, payload: Buffer.from(payload), packet: /** @type {any} */ (null) });
	let rest = '';
	child.stdout.setEncoding('utf8').on('data', (chunk) => {
		const lines = (rest + chunk).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) {
			const [, word, first = '', payload = ''] = /^(\S+) ?(\S*) ?(.*)$/.exec(line) ?? [];
			if (word === 'message') {
				put(first, JSON.parse(payload), payload);
			} else {
				put('', { event: word, code: Number(first) }, line);
			}
		}
	});

	const it = {
		...inbox,
		/** What it says about itself: `connected`, `refused`, `lost`. @param {string} word */
		async said(word) {
			try {
				return await inbox.next('', word);
			} catch (error) {
				throw new Error(`${/** @type {Error} */ (error).message}\n${errors}`);
			}
		},
		/** @param {string} line @returns {Promise<number>} the code with which it is done */
		async tell(line) {
			child.stdin.write(`${line}\n`);
			return (await it.said('done')).code;
		},
		async end() {
			open.delete(it);
			child.stdin.end();
			await within(`${program} to end`, /** @type {Promise<unknown>} */ (ended));
		},
	};
	open.add(it);
	return it;
}
