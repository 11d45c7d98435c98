// Reload: SIGHUP reads the secrets again, and disturbs nobody.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { run } from '../stack/children.js';
import { signJwt, signName } from '../stack/tokens.js';
import { give, serviceUser } from '../stack/users.js';
import { until } from '../stack/wait.js';
import { WAYS, connect, refusalOf } from './client.js';
import { newIds, useStage } from './stage.js';

const OLD = 'the secret of yesterday, long enough';
const NEW = 'the secret of today, also long enough';

describe('a reload', () => {
	const stage = useStage({
		prepare: async (dir) => {
			const file = join(dir, 'passwords');
			writeFileSync(file, 'sensor:its own password\n', { mode: 0o600 });
			assert.equal((await run('mosquitto_passwd', ['-U', file])).code, 0);
			give(serviceUser('mosquitto'), file);
			return `password_file ${file}`;
		},
	});

	/** @param {import('../stack/broker.js').Broker} broker */
	async function reload(broker) {
		const reloads = () => broker.log().split('Reloading config').length;
		const before = reloads();
		broker.reload();
		await until('the broker to reload', () => reloads() > before);
		// It has gone round once more when it answers.
		const probe = await connect({ broker, username: 'sensor', password: 'its own password', transport: 'tcp' });
		await probe.fence();
		await probe.end();
	}

	/** @param {import('../stack/broker.js').Broker} broker @param {string} secret */
	async function accepts(broker, secret) {
		const [id] = newIds(1);
		for (const way of WAYS) {
			await (await connect({ broker, id, secret, ...way })).end();
		}
	}

	/** @param {import('../stack/broker.js').Broker} broker @param {string} secret */
	async function refuses(broker, secret) {
		for (const way of WAYS) {
			assert.equal(await refusalOf({ broker, id: '1', secret, ...way }), way.version === 5 ? 0x87 : 5);
		}
	}

	test('brings new secrets, and ends old ones', async () => {
		const broker = await stage.another({ secrets: [OLD] });
		await accepts(broker, OLD);
		await refuses(broker, NEW);
		broker.writeSecrets([OLD, NEW]);
		await reload(broker);
		await accepts(broker, OLD);
		await accepts(broker, NEW);
		broker.writeSecrets([NEW]);
		await reload(broker);
		await refuses(broker, OLD);
		await accepts(broker, NEW);
	});

	test('leaves live clients alone, also those of a secret that ends', async () => {
		const broker = await stage.another({ secrets: [OLD] });
		const [first, second] = newIds(2);
		const chat = `chat/${first}/${second}`;
		const clients = [];
		for (const way of WAYS) {
			clients.push(await connect({ broker, id: first, secret: OLD, ...way }));
			const password = signJwt(OLD, { sub: second, exp: Date.now() / 1000 + 600 });
			clients.push(await connect({ broker, id: second, username: '', password, ...way }));
		}
		const sensor = await connect({ broker, username: 'sensor', password: 'its own password' });
		for (const client of clients) {
			await client.join(chat);
		}
		for (const client of clients) {
			await client.fence();
			client.take(null);
		}
		broker.writeSecrets([NEW]);
		for (let round = 0; round < 3; round++) {
			await reload(broker);
		}
		await clients[0].say(chat, 'still here');
		for (const client of clients.slice(1)) {
			assert.equal((await client.next(chat, 'message')).text, 'still here');
			await client.none(chat);
			assert.ok(client.connected());
		}
		await sensor.fence();
		await refuses(broker, OLD);
	});

	test('with a bad secret file keeps the old secrets, and says so', async () => {
		const broker = await stage.another({ secrets: [OLD] });
		const lines = () => broker.log().split('\n').filter((line) => /^\S+ chat: /.test(line)).length;
		for (const spoil of [
			() => broker.writeSecrets([NEW], 0o644),
			() => broker.writeSecrets(['short']),
			() => broker.writeSecrets([NEW, 'short']),
			() => broker.writeSecrets([]),
			() => rmSync(broker.secretFile),
		]) {
			const before = lines();
			spoil();
			await reload(broker);
			await until('a line about it in the log', () => lines() > before);
			await accepts(broker, OLD);
			await refuses(broker, NEW);
			assert.ok(!broker.log().includes('short'));
		}
		broker.writeSecrets([NEW]);
		await reload(broker);
		await accepts(broker, NEW);
		await refuses(broker, OLD);
	});

	test('lets no forged login in, however many try', async () => {
		const broker = await stage.another({ secrets: [OLD] });
		const [live] = newIds(1);
		const user = await connect({ broker, id: live, secret: OLD });
		await user.enterLobby();
		let over = false;
		const reloading = (async () => {
			while (!over) {
				broker.reload();
				await new Promise((resolve) => {
					setTimeout(resolve, 5);
				});
			}
		})();
		try {
			for (let round = 0; round < 20; round++) {
				await Promise.all(WAYS.flatMap((way) => [
					{ ...signName('a forged secret that nobody knows of', live, 'forged') },
					{ username: '', password: signJwt('a forged secret that nobody knows of', { sub: live, exp: Date.now() / 1000 + 60 }) },
					{ username: `${live}:x`, password: undefined },
					{ username: `chat:${live}`, password: 'x' },
				].map((login) => refusalOf({ broker, ...login, ...way }))));
				const good = await connect({ broker, id: live, secret: OLD, ...WAYS[round % 4] });
				await good.end();
			}
		} finally {
			over = true;
			await reloading;
		}
		await user.fence();
	});

	test('leaves sessions alone whose client is away', async () => {
		const broker = await stage.another({ secrets: [OLD] });
		const [first, second] = newIds(2);
		const properties = { sessionExpiryInterval: 600 };
		const ways = WAYS.filter((way) => way.version === 5);
		for (const way of ways) {
			const client = await connect({ broker, id: first, secret: OLD, clientId: `away by ${way.transport}`, properties, ...way });
			await client.subscribe(`chat/${first}/${second}`);
			await client.destroy();
		}
		for (let round = 0; round < 3; round++) {
			await reload(broker);
		}
		broker.writeSecrets([NEW]);
		await reload(broker);
		assert.ok(broker.alive());
		for (const way of ways) {
			const client = await connect({ broker, id: first, secret: NEW, clientId: `away by ${way.transport}`, properties, ...way });
			await client.join(`chat/${first}/${second}`);
		}
		assert.equal((await broker.stop()).code, 0);
	});
});
