import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signJwt, signName } from '../../../tests/stack/tokens.js';
import { createCredentials } from '../../src/credentials.js';
import { UnauthorizedError } from '../../src/errors.js';
import { handClock } from '../clocks.js';

const SECRET = 'a secret for tests, of 32 bytes and more';
const NOW = 1_000_000_000_000;

/** @param {number} seconds from now @param {object} [claims] */
const jwt = (seconds, claims) => signJwt(SECRET, { sub: '1', name: 'Ann', exp: NOW / 1000 + seconds, ...claims });

describe('credentials', () => {
	/**
	 * @param {any} options
	 * @param {any[]} [answers] of getToken
	 */
	function make(options, answers) {
		const clock = handClock();
		/** @type {string[]} */
		const reasons = [];
		const getToken = answers && (async (/** @type {{ reason: string }} */ { reason }) => {
			reasons.push(reason);
			const answer = answers.length > 1 ? answers.shift() : answers[0];
			if (answer instanceof Error) {
				throw answer;
			}
			return answer;
		});
		const time = { now: NOW };
		return { clock, time, reasons, credentials: createCredentials({ ...options, getToken }, clock, () => time.now) };
	}

	test('of a signed name are the name and the signature', async () => {
		const { username, password } = signName(SECRET, '1', 'Ann: 😀');
		const { credentials } = make({ id: '1', name: 'Ann: 😀', token: password });
		assert.deepEqual(await credentials.get(), { username, password });
		assert.equal(credentials.renewIn(), Infinity);
	});

	test('of a JWT say who it is before anybody connects', async () => {
		const { credentials } = make({ token: jwt(60) });
		assert.deepEqual([credentials.id(), credentials.name()], ['1', 'Ann']);
		assert.deepEqual(await credentials.get(), { username: '1', password: jwt(60) });
	});

	test('take another token of the same user from the page, and no other', async () => {
		const { credentials } = make({ token: jwt(60) });
		assert.equal(credentials.offer(jwt(90)), true);
		assert.equal((await credentials.get()).password, jwt(90));
		assert.deepEqual(['', 'nonsense', jwt(90, { sub: '2' })].map(credentials.offer), [false, false, false]);
		assert.equal((await credentials.get()).password, jwt(90));
		credentials.refused();
		assert.equal((await credentials.get()).password, jwt(90), 'it is the one that there is');
	});

	test('let go of an application that does not answer when nobody waits any more', async () => {
		const clock = handClock();
		let asked = 0;
		const credentials = createCredentials({ getToken: () => (++asked === 1 ? new Promise(() => {}) : jwt(60)) }, clock, () => NOW);
		const login = credentials.get();
		credentials.stop();
		const next = credentials.get();
		await assert.rejects(login, { code: 'closed' });
		assert.equal((await next).password, jwt(60));
		assert.equal(clock.armed(), 0);
	});

	test('ask once for those who ask at the same time', async () => {
		const { reasons, credentials } = make({}, [jwt(60)]);
		assert.deepEqual(await credentials.get(), await credentials.get());
		await Promise.all([credentials.get(), credentials.get()]);
		assert.deepEqual(reasons, ['initial']);
		assert.equal(credentials.id(), '1');
	});

	test('are renewed a minute ahead, or at three quarters of a short life', async () => {
		const long = make({}, [jwt(3600)]);
		await long.credentials.get();
		assert.equal(long.credentials.renewIn(), 3540000);
		const short = make({}, [jwt(8)]);
		await short.credentials.get();
		assert.equal(short.credentials.renewIn(), 6000);
		const alone = make({ token: jwt(8) });
		await alone.credentials.get();
		assert.equal(alone.credentials.renewIn(), Infinity, 'nobody to ask');
	});

	test('do not believe a clock that says that a fresh token is old', async () => {
		const { reasons, credentials } = make({}, [jwt(-7200, { iat: NOW / 1000 - 10800 })]);
		await credentials.get();
		await credentials.get();
		assert.deepEqual(reasons, ['initial']);
		assert.equal(credentials.renewIn(), 3540000);
		const unsaid = make({}, [jwt(-7200)]);
		await unsaid.credentials.get();
		assert.equal(unsaid.credentials.renewIn(), Infinity);
	});

	test('that the page has brought too late are replaced at once', async () => {
		const { reasons, credentials } = make({ token: jwt(-1) }, [jwt(60)]);
		assert.equal((await credentials.get()).password, jwt(60));
		assert.deepEqual(reasons, ['expiring']);
	});

	test('that expire are replaced', async () => {
		const { time, reasons, credentials } = make({ token: jwt(60) }, [jwt(600)]);
		await credentials.get();
		time.now += 61000;
		await credentials.get();
		credentials.expired();
		await credentials.get();
		credentials.renew();
		await credentials.get();
		assert.deepEqual(reasons, ['expiring', 'expiring', 'expiring']);
	});

	test('that are refused are replaced; two fresh ones in a row are the end', async () => {
		const { reasons, credentials } = make({ token: jwt(60) }, [jwt(61)]);
		await credentials.get();
		assert.equal(credentials.refused(), true, 'it was not fresh');
		await credentials.get();
		assert.equal(credentials.refused(), true);
		await credentials.get();
		assert.equal(credentials.refused(), false);
		assert.deepEqual(reasons, ['rejected', 'rejected']);
		credentials.restart();
		await credentials.get();
		assert.equal(reasons.at(-1), 'initial');
	});

	test('that were accepted meanwhile begin a new row', async () => {
		const { credentials } = make({}, [jwt(60)]);
		for (let n = 0; n < 5; n++) {
			await credentials.get();
			assert.equal(credentials.refused(), true);
			await credentials.get();
			credentials.accepted();
		}
	});

	test('without anybody to ask end with the first refusal, and begin again with the same token', async () => {
		const { credentials } = make({ token: jwt(60) });
		await credentials.get();
		assert.equal(credentials.refused(), false);
		credentials.restart();
		assert.equal((await credentials.get()).password, jwt(60));
	});

	test('that are none, or somebody else\'s, count as refused', async () => {
		const { reasons, credentials } = make({ id: '1' }, ['<html>', jwt(60, { sub: '2' })]);
		await assert.rejects(credentials.get(), UnauthorizedError);
		assert.deepEqual(reasons, ['initial', 'rejected']);
	});

	test('hand on what getToken throws, and ask again the next time', async () => {
		const { reasons, credentials } = make({}, [new Error('502'), new UnauthorizedError(), jwt(60)]);
		await assert.rejects(credentials.get(), /502/);
		await assert.rejects(credentials.get(), UnauthorizedError);
		await credentials.get();
		assert.deepEqual(reasons, ['initial', 'initial', 'initial']);
	});

	test('do not wait forever', async () => {
		const clock = handClock();
		const credentials = createCredentials({ getToken: () => new Promise(() => {}) }, clock);
		const asked = credentials.get();
		clock.pass(30000);
		await assert.rejects(asked, { code: 'token' });
	});
});
