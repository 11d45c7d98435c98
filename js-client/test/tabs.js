// Tabs of a real browser that nothing tells they were in front: Playwright's pages all believe it.

import { spawn } from 'node:child_process';
import { WebSocket } from 'ws';
import { scratchFolder } from '../../tests/stack/folder.js';
import { within } from '../../tests/stack/wait.js';
import { CHROMIUM } from './browser.js';

export async function openTabs() {
	// It is killed in the end, so what it leaves has to lie in a folder of ours.
	const folder = scratchFolder('tabs');
	const child = spawn(CHROMIUM, [
		'--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0',
		`--user-data-dir=${folder}`, 'about:blank',
	], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: folder } });
	const gone = new Promise((resolve) => {
		child.once('close', resolve);
	});
	process.once('exit', () => child.kill('SIGKILL'));
	const address = await within('chromium to start', new Promise((resolve, reject) => {
		let said = '';
		child.stderr.on('data', (chunk) => {
			said += chunk;
			const [, url] = said.match(/listening on (ws:\S+)/) ?? [];
			if (url) {
				resolve(url);
			}
		});
		gone.then(() => reject(new Error(`chromium has ended: ${said}`)));
	}));

	const socket = new WebSocket(String(address));
	/** @type {Map<number, { resolve: (it: any) => void, reject: (error: Error) => void }>} */
	const asked = new Map();
	let count = 0;
	await within('chromium to talk to us', new Promise((resolve, reject) => {
		socket.once('open', resolve);
		socket.once('error', reject);
	}));
	socket.on('message', (raw) => {
		const { id, result, error } = JSON.parse(String(raw));
		const question = asked.get(id);
		asked.delete(id);
		if (error) {
			question?.reject(new Error(error.message));
		} else {
			question?.resolve(result);
		}
	});
	/**
	 * @param {string} method
	 * @param {object} [params]
	 * @param {string} [sessionId]
	 * @returns {Promise<any>}
	 */
	const send = (method, params = {}, sessionId = undefined) => within(`chromium to do ${method}`, new Promise((resolve, reject) => {
		asked.set(++count, { resolve, reject });
		socket.send(JSON.stringify({ id: count, method, params, sessionId }));
	}));

	return {
		/** @param {string} url */
		async tab(url) {
			const { targetId } = await send('Target.createTarget', { url });
			const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
			return {
				/**
				 * @param {string} expression
				 * @returns {Promise<any>}
				 */
				async run(expression) {
					const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId);
					if (exceptionDetails) {
						throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
					}
					return result.value;
				},
				front: () => send('Target.activateTarget', { targetId }),
			};
		},
		async close() {
			socket.close();
			child.kill('SIGKILL');
			await within('chromium to end', gone);
		},
	};
}
