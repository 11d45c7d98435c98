// SIGHUP: what Mosquitto does to every session that it has, and what it reads meanwhile.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect } from '../e2e/client.js';
import { newIds, useStage } from '../e2e/stage.js';
import { makeFolder, serviceUser } from '../stack/users.js';
import { until } from '../stack/wait.js';

describe('sessions that the broker has kept over its own restart', () => {
	const stage = useStage();

	test('are left alone by a reload, and so is the broker', async () => {
		const store = join(stage.dir, 'persistence');
		mkdirSync(store);
		makeFolder(serviceUser('mosquitto'), store);
		const conf = `persistence true\npersistence_location ${store}/`;
		const [first, second] = newIds(2);
		const before = await stage.another({ conf });
		for (const transport of /** @type {const} */ (['tcp', 'ws'])) {
			const client = await connect({
				broker: before, id: first, version: 5, transport, clientId: `kept by ${transport}`, properties: { sessionExpiryInterval: 600 },
			});
			await client.subscribe(`chat/${first}/${second}`);
			await client.destroy();
		}
		assert.equal((await before.stop()).code, 0);

		const after = await stage.another({ conf });
		const reloads = () => after.log().split('Reloading config').length;
		for (let round = 0; round < 3; round++) {
			const count = reloads();
			after.reload();
			await until('the broker to reload', () => reloads() > count || !after.alive());
			assert.ok(after.alive(), after.log());
			const client = await connect({ broker: after, id: second });
			await client.fence();
			await client.end();
		}
		assert.equal((await after.stop()).code, 0);
	});
});
