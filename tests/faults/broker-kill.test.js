// The broker is killed under load, again and again. With a journal, what it has acknowledged is stored,
// once, whatever the moment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { startBroker } from '../stack/broker.js';
import { startCluster } from '../stack/cluster.js';
import { scratchFolder } from '../stack/folder.js';
import { makeFolder, serviceUser } from '../stack/users.js';
import { pause, until } from '../stack/wait.js';
import { scale } from './scale.js';
import { Talker, audit, endTalkers, line, untilStored } from './traffic.js';

test('what the broker acknowledged before it was killed is stored once', async () => {
	const dir = scratchFolder('kill');
	const cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { fsync: 'off' } });
	await cluster.install();
	const journal = join(dir, 'journal');
	makeFolder(serviceUser('mosquitto'), journal, 0o700);
	let life = 0;
	/** @param {Partial<import('../stack/broker.js').BrokerOptions>} [ports] */
	const live = (ports) => startBroker({
		dir: join(dir, `broker-${++life}`), conninfo: cluster.conninfo,
		options: { rate_limit: 0, queue_limit: 500, journal }, ...ports,
	});
	let broker = await live();
	const { tcpPort, wsPort, secrets } = broker;
	const talkers = [];
	for (let pair = 0; pair < 4; pair++) {
		for (const side of ['a', 'b']) {
			// One of the two sends again what it has seen no echo of, as a careful client does.
			talkers.push(new Talker({
				broker: () => broker, id: `${pair}${side}`, chat: `chat/${pair}a/${pair}b`,
				tag: `k${pair}${side}`, every: 2, repeats: side === 'b',
			}));
		}
	}
	try {
		const times = scale(8, 200);
		for (let i = 0; i < times; i++) {
			const heard = () => talkers.reduce((sum, it) => sum + [...it.sent.values()].filter((sent) => sent.acknowledged).length, 0);
			const before = heard();
			await until('messages to be acknowledged', () => heard() > before + 40);
			// At times the database is away as well, so that the journal holds more than memory does.
			const away = i % 4 === 3;
			if (away) {
				await cluster.stop('immediate');
				await pause(300);
			}
			await broker.kill();
			broker = await live({ tcpPort, wsPort, secrets });
			if (away) {
				await cluster.start();
			}
		}
		for (const talker of talkers) {
			talker.limit = 0;
		}
		await untilStored(cluster, talkers);
		await Promise.all(talkers.map((it) => it.stop()));
		const figures = await audit(cluster, talkers);
		line('broker killed', { times, ...figures });
		assert.ok(figures.acknowledged > 0);
		assert.equal(figures.lost, 0);
		assert.equal(figures.echoedAndLost, 0);
		assert.equal(figures.twice, 0);
		assert.equal(figures.gaps, 0);
		assert.equal(figures.disordered, 0);
	} finally {
		await endTalkers();
		await broker.stop();
		await cluster.stop('immediate');
	}
});
