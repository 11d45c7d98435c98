import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signJwt } from '../../../tests/stack/tokens.js';
import { createConnection } from '../../src/connection.js';
import { createCredentials } from '../../src/credentials.js';
import { handClock } from '../clocks.js';

const jwt = (/** @type {number} */ seconds) =>
	signJwt('a secret for tests, of 32 bytes and more', { sub: '1', exp: Date.now() / 1000 + seconds });

/** Lets promises run. */
const breathe = () => new Promise((resolve) => {
	setTimeout(resolve);
});

describe('a connection', () => {
	/** @param {any} [options] of the credentials */
	function world(options = { token: jwt(3600) }) {
		const clock = handClock();
		const began = Date.now() - clock.now();
		/** @type {any[]} */
		const links = [];
		/** @type {string[]} */
		const told = [];
		const connection = createConnection({
			url: 'ws://x/',
			clock,
			credentials: createCredentials(options, clock, () => began + clock.now()),
			random: () => 1,
			openLink(given, on) {
				const link = {
					...given, on, topics: /** @type {Map<string, (granted: boolean) => void>} */ (new Map()),
					cut: false, ended: false, checked: 0, published: /** @type {any[]} */ ([]),
				};
				links.push(link);
				return {
					subscribe: (topic, done) => link.topics.set(topic, done),
					unsubscribe: async (topic) => void link.topics.delete(topic),
					publish: (...what) => link.published.push(what),
					check: () => link.checked++,
					end: async () => void (link.ended = true),
					cut: () => void (link.cut = true),
				};
			},
		}, {
			state: (state) => told.push(state),
			login: () => {},
			subscribing: (topic) => told.push(`subscribing ${topic}`),
			subscribed: (topic, granted) => told.push(`subscribed ${topic} ${granted}`),
			arrived: (topic, payload) => told.push(`${topic}: ${payload}`),
			down: () => told.push('down'),
			error: (error) => told.push(`error ${/** @type {any} */ (error).message}`),
		});
		return { clock, links, connection, told, since: () => told.splice(0) };
	}
	async function online() {
		const it = world();
		it.connection.subscribe('a');
		it.connection.start();
		await breathe();
		it.links[0].on.up();
		it.links[0].topics.get('a')(true);
		return it;
	}

	test('subscribes to what is wanted, and says what it is told', async () => {
		const { connection, since, links } = await online();
		assert.deepEqual(since(), ['connecting', 'online', 'subscribing a', 'subscribed a true']);
		connection.subscribe('b');
		links[0].topics.get('b')(false);
		links[0].on.arrived('a', 'hello');
		assert.deepEqual(since(), ['subscribing b', 'subscribed b false', 'a: hello']);
		assert.equal(connection.publish('a', 'x'), true);
		await connection.unsubscribe('b');
		assert.deepEqual([...links[0].topics.keys()], ['a']);
	});

	test('comes back after a pause, with the same client id', async () => {
		const { clock, links, since, connection } = await online();
		since();
		links[0].on.down(null);
		assert.deepEqual(since(), ['down', 'offline']);
		assert.equal(connection.publish('a', 'x'), false);
		clock.pass(499);
		assert.equal(links.length, 1);
		clock.pass(1);
		await breathe();
		assert.deepEqual([links.length, links[1].clientId === links[0].clientId], [2, true]);
		links[1].on.down(null);
		clock.pass(1000);
		await breathe();
		links[2].on.up();
		assert.deepEqual(since(), ['connecting', 'offline', 'connecting', 'online', 'subscribing a']);
	});

	test('does not wait any longer when it is woken, and is checked when it is up', async () => {
		const { links, connection } = await online();
		connection.wake();
		assert.equal(links[0].checked, 1);
		links[0].on.down(null);
		connection.wake();
		await breathe();
		assert.equal(links.length, 2);
		connection.wake();
		await breathe();
		assert.equal(links.length, 2, 'an attempt is on its way');
	});

	test('is not waited for any longer when the machine has slept meanwhile', async () => {
		const { clock, links, connection, since } = await online();
		links[0].on.down(null);
		connection.wake();
		await breathe();
		clock.sleep(60000);
		connection.wake();
		await breathe();
		assert.deepEqual([links.length, links[1].cut], [3, true]);
		links[2].on.up();
		assert.equal(since().at(-2), 'online');
	});

	test('that is stopped says goodbye, and what was on its way is over', async () => {
		const { clock, links, connection, since } = await online();
		since();
		const stopped = connection.stop();
		assert.deepEqual(since(), ['down', 'closed']);
		await stopped;
		assert.equal(links[0].ended, true);
		assert.equal(clock.armed(), 0);
		const other = world();
		other.connection.start();
		await other.connection.stop();
		await breathe();
		assert.equal(other.links.length, 0);
		other.connection.start();
		await breathe();
		await other.connection.stop();
		assert.equal(other.links[0].cut, true);
	});

	test('ends when its token is refused and there is no other', async () => {
		const { links, connection, told } = world();
		connection.start();
		await breathe();
		links[0].on.refused();
		assert.deepEqual(told, ['connecting', 'unauthorized']);
		connection.start();
		await breathe();
		assert.equal(links.length, 2);
	});

	test('uses a token that the page brings: beside the current connection, or instead of an attempt', async () => {
		const { links, connection, since } = await online();
		since();
		connection.offered();
		await breathe();
		links[1].on.up();
		links[1].topics.get('a')(true);
		assert.deepEqual([links[0].ended, since()], [true, ['subscribing a', 'subscribed a true']]);
		const other = world();
		other.connection.start();
		await breathe();
		other.connection.offered();
		await breathe();
		assert.deepEqual([other.links.length, other.links[0].cut], [2, true]);
	});

	describe('with a token that expires', () => {
		async function renewing() {
			const reasons = /** @type {string[]} */ ([]);
			const it = world({
				token: jwt(8),
				getToken: async (/** @type {any} */ { reason }) => {
					reasons.push(reason);
					return jwt(3600);
				},
			});
			it.connection.subscribe('a');
			it.connection.subscribe('b');
			it.connection.start();
			await breathe();
			it.links[0].on.up();
			it.links[0].topics.forEach((/** @type {any} */ done) => done(true));
			it.clock.pass(6000);
			await breathe();
			it.since();
			return { ...it, reasons };
		}

		test('is replaced by one that hears all, and only then ended', async () => {
			const { links, connection, since, reasons } = await renewing();
			assert.deepEqual(reasons, ['expiring']);
			assert.notEqual(links[1].clientId, links[0].clientId);
			links[1].on.up();
			links[1].topics.get('a')(true);
			links[0].on.arrived('b', 'from the old one');
			links[1].on.arrived('a', 'from the new one');
			links[0].on.arrived('a', 'outdated');
			assert.deepEqual([links[0].ended, connection.state()], [false, 'online']);
			links[1].topics.get('b')(true);
			assert.equal(links[0].ended, true);
			assert.deepEqual(since(), [
				'subscribing a', 'subscribing b', 'b: from the old one', 'a: from the new one', 'subscribed a true', 'subscribed b true',
			]);
			connection.publish('a', 'x');
			assert.deepEqual([links[0].published.length, links[1].published.length], [0, 1]);
		});

		test('is kept while its successor does not come up', async () => {
			const { clock, links, connection, reasons } = await renewing();
			links[1].on.down(null);
			assert.equal(connection.state(), 'online');
			clock.pass(5000);
			await breathe();
			assert.deepEqual([links.length, reasons], [3, ['expiring']]);
			assert.equal(links[2].password, links[1].password);
			links[2].on.up();
			links[2].topics.forEach((/** @type {any} */ done) => done(true));
			assert.equal(links[0].ended, true);
		});

		test('that is lost meanwhile leaves all to its successor', async () => {
			const { links, connection, since } = await renewing();
			links[1].on.up();
			links[1].topics.get('a')(true);
			since();
			links[0].on.down(0x98);
			assert.deepEqual(since(), ['down', 'subscribed a true']);
			links[1].topics.get('b')(true);
			assert.deepEqual([since(), connection.state()], [['subscribed b true'], 'online']);
		});

		test('whose fresh token is refused asks for another one, and ends after the second', async () => {
			const { links, reasons, connection, since } = await renewing();
			links[1].on.refused();
			await breathe();
			assert.deepEqual(reasons, ['expiring', 'rejected']);
			assert.equal(connection.state(), 'online');
			links[2].on.refused();
			assert.equal(connection.state(), 'unauthorized');
			assert.equal(links[0].cut, true);
			assert.deepEqual(since(), ['down', 'unauthorized']);
		});
	});
});
