// The application's may_chat: asked about chats in which nothing was said yet.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { pause, until } from '../stack/wait.js';
import { is } from './inbox.js';
import { chatOf, newIds, roomOf, useStage } from './stage.js';

/** An answer holds for so long. */
const HOLDS = 10000;

/** Says what the table says: yes, no, null; or takes three seconds, or raises an error. It notes each question. */
const MAY_CHAT = `
	create table public.rules (room text primary key, answer text);
	create table public.asked (room text);
	create or replace function chat.may_chat(a text, b text) returns boolean language plpgsql as $$
	declare
		rule text := (select answer from public.rules where room = may_chat.a || '/' || may_chat.b);
	begin
		insert into public.asked values (a || '/' || b);
		if rule = 'slow' then
			perform pg_catalog.pg_sleep(3);
		elsif rule = 'raise' then
			raise exception 'no idea';
		end if;
		return case rule when 'no' then false when 'null' then null else true end;
	end;
	$$;`;

describe('may_chat', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	/** @param {string} chat @param {string} answer */
	const rule = (chat, answer) => stage.cluster.query(
		`insert into public.rules values ('${roomOf(chat)}', '${answer}') on conflict (room) do update set answer = excluded.answer`);

	/** @param {string} chat @returns {Promise<number>} how often it was asked about the chat */
	const asked = async (chat) => Number((await stage.cluster.query(
		`select count(*) from public.asked where room = '${roomOf(chat)}'`))[0][0]);

	/** Sessions in which it is asked. */
	const asking = async () => Number((await stage.cluster.query(
		"select count(*) from pg_stat_activity where usename = 'chat_plugin' and query ~ 'chat.(begun|may)'"))[0][0]);

	/** @param {string} [answer] */
	async function pair(answer) {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		if (answer) {
			await rule(chat, answer);
		}
		const [ann, bob] = await Promise.all([
			stage.connect({ id: first, name: 'Ann' }), stage.connect({ id: second, version: 5, transport: 'tcp' })]);
		return { ann, bob, chat };
	}

	before(async () => {
		const { ann, bob, chat } = await pair();
		await ann.join(chat);
		await ann.say(chat, 'before there is one');
		assert.equal(await asking(), 0, 'no connection is opened for it before the application has one');
		await stage.cluster.query(MAY_CHAT);
		const [first, second] = newIds(2);
		const probe = await stage.connect({ id: first });
		await probe.join(chatOf(first, second));
		await until('it to be asked', async () => await asked(chatOf(first, second)) === 1);
		assert.ok(await asking() > 0);
	});

	test('lets those begin whom it says yes to, and is asked once', async () => {
		const { ann, bob, chat } = await pair('yes');
		await ann.join(chat);
		await bob.join(chat);
		assert.equal((await ann.say(chat, 'hi')).seq, 1);
		await bob.next(chat, is('message', { text: 'hi' }));
		await bob.say(chat, 'hello');
		assert.equal(await asked(chat), 1);
	});

	for (const answer of ['no', 'null']) {
		test(`${answer}: is a closed chat`, async () => {
			const { ann, bob, chat } = await pair(answer);
			await bob.enterLobby();
			await ann.subscribe(chat);
			const history = await ann.next(chat, 'history');
			assert.ok(!('peer' in history));
			assert.deepEqual(history.read, { [ann.id]: 0 });
			await ann.next(chat, is('error', { code: 'forbidden' }));
			await bob.subscribe(chat);
			await bob.next(chat, is('error', { code: 'forbidden' }));
			await ann.publish(chat, { event: 'message', text: 'hi', ref: 'r1' });
			await ann.next(chat, is('error', { code: 'forbidden', ref: 'r1' }));
			await ann.publish(chat, { event: 'react', seq: 1, reaction: '+', ref: 'r2' });
			await ann.next(chat, is('error', { code: 'forbidden', ref: 'r2' }));
			await ann.publish(chat, { event: 'typing' });
			await bob.none(chat, 'typing');
			await bob.none(chat, 'presence_state');
			await ann.none(chat, 'presence_diff');
			await bob.none(`user/${bob.id}`, 'notification');
			assert.equal((await stage.stored(roomOf(chat))).length, 0);
		});
	}

	test('is asked when somebody writes without a subscription', async () => {
		const { ann, bob, chat } = await pair('no');
		await bob.enterLobby();
		await ann.publish(chat, { event: 'message', text: 'hi', ref: 'r1' });
		await until('it to be asked', async () => await asked(chat) === 1);
		await bob.none(`user/${bob.id}`, 'notification');
		const other = await pair('yes');
		await other.bob.enterLobby();
		await other.ann.publish(other.chat, { event: 'message', text: 'one', ref: 'r1' });
		await other.ann.publish(other.chat, { event: 'message', text: 'two', ref: 'r2' });
		await other.ann.end();
		const first = await other.bob.next(`user/${other.bob.id}`, 'notification');
		const second = await other.bob.next(`user/${other.bob.id}`, 'notification');
		assert.deepEqual([first.message.text, second.message.text], ['one', 'two']);
		assert.equal(await asked(other.chat), 1);
	});

	test('an error is unavailable, and asked again until there is an answer', async () => {
		const { ann, chat } = await pair('raise');
		await ann.subscribe(chat);
		assert.ok((await ann.next(chat, is('error', { code: 'unavailable' }))).retry_ms >= 1000);
		await ann.next(chat, 'presence_state');
		await ann.publish(chat, { event: 'message', text: 'hi', ref: 'r1' });
		assert.ok((await ann.next(chat, is('error', { code: 'unavailable', ref: 'r1' }))).retry_ms >= 1000);
		assert.equal((await stage.stored(roomOf(chat))).length, 0);
		await rule(chat, 'yes');
		await ann.next(chat, 'history');
		await until('the message to be taken', async () => {
			await ann.publish(chat, { event: 'message', text: 'hi', ref: 'r2' });
			return (await ann.next(chat, (event) => event.ref === 'r2')).event === 'message';
		});
		assert.match(stage.broker.log(), /chat\.may_chat fails, SQLSTATE P0001/);
	});

	test('more than a second is unavailable, and delays nobody else', async () => {
		// Whether the other chat was served within that second: where all is slow, not each time.
		let served = false;
		for (let round = 0; round < 10 && !served; round++) {
			const slow = await pair('slow');
			const quick = await pair('yes');
			await slow.ann.subscribe(slow.chat);
			// Asked for after it, by the same broker.
			await quick.ann.join(quick.chat);
			await quick.ann.say(quick.chat, 'hi');
			await slow.ann.fence();
			served = slow.ann.take(slow.chat, 'error').length === 0;
			if (served) {
				await slow.ann.next(slow.chat, is('error', { code: 'unavailable' }));
			}
			await slow.ann.publish(slow.chat, { event: 'message', text: 'hi', ref: 'r1' });
			await slow.ann.next(slow.chat, is('error', { code: 'unavailable', ref: 'r1' }));
			await slow.ann.end();
		}
		assert.ok(served, 'the other one waited each time');
	});

	test('an answer holds for 10 s; then the chat follows another one', async () => {
		const { ann, bob, chat } = await pair('yes');
		await ann.join(chat);
		await bob.join(chat);
		await rule(chat, 'no');
		await ann.publish(chat, { event: 'typing' });
		await bob.next(chat, 'typing');
		await pause(HOLDS);
		await ann.publish(chat, { event: 'message', text: 'hi', ref: 'r1' });
		await ann.next(chat, is('error', { code: 'forbidden', ref: 'r1' }));
		await bob.next(chat, is('error', { code: 'forbidden' }));
		await rule(chat, 'yes');
		await ann.publish(chat, { event: 'message', text: 'hi', ref: 'r2' });
		await ann.next(chat, is('error', { code: 'forbidden', ref: 'r2' }));
		await pause(HOLDS);
		await ann.publish(chat, { event: 'message', text: 'hi', ref: 'r3' });
		await ann.next(chat, is('message', { ref: 'r3' }));
		await bob.next(chat, 'history');
		await bob.next(chat, 'presence_state');
	});

	test('has nothing to say once there is a message, be it the application\'s', async () => {
		const { ann, bob, chat } = await pair('no');
		await ann.subscribe(chat);
		await ann.next(chat, is('error', { code: 'forbidden' }));
		await stage.cluster.query(`select chat.post('${bob.id}', '${ann.id}', 'from the application')`);
		await ann.next(chat, is('message', { text: 'from the application' }));
		await ann.next(chat, 'presence_state');
		await ann.say(chat, 'hi');
		await stage.cluster.query(`select chat.close('${bob.id}', '${ann.id}')`);
		await ann.next(chat, is('error', { code: 'forbidden' }));
		assert.equal(await asked(chat), 1);
	});

	test('is asked about a chat that the application opens', async () => {
		const { ann, bob, chat } = await pair('no');
		await stage.cluster.query(`select chat.close('${ann.id}', '${bob.id}')`);
		await ann.subscribe(chat);
		await ann.next(chat, is('error', { code: 'forbidden' }));
		assert.equal(await asked(chat), 0);
		await stage.cluster.query(`select chat.open('${ann.id}', '${bob.id}')`);
		await until('it to be asked', async () => await asked(chat) === 1);
		await ann.next(chat, is('error', { code: 'forbidden' }));
		await ann.none(chat, 'presence_state');
	});

	test('while the database is away new chats cannot begin, and those with messages go on', async () => {
		const { ann, bob, chat } = await pair();
		await ann.join(chat);
		await bob.join(chat);
		await ann.say(chat, 'hi');
		const fresh = await pair();
		await stage.cluster.stop('immediate');
		try {
			await until('the broker to know', async () => {
				await ann.publish(chat, { event: 'history', ref: 'h' });
				return (await ann.next(chat, withRef('h'))).event === 'error';
			});
			await ann.publish(chat, { event: 'message', text: 'waits', ref: 'w' });
			await fresh.ann.subscribe(fresh.chat);
			await fresh.ann.next(fresh.chat, is('error', { code: 'unavailable' }));
			await fresh.ann.publish(fresh.chat, { event: 'message', text: 'hi', ref: 'r1' });
			await fresh.ann.next(fresh.chat, is('error', { code: 'unavailable', ref: 'r1' }));
		} finally {
			await stage.cluster.start();
		}
		await bob.next(chat, is('message', { text: 'waits' }));
		await fresh.ann.next(fresh.chat, 'history');
		await until('the chat to begin', async () => {
			await fresh.ann.publish(fresh.chat, { event: 'message', text: 'hi', ref: 'r2' });
			return (await fresh.ann.next(fresh.chat, withRef('r2'))).event === 'message';
		});
	});

	test('is asked no more when it is the one again that says yes to everybody', async () => {
		const { ann, chat } = await pair('no');
		await ann.subscribe(chat);
		await ann.next(chat, is('error', { code: 'forbidden' }));
		await stage.cluster.query("create or replace function chat.may_chat(a text, b text) returns boolean language sql stable as 'select true'");
		await ann.next(chat, 'presence_state');
		await ann.say(chat, 'hi');
		assert.equal(await asked(chat), 1);
	});
});

/** @param {string} ref */
function withRef(ref) {
	return (/** @type {any} */ event) => event.ref === ref;
}
