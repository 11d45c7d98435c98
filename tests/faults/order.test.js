// Two people with four devices each, all writing at once and being cut off now and then.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { startBroker } from '../stack/broker.js';
import { startCluster } from '../stack/cluster.js';
import { scratchFolder } from '../stack/folder.js';
import { until } from '../stack/wait.js';
import { scale } from './scale.js';
import { Talker, audit, endTalkers, line, untilStored } from './traffic.js';

test('messages keep their order over eight devices and their reconnects', async () => {
	const dir = scratchFolder('order');
	const cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { fsync: 'off' } });
	await cluster.install();
	const broker = await startBroker({ dir: join(dir, 'broker'), conninfo: cluster.conninfo, options: { rate_limit: 0, queue_limit: 100000 } });
	/** @type {NodeJS.Timeout | undefined} */
	let scissors;
	try {
		const each = scale(300, 10000);
		const talkers = [];
		for (let device = 0; device < 8; device++) {
			talkers.push(new Talker({
				broker: () => broker, id: device % 2 === 0 ? '1' : '2', chat: 'chat/1/2', tag: `d${device}`,
				every: 1, limit: each, window: 16,
			}));
		}
		scissors = setInterval(() => talkers[Math.floor(Math.random() * 8)].cut(), scale(150, 1000));
		await until('every device to have sent all of its messages', () => talkers.every((it) => it.sent.size >= each),
			{ timeout: scale(60000, 1200000) });
		clearInterval(scissors);
		await untilStored(cluster, talkers);
		await Promise.all(talkers.map((it) => it.stop()));
		const figures = await audit(cluster, talkers);
		line('order', { ...figures, reconnects: talkers.reduce((sum, it) => sum + it.connections - 1, 0) });
		assert.equal(figures.inversions, 0);
		assert.equal(figures.disordered, 0);
		assert.equal(figures.gaps, 0);
		assert.equal(figures.lost, 0);
		assert.equal(figures.twice, 0);
	} finally {
		clearInterval(scissors);
		await endTalkers();
		await broker.stop();
		await cluster.stop('immediate');
	}
});
