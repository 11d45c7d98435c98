// Prints what an arrival costs a page: in a room of 50 messages, and in one of 5,000 where all of them are loaded.
//     node --test js-client/test/browser/speed.js
// It asserts nothing: a busy machine is no fault of the page's. What counts is the processor's time, not the clock's.

import { describe, test } from 'node:test';
import { pause } from '../../../tests/stack/wait.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';
import { traced } from './trace.js';

const ROOMS = [50, 5000];
const ARRIVALS = 20;
/** Between two of them, so that each is shown by itself, and marked as read. */
const APART = 300;

describe('the cost of an arrival', { skip: noBrowser }, () => {
	const scene = useScene({ options: { rate_limit: 0 } });

	for (const count of ROOMS) {
		test(`among_${count}_messages`, { timeout: 300000 }, async () => {
			const [ann, ben] = scene.people('Ann', 'Ben');
			await scene.say(ben, ann, Array.from({ length: count }, (_, i) => `Message ${i} with some words in it, as one writes them`));
			const her = await scene.open(ann, { peer: ben.id });
			await her.messages.first().waitFor();
			await her.page.evaluate(async (peer) => {
				const room = /** @type {any} */ (document.querySelector('mosquitto-chat')).chat.with(peer);
				while (room.more) {
					await room.older({ limit: 200 });
				}
			}, ben.id);
			await her.page.getByRole('button', { name: /below/ }).click();
			const client = await scene.stage.connect({ id: ben.id, name: ben.name });
			const chat = `chat/${ann.id}/${ben.id}`;
			await client.join(chat);
			const cdp = await her.page.context().newCDPSession(her.page);
			for (const where of ['at the end', 'above']) {
				if (where === 'above') {
					// As many in the page as there ever are.
					await her.log.evaluate((log) => log.scrollBy(0, 300 - log.scrollTop));
					await pause(500);
					await her.log.evaluate((log) => log.scrollBy(0, 300 - log.scrollTop));
				}
				for (const rate of [1, 4]) {
					await cdp.send('Emulation.setCPUThrottlingRate', { rate });
					await pause(1500);
					const cost = await traced(her.page, async () => {
						for (let i = 0; i < ARRIVALS; i++) {
							await client.say(chat, `Arrival ${i}`);
							await pause(APART);
						}
					});
					console.log(`${count} messages, CPU/${rate}, ${where}, ${await her.messages.count()} in the page: ${said(cost)}`);
				}
			}
			await client.end();
		});
	}
});

/** @param {import('./trace.js').Cost} cost of all arrivals */
function said({ frames, others, raster }) {
	const usual = frames.sort((a, b) => a.all - b.all)[Math.floor(frames.length / 2)];
	const parts = [...usual?.kinds ?? []].sort(([, a], [, b]) => b - a).map(([kind, ms]) => `${kind} ${ms.toFixed(1)}`);
	return `its frame ${usual?.all.toFixed(1)} ms (${parts.join(', ')}), other tasks of the main thread ${(others / ARRIVALS).toFixed(1)}, `
		+ `raster ${(raster / ARRIVALS).toFixed(1)}`;
}
