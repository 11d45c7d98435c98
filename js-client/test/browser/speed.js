// Prints what an arrival costs a page that shows one of 5,000 messages: node --test js-client/test/browser/speed.js
// It asserts nothing: a busy machine is no fault of the page's.

import { describe, test } from 'node:test';
import { pause } from '../../../tests/stack/wait.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const MESSAGES = 5000;
const ARRIVALS = 20;
/** Between two of them, so that each is shown by itself, and marked as read. */
const APART = 300;
const KINDS = ['TaskDuration', 'ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'];

describe('the cost of an arrival', { skip: noBrowser }, () => {
	const scene = useScene({ options: { rate_limit: 0 } });

	test('among_five_thousand_messages', { timeout: 300000 }, async () => {
		const [ann, ben] = scene.people('Ann', 'Ben');
		await scene.say(ben, ann, Array.from({ length: MESSAGES }, (_, i) => `Message ${i} with some words in it, as one writes them`));
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
		await cdp.send('Performance.enable');
		const read = async () => {
			const { metrics } = await cdp.send('Performance.getMetrics');
			return KINDS.map((kind) => metrics.find(({ name }) => name === kind)?.value ?? 0);
		};
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
				const before = await read();
				for (let i = 0; i < ARRIVALS; i++) {
					await client.say(chat, `Arrival ${i}`);
					await pause(APART);
				}
				const after = await read();
				const each = KINDS.map((kind, i) => `${kind} ${((after[i] - before[i]) * 1000 / ARRIVALS).toFixed(1)} ms`);
				console.log(`CPU/${rate}, ${where}, ${await her.messages.count()} messages in the page: ${each.join(', ')}`);
			}
		}
		await client.end();
	});
});
