// A client identifier that changes hands: nothing of the one before reaches the one after.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect } from '../e2e/client.js';
import { connectRaw } from '../e2e/raw.js';
import { chatOf, newIds, useStage } from '../e2e/stage.js';
import { run } from '../stack/children.js';
import { give, serviceUser } from '../stack/users.js';
import { until } from '../stack/wait.js';

const everythingElse = {
	/** @param {string} dir */
	prepare: async (dir) => {
		const passwords = join(dir, 'passwords');
		writeFileSync(passwords, 'sensor:its own password\n', { mode: 0o600 });
		assert.equal((await run('mosquitto_passwd', ['-U', passwords])).code, 0);
		const acl = join(dir, 'acl');
		writeFileSync(acl, 'user sensor\ntopic readwrite #\n', { mode: 0o600 });
		for (const file of [passwords, acl]) {
			give(serviceUser('mosquitto'), file);
		}
		return `password_file ${passwords}\nacl_file ${acl}`;
	},
};
const SENSOR = { username: 'sensor', password: 'its own password' };

describe('a client identifier', () => {
	const stage = useStage(everythingElse);

	for (const transport of /** @type {const} */ (['tcp', 'ws'])) {
		test(`that changes hands while a history is on its way takes the answer to nobody, over ${transport}`, async () => {
			const [first, second, stranger] = newIds(3);
			const chat = chatOf(first, second);
			const ann = await stage.connect({ id: first });
			await ann.join(chat);
			await ann.say(chat, 'for two alone');

			const lock = stage.cluster.session();
			await lock.run('begin; lock table chat.messages in access exclusive mode');
			const asking = await stage.connect({ id: second, clientId: 'handed over', version: 5, transport });
			await asking.subscribe(chat);
			await asking.subscribe(`user/${second}`);
			await asking.publish(chat, { event: 'history', ref: 'slow' });
			await until('the question to wait for the lock', async () =>
				Number((await stage.cluster.query("select count(*) from pg_locks where not granted and relation = 'chat.messages'::regclass"))[0][0]) > 0);
			await asking.destroy();
			await ann.next(chat, (event) => second in (event.joins ?? {}));
			await ann.next(chat, (event) => second in (event.leaves ?? {}));

			const eve = await stage.connect({ id: stranger, clientId: 'handed over', version: 5, transport });
			assert.ok(await eve.subscribe(chat) >= 0x80);
			assert.ok(await eve.subscribe(`user/${second}`) >= 0x80);
			await eve.subscribe(`user/${stranger}`);
			const resumed = await stage.connect({ id: second, transport });
			await lock.run('commit');
			await lock.end();
			// What was asked before is answered before this.
			assert.equal((await resumed.join(chat)).history.messages.length, 1);
			await eve.none(null, (/** @type {any} */ event) => JSON.stringify(event).includes('two alone') || event.event === 'history');
			await eve.end();
		});
	}

	test('of a user who is away leads an ordinary client to nothing of theirs', async () => {
		for (const transport of /** @type {const} */ (['tcp', 'ws'])) {
			const [first, second] = newIds(2);
			const chat = chatOf(first, second);
			const clientId = `left behind over ${transport}`;
			const ann = await stage.connect({ id: first });
			await ann.join(chat);
			// Messages that it has not acknowledged are in its session when it goes.
			const gone = await connectRaw({
				broker: stage.broker, id: second, version: 5, clientId,
				connect: { properties: { sessionExpiryInterval: 600, receiveMaximum: 2 } },
			});
			await gone.subscribe(chat);
			await gone.subscribe(`user/${second}`);
			gone.stopReading();
			for (let n = 0; n < 20; n++) {
				await ann.say(chat, `for two alone ${n}`);
			}
			gone.destroy();
			await ann.next(chat, (event) => second in (event.leaves ?? {}));

			const sensor = await connect({ broker: stage.broker, ...SENSOR, clientId, clean: false, version: 5, transport, properties: { sessionExpiryInterval: 60 } });
			await ann.say(chat, 'and more');
			await sensor.fence();
			await sensor.none(null);
			assert.ok(sensor.packets.every((packet) => packet.cmd !== 'publish'), JSON.stringify(sensor.packets));
			await sensor.end();
			const later = await connect({ broker: stage.broker, ...SENSOR, clientId, clean: false, version: 4, transport });
			await ann.say(chat, 'and still more');
			await later.none(null);
			assert.ok(later.packets.every((packet) => packet.cmd !== 'publish'));
			await later.end();
		}
	});

	test('of an ordinary client who is away leads a user to nothing of theirs', async () => {
		const clientId = 'a sensor';
		const sensor = await connect({ broker: stage.broker, ...SENSOR, clientId, clean: false, transport: 'tcp' });
		await sensor.subscribe('secret/plan');
		await sensor.end();
		const teller = await connect({ broker: stage.broker, ...SENSOR, transport: 'tcp' });
		await teller.publish('secret/plan', 'not for users');
		const [id] = newIds(1);
		const user = await stage.connect({ id, clientId, version: 5 });
		await teller.publish('secret/plan', 'nor this');
		await user.none(null);
	});

	test('of an ordinary client who is away ends when a user comes with its client identifier, as with any account of Mosquitto', async () => {
		const clientId = 'another sensor';
		const sensor = () => connect({ broker: stage.broker, ...SENSOR, clientId, clean: false, transport: 'tcp' });
		const teller = await connect({ broker: stage.broker, ...SENSOR, transport: 'tcp' });
		const told = async () => {
			await teller.publish('secret/plan', 'for who is away');
			const back = await sensor();
			await back.fence();
			const heard = back.take('secret/plan').length;
			await back.end();
			return heard;
		};
		const first = await sensor();
		await first.subscribe('secret/plan');
		await first.end();
		assert.equal(await told(), 1);
		const [id] = newIds(1);
		await (await stage.connect({ id, clientId })).end();
		assert.equal(await told(), 0);
	});
});
