// Postgres fails in every way it can while people chat: nothing that was acknowledged is lost, nothing is
// stored twice, and who does not need the database notices nothing.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProxy } from '../stack/proxy.js';
import { startBroker } from '../stack/broker.js';
import { startCluster } from '../stack/cluster.js';
import { scratchFolder } from '../stack/folder.js';
import { give, serviceUser } from '../stack/users.js';
import { pause, until } from '../stack/wait.js';
import { compare, watch } from './bystander.js';
import { scale } from './scale.js';
import { Talker, audit, endTalkers, line } from './traffic.js';

const PAIRS = 3;
const CALM_MS = 1500;
const FAULT_MS = 1500;
/** Both write to both, and the broker keeps no more than max_queued_messages (1,000) for one. */
const PATIENCE = 400;

/** @param {Talker[]} talkers */
const echoed = (talkers) => talkers.map((it) => it.echoed);

/**
 * The database works again: everybody has heard of another message that is stored.
 * @param {string} what
 * @param {Talker[]} talkers
 * @param {number[]} counts as they were
 */
const untilEchoed = (what, talkers, counts) =>
	until(`everybody to be echoed ${what}`, () => talkers.every((it, i) => it.echoed > counts[i]), { timeout: 60000 });

describe('nothing is lost and nothing stored twice when Postgres', () => {
	/** @type {string} */
	let dir;
	/** @type {import('../stack/cluster.js').Cluster} */
	let cluster;
	/** @type {Awaited<ReturnType<typeof startProxy>>} */
	let proxy;
	/** @type {import('../stack/broker.js').Broker} */
	let broker;
	let round = 0;

	before(async () => {
		dir = scratchFolder('faults');
		cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { shared_buffers: '16MB', max_connections: 12, superuser_reserved_connections: 6 } });
		await cluster.install();
		proxy = await startProxy(cluster.port);
		broker = await startBroker({
			dir: join(dir, 'broker'), conninfo: proxy.through(cluster.conninfo),
			options: { rate_limit: 0, queue_limit: 100000 },
		});
	});
	afterEach(endTalkers);
	after(async () => {
		cluster.thaw();
		await broker.stop();
		proxy.close();
		await cluster.stop('immediate');
	});

	/**
	 * A time of calm and a time of trouble under the same load, then the account.
	 * @param {string} name
	 * @param {(talkers: Talker[]) => Promise<unknown>} breakIt
	 * @param {(talkers: Talker[]) => Promise<unknown>} mendIt resolves to more figures, if it has any
	 * @param {RegExp} [says] what the broker's log has to say meanwhile: the fault did bite
	 */
	async function goThrough(name, breakIt, mendIt, says) {
		round++;
		const logged = broker.log().length;
		const talkers = [];
		for (let pair = 0; pair < PAIRS; pair++) {
			const ids = [`${round}x${pair}a`, `${round}x${pair}b`];
			for (const id of ids) {
				talkers.push(new Talker({ broker: () => broker, id, chat: `chat/${ids[0]}/${ids[1]}`, tag: `${name}-${id}`, patience: PATIENCE }));
			}
		}
		await untilEchoed('at all', talkers, talkers.map(() => 0));
		let calm = true;
		const without = watch(broker, `${round}w`, () => !calm);
		await pause(CALM_MS);
		calm = false;
		const samples = await without;
		await breakIt(talkers);
		let broken = true;
		const during = watch(broker, `${round}d`, () => !broken);
		await pause(FAULT_MS);
		broken = false;
		const disturbed = await during;
		/** @type {unknown} */
		let more;
		try {
			if (says) {
				await until(`the broker's log to say ${says}`, () => says.test(broker.log().slice(logged)));
			}
		} catch (error) {
			throw new Error(`${error instanceof Error ? error.message : error}:\n${broker.log().slice(logged).match(/^.*chat: .*$/gm)?.join('\n')}`);
		} finally {
			more = await mendIt(talkers);
		}
		await untilEchoed(`again after: ${name}`, talkers, echoed(talkers).map((count) => count + 3));
		for (const talker of talkers) {
			talker.limit = 0;
		}
		await until(`all that waits to be answered after: ${name}`, () => talkers.every((it) =>
			[...it.sent.values()].every((sent) => sent.echoes > 0 || sent.refused)), { timeout: 60000 });
		await Promise.all(talkers.map((it) => it.stop()));
		const figures = await audit(cluster, talkers);
		line(name, { ...more ?? {}, ...figures, ...compare(samples, disturbed) });
		assert.equal(figures.lost, 0);
		assert.equal(figures.twice, 0);
		assert.equal(figures.echoedAndLost, 0);
		assert.equal(figures.gaps, 0);
		assert.equal(figures.disordered, 0);
		assert.equal(figures.inversions, 0);
		assert.ok(figures.stored > 0);
	}

	test('is killed, again and again', async () => {
		const times = scale(4, 100);
		let killing = Promise.resolve();
		await goThrough('killed', async (talkers) => {
			killing = (async () => {
				for (let i = 0; i < times; i++) {
					await cluster.kill();
					const counts = echoed(talkers);
					await cluster.start();
					// A kill is worth something when there is work again.
					await untilEchoed('after a kill', talkers, counts);
				}
			})();
		}, async () => {
			await killing;
			return { times };
		}, /database: /);
	});

	test('commits, and its answer is lost', async () => {
		const times = scale(4, 100);
		await goThrough('answer lost', async () => {}, async (talkers) => {
			let answers = 0;
			for (let i = 0; i < times; i++) {
				proxy.holdAnswers();
				await until('an answer to be held', () => proxy.held() > 0);
				await pause(40);
				answers += proxy.held();
				proxy.cut();
				await untilEchoed('after a cut', talkers, echoed(talkers));
			}
			return { times, answers };
		});
	});

	test('is frozen', () => goThrough('frozen', async () => cluster.freeze(), async () => cluster.thaw()));

	test('has no connection left', async () => {
		await goThrough('out of connections', async () => {
			await cluster.query('alter role chat_plugin connection limit 0');
			proxy.cut();
		}, async () => {
			await cluster.query('alter role chat_plugin connection limit -1');
		}, /chat: database: /);
	});

	test('is read-only', () => goThrough('read-only', async () => {
		await cluster.query('alter database chat set default_transaction_read_only = on');
		proxy.cut();
	}, async () => {
		await cluster.query("begin read write; alter database chat reset default_transaction_read_only; commit");
		proxy.cut();
	}, /25006/));

	test('does not know the password', () => goThrough('wrong password', async () => {
		await cluster.query("alter role chat_plugin password 'another'");
		proxy.cut();
	}, async () => {
		await cluster.install();
	}, /chat: database: /));

	test('has a schema that is too old', () => goThrough('schema too old', async () => {
		await cluster.query('create table public.aside as select * from chat.schema_version; delete from chat.schema_version');
		proxy.cut();
	}, async () => {
		await cluster.query('insert into chat.schema_version select * from public.aside; drop table public.aside');
	}, /install\.sql/));

	test('has a row locked by somebody', async () => {
		const session = await cluster.session();
		try {
			await goThrough('row locked', async () => {
				await session.run('begin');
				await session.run(`select 1 from chat.conversations where room = '${round}x0a/${round}x0b' for update`);
			}, async () => {
				await session.run('commit');
			});
		} finally {
			await session.end();
		}
	});

	test('has its disk full', { skip: process.getuid?.() === 0 ? false : 'mounting a small file system takes root' }, async (t) => {
		const small = join(dir, 'small');
		mkdirSync(small);
		try {
			execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', small], { stdio: 'pipe' });
		} catch {
			t.skip('no file system can be mounted here');
			return;
		}
		const space = join(small, 'space');
		mkdirSync(space);
		const owner = serviceUser('postgres');
		give(owner, space);
		try {
			await cluster.query(`create tablespace small location '${space}'`);
			await cluster.query('alter table chat.messages set tablespace small');
			await goThrough('disk full', async () => {
				// Leaves nothing: whatever needs a new page fails.
				try {
					writeFileSync(join(small, 'filler'), Buffer.alloc(64 << 20));
				} catch {
					// As intended.
				}
			}, async () => rmSync(join(small, 'filler'), { force: true }), /53100/);
			await cluster.query('alter table chat.messages set tablespace pg_default');
			await cluster.query('drop tablespace small');
		} finally {
			execFileSync('umount', ['-l', small], { stdio: 'pipe' });
		}
	});
});
