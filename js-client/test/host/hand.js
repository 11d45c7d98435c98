// What an application does with the chat by its own hand, in its database, whatever it is written in.

import assert from 'node:assert/strict';
import { test } from 'node:test';

let lastId = 100;

/**
 * @param {{ get: (path: string) => Promise<{ status: number, text: string }>,
 *           person: (who: Record<string, string>) => Promise<{ get: (path: string) => Promise<{ text: string }> }>,
 *           database: () => import('./scene.js').Database }} scene
 */
export function worksByHand({ get, person, database }) {
	const query = (/** @type {string} */ sql) => database().query(sql);
	const pair = () => [String(++lastId), String(++lastId)];

	/** What brokers do within a second. */
	const carryOut = () => query('select from chat.carry_out(100)');

	/** @param {string} path */
	async function visitsWell(path) {
		const { status, text } = await get(path);
		assert.equal(status, 204, text);
	}

	test('posts a message with the order that it is about', async () => {
		const [seller, buyer] = pair();
		await visitsWell(`/order?seller=${seller}&buyer=${buyer}`);
		await carryOut();
		const [[order]] = await query(`select id from orders where buyer_id = '${buyer}'`);
		assert.deepEqual(await query(`select user_id, opponent_id, text, ref, data::jsonb->>'order' from chat.messages where room = '${seller}/${buyer}'`),
			[[seller, buyer, `Thank you for order ${order}.`, `order-${order}`, order]]);
	});

	test('posts nothing when the order is not placed after all', async () => {
		const [seller, buyer] = pair();
		assert.equal((await get(`/order?seller=${seller}&buyer=${buyer}&fail=1`)).status, 500);
		await carryOut();
		assert.deepEqual(await query(`select from chat.messages where room = '${seller}/${buyer}'`), []);
		assert.deepEqual(await query(`select from orders where buyer_id = '${buyer}'`), []);
	});

	test('shows on its pages how much is unread', async () => {
		const [seller, buyer] = pair();
		const it = await person({ id: buyer, name: 'Ann' });
		assert.match((await it.get('/')).text, /<b>0<\/b> unread/);
		await visitsWell(`/order?seller=${seller}&buyer=${buyer}`);
		await visitsWell(`/order?seller=${seller}&buyer=${buyer}`);
		await carryOut();
		assert.match((await it.get('/')).text, /<b>2<\/b> unread/);
	});

	test('blocks, and lifts that again', async () => {
		const [blocker, blocked] = pair();
		const isClosed = async () => (await query(`select closed <> 0 from chat.conversations where room = '${blocker}/${blocked}'`))[0]?.[0] === 't';
		await visitsWell(`/block?blocker=${blocker}&blocked=${blocked}`);
		assert.equal(await isClosed(), true);
		await visitsWell(`/unblock?blocker=${blocker}&blocked=${blocked}`);
		assert.equal(await isClosed(), false);
	});

	test('tells those who are away once, and again what could not be told', async () => {
		const timePasses = (minutes = 1) => query(`update chat.messages set sent_at = sent_at - ${minutes} * interval '1 min'`);
		// Whom other tests have written to.
		await timePasses();
		await visitsWell('/push');

		const [seller, buyer] = pair();
		await visitsWell(`/order?seller=${seller}&buyer=${buyer}`);
		await carryOut();
		const pushes = () => query(`select text from pushes where user_id = '${buyer}'`);
		// However long the application takes for it, that is too soon.
		await timePasses(-1);
		await visitsWell('/push');
		assert.deepEqual(await pushes(), [], 'nobody is away yet');

		await timePasses(2);
		assert.equal((await get('/push?fail=1')).status, 500);
		assert.deepEqual(await pushes(), []);
		await visitsWell('/push');
		const [[text]] = await query(`select text from chat.messages where room = '${seller}/${buyer}'`);
		assert.deepEqual(await pushes(), [[`${text} (1 unread)`]]);
		await visitsWell('/push');
		assert.equal((await pushes()).length, 1);
	});
}
