// A broker that is not tied to the others, beside some that are: chats would fall apart in silence.

import { describe, test } from 'node:test';
import { until } from '../stack/wait.js';
import { useNodes } from './stage.js';

/** @param {import('../stack/broker.js').Broker} broker */
const complains = (broker) => /chat: .*plugin_opt_cluster/.test(broker.log());

// Each waits for half a minute.
describe('on one database', { concurrency: 2 }, () => {
	for (const [who, first] of /** @type {[string, boolean][]} */ ([['without plugin_opt_cluster', true], ['with plugin_opt_cluster', false]])) {
		describe(`a broker ${who}`, () => {
			const stage = useNodes(1, { options: { cluster: first } });
			test(`says so in its log, where one is that was there before and is ${first ? 'with' : 'without'}`, async () => {
				const broker = await stage.another({ options: { cluster: !first } });
				await until('the log to name the option', () => complains(broker), { every: 500, timeout: 90000 });
			});
		});
	}
});
