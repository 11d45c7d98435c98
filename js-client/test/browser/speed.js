// Prints what an arrival costs a page that shows one of 5,000 messages: node --test js-client/test/browser/speed.js
// It asserts nothing: a busy machine is no fault of the page's.

import { describe, test } from 'node:test';
import { pause } from '../../../tests/stack/wait.js';
import { noBrowser } from './chromium.js';
import { useScene } from './scene.js';

const MESSAGES = 5000;
const ARRIVALS = 20;
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
		const cdp = await her.page.context().newCDPSession(her.page);
		await cdp.send('Performance.enable');
		const read = async () => {
			const { metrics } = await cdp.send('Performance.getMetrics');
			return KINDS.map((kind) => metrics.find(({ name }) => name === kind)?.value ?? 0);
		};
		for (const rate of [1, 4]) {
			await cdp.send('Emulation.setCPUThrottlingRate', { rate });
			await pause(1500);
			const before = await read();
			await scene.say(ben, ann, Array.from({ length: ARRIVALS }, (_, i) => `Arrival ${i}`));
			await pause(1000);
			const after = await read();
			const each = KINDS.map((kind, i) => `${kind} ${((after[i] - before[i]) * 1000 / ARRIVALS).toFixed(1)} ms`);
			console.log(`CPU/${rate}, ${await her.messages.count()} messages in the page: ${each.join(', ')}`);
		}
	});
});
