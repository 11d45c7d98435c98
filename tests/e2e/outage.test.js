// Postgres away: stopped, killed, frozen, never there; and what it must not do to anybody.

import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { pause, until } from '../stack/wait.js';
import { is } from './inbox.js';
import { startProxy } from '../stack/proxy.js';
import { chatOf, newIds, roomOf, useStage } from './stage.js';

/** A history is refused after 5 s at the latest; a connection to a dead server may take longer. */
const PATIENCE = { timeout: 60000 };

/** @param {number} n */
const upTo = (n) => Array.from({ length: n }, (_, index) => index + 1);

let asked = 0;

/**
 * Asks for a history and resolves to whatever the answer is.
 * @param {any} client
 * @param {string} chat
 */
async function ask(client, chat) {
	const ref = `ask ${++asked}`;
	await client.publish(chat, { event: 'history', limit: 1, ref });
	return client.next(chat, (/** @type {any} */ event) => event.ref === ref, PATIENCE);
}

/** @param {any} client @param {string} chat */
function knownAway(client, chat) {
	return until('the plugin to know that the store is away', async () => {
		const { code } = await ask(client, chat);
		return code === 'unavailable';
	}, PATIENCE);
}

/** @param {any} client @param {string} chat */
function knownBack(client, chat) {
	return until('the plugin to know that the store is back', async () => {
		const { event } = await ask(client, chat);
		return event === 'history';
	}, PATIENCE);
}

/**
 * Postgres as it should be, whatever a test did.
 * @param {import('./stage.js').Stage} stage
 */
async function heal(stage) {
	stage.cluster.thaw();
	if (!stage.cluster.alive()) {
		await stage.cluster.start();
	}
}

/** @type {[string, (cluster: any) => unknown, (cluster: any) => unknown][]} */
const OUTAGES = [
	['stopped', (cluster) => cluster.stop('fast'), (cluster) => cluster.start()],
	['killed', (cluster) => cluster.kill(), (cluster) => cluster.start()],
	['frozen', (cluster) => cluster.freeze(), (cluster) => cluster.thaw()],
];

describe('while Postgres is away', () => {
	const stage = useStage({ options: { rate_limit: 0, queue_limit: 200 } });
	afterEach(() => heal(stage));

	for (const [how, leave, comeBack] of OUTAGES) {
		describe(`being ${how}`, () => {
			test('messages wait, and are stored once, in order, when it is back', async () => {
				const { ann, bob, chat, room } = await stage.couple();
				/** @param {number[]} numbers */
				const send = (numbers) => Promise.all(numbers.map((n) => ann.publish(chat, { event: 'message', text: `text ${n}`, ref: `r${n}` })));
				await send(upTo(50));
				await leave(stage.cluster);
				await send(upTo(100).slice(50));
				await pause(500);
				await comeBack(stage.cluster);
				for (const client of [ann, bob]) {
					for (const seq of upTo(100)) {
						const message = await client.next(chat, 'message', PATIENCE);
						assert.deepEqual([message.seq, message.ref], [seq, `r${seq}`]);
					}
				}
				await knownBack(ann, chat);
				await ann.none(chat, (event) => event.event === 'message' || event.event === 'error');
				await bob.none(chat, (event) => event.event === 'message' || event.event === 'error');
				assert.deepEqual((await stage.stored(room)).map((it) => it.ref), upTo(100).map((n) => `r${n}`));
			});

			test('connections stay, logins work, presence and typing go on', async () => {
				const { ann, bob, chat } = await stage.couple();
				await leave(stage.cluster);
				await knownAway(ann, chat);
				await ann.publish(chat, { event: 'typing' });
				assert.equal((await bob.next(chat, 'typing')).user_id, ann.id);
				await bob.unsubscribe(chat);
				assert.ok(bob.id in (await ann.next(chat, 'presence_diff')).leaves);
				const phone = await stage.connect({ id: bob.id, name: 'Bob on the phone' });
				await phone.subscribe(chat);
				assert.deepEqual((await phone.next(chat, 'presence_state')).users[bob.id], { name: 'Bob on the phone' });
				assert.ok(bob.id in (await ann.next(chat, 'presence_diff')).joins);
				await phone.destroy();
				assert.ok(bob.id in (await ann.next(chat, 'presence_diff')).leaves);
				assert.ok(ann.connected() && bob.connected());
				await comeBack(stage.cluster);
				await knownBack(ann, chat);
				assert.ok(ann.connected() && bob.connected());
				assert.equal((await ann.say(chat, 'back')).seq, 1);
			});

			test('what a SUBSCRIBE is owed is unavailable, and comes later by itself', async () => {
				const { ann, bob, chat } = await stage.couple();
				await bob.say(chat, 'stored before');
				await leave(stage.cluster);
				const phone = await stage.connect({ id: ann.id });
				assert.equal(await phone.subscribe(chat), 1);
				assert.equal(await phone.subscribe(`user/${ann.id}`), 1);
				for (const topic of [chat, `user/${ann.id}`]) {
					const error = await phone.next(topic, 'error', PATIENCE);
					assert.equal(error.code, 'unavailable');
					assert.ok(error.retry_ms > 0);
				}
				await comeBack(stage.cluster);
				assert.equal((await phone.next(chat, 'history', PATIENCE)).messages[0].text, 'stored before');
				assert.equal((await phone.next(`user/${ann.id}`, 'unread', PATIENCE)).total, 1);
				await phone.none(null, (event) => event.event === 'history' || event.event === 'unread');
			});

			test('a history that is asked for is unavailable, and does not come later', async () => {
				const { ann, bob, chat } = await stage.couple();
				await leave(stage.cluster);
				await ann.publish(chat, { event: 'history', ref: 'not later' });
				const error = await ann.next(chat, 'error', PATIENCE);
				assert.deepEqual([error.code, error.ref], ['unavailable', 'not later']);
				assert.ok(error.retry_ms > 0);
				await comeBack(stage.cluster);
				await knownBack(ann, chat);
				await ann.say(chat, 'back');
				await ann.none(chat, is('history', { ref: 'not later' }));
				await bob.none(chat, 'error');
			});

			test('the highest read waits, and is never refused', async () => {
				const { ann, bob, chat } = await stage.couple();
				for (const text of ['1', '2', '3', '4', '5']) {
					await ann.say(chat, text);
				}
				await bob.publish(chat, { event: 'read', seq: 1 });
				await ann.next(chat, 'read');
				await leave(stage.cluster);
				await knownAway(ann, chat);
				await Promise.all([3, 2, 4, 1].map((seq) => bob.publish(chat, { event: 'read', seq })));
				await comeBack(stage.cluster);
				for (let seq = 0; seq < 4;) {
					({ seq } = await ann.next(chat, 'read', PATIENCE));
				}
				await knownBack(bob, chat);
				await ann.none(chat, 'read');
				await bob.none(chat, 'error');
				assert.equal((await bob.enterLobby()).total, 1);
			});
		});
	}

	test('no more than queue_limit messages wait; beyond it the sender gets unavailable', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		await stage.cluster.stop('fast');
		await knownAway(ann, chat);
		await Promise.all(upTo(250).map((n) => ann.publish(chat, { event: 'message', text: 'x', ref: `r${n}` })));
		for (const n of upTo(250).slice(200)) {
			const error = await ann.next(chat, 'error');
			assert.deepEqual([error.code, error.ref], ['unavailable', `r${n}`]);
			assert.ok(error.retry_ms >= 1000, String(error.retry_ms));
		}
		await ann.none(chat, 'error');
		const other = await bob.refusal(chat, { event: 'message', text: 'mine', ref: 'mine' });
		assert.equal(other.code, 'unavailable');
		await stage.cluster.start();
		for (const seq of upTo(200)) {
			assert.deepEqual((await bob.next(chat, 'message', PATIENCE)).ref, `r${seq}`);
		}
		await knownBack(ann, chat);
		assert.equal((await stage.stored(room)).length, 200);
		await until('a message to be taken again', async () => {
			await ann.publish(chat, { event: 'message', text: 'again', ref: 'r201' });
			const answer = await ann.next(chat, (event) => event.ref === 'r201');
			return answer.event === 'message';
		}, PATIENCE);
		assert.equal((await stage.stored(room)).length, 201);
	});

	test('a repeat of a message that waits takes no second place', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		await stage.cluster.stop('fast');
		await knownAway(ann, chat);
		await Promise.all(upTo(300).map(() => ann.publish(chat, { event: 'message', text: 'x', ref: 'the same' })));
		await ann.none(chat, 'error');
		await stage.cluster.start();
		await ann.next(chat, is('message', { ref: 'the same', seq: 1 }), PATIENCE);
		await bob.next(chat, 'message', PATIENCE);
		assert.equal((await ann.say(chat, 'next')).seq, 2);
		assert.equal((await bob.next(chat, 'message')).seq, 2);
		await bob.none(chat, 'message');
		assert.equal((await stage.stored(room)).length, 2);
	});

	test('a message is stored though its sender has gone', async () => {
		const { ann, bob, chat } = await stage.couple();
		await stage.cluster.stop('fast');
		await knownAway(bob, chat);
		await ann.publish(chat, { event: 'message', text: 'and off' });
		await ann.end();
		await stage.cluster.start();
		assert.equal((await bob.next(chat, 'message', PATIENCE)).text, 'and off');
	});

	test('nothing is owed to who has left meanwhile', async () => {
		const { ann, chat } = await stage.couple();
		await stage.cluster.stop('fast');
		await knownAway(ann, chat);
		const phone = await stage.connect({ id: ann.id });
		await phone.subscribe(chat);
		assert.equal((await phone.next(chat, 'error')).code, 'unavailable');
		await phone.unsubscribe(chat);
		await stage.cluster.start();
		await knownBack(ann, chat);
		await ann.say(chat, 'back');
		await phone.none(chat, 'history');
	});

	test('who comes twice meanwhile is answered when it is back', async () => {
		const { ann, bob, chat } = await stage.couple();
		await bob.say(chat, 'x');
		await stage.cluster.stop('fast');
		await knownAway(ann, chat);
		await ann.unsubscribe(chat);
		await ann.subscribe(chat);
		await ann.unsubscribe(chat);
		await ann.subscribe(chat);
		await stage.cluster.start();
		assert.equal((await ann.next(chat, 'history', PATIENCE)).messages.length, 1);
	});

	test('the log says so once, and once that it is back', async () => {
		const { ann, chat } = await stage.couple();
		const lines = () => stage.broker.log().split('\n').filter((line) => /^\S+ chat: /.test(line)).map((line) => line.replace(/^\S+ /, ''));
		// What went before is over only once all connections are back, also those that nobody has waited for.
		await until('a line that it is there', () => /database: (connected|back)/.test(lines().filter((line) => /database: /.test(line)).at(-1) ?? ''));
		const before = lines().length;
		await stage.cluster.stop('fast');
		await knownAway(ann, chat);
		await until('a line about it in the log', () => lines().length > before);
		// Long enough for several tries.
		await pause(4000);
		const meanwhile = lines().slice(before);
		assert.deepEqual(meanwhile, [...new Set(meanwhile)], 'a line was repeated');
		assert.ok(meanwhile.length <= 2, meanwhile.join('\n'));
		await stage.cluster.start();
		await knownBack(ann, chat);
		await ann.say(chat, 'back');
		await until('a line that it is back', () => lines().length > before + meanwhile.length);
		const later = lines().slice(before + meanwhile.length);
		assert.deepEqual(later, [...new Set(later)], 'a line was repeated');
	});

	test('a broker starts, and stores what was said before Postgres came', async () => {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		await stage.cluster.stop('fast');
		const broker = await stage.another({ options: { rate_limit: 0 }, meets: false });
		const ann = await stage.connect({ broker, id: first });
		assert.equal(await ann.subscribe(chat), 1);
		assert.equal((await ann.next(chat, 'error', PATIENCE)).code, 'unavailable');
		assert.deepEqual(Object.keys((await ann.next(chat, 'presence_state')).users), [first]);
		await ann.publish(chat, { event: 'message', text: 'early', ref: 'early' });
		await until('a line about it in the log', () => /^\S+ chat: .*/m.test(broker.log()));
		await stage.cluster.start();
		assert.equal((await ann.next(chat, is('message', { ref: 'early' }), PATIENCE)).seq, 1);
		assert.ok((await ann.next(chat, 'history', PATIENCE)).messages.length <= 1);
		assert.equal((await stage.stored(roomOf(chat))).length, 1);
	});
});

describe('a message that Postgres refuses', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('is rejected, and it alone', async () => {
		await stage.cluster.query(`
			create function chat.test_poison() returns trigger language plpgsql as $$
			begin
				if new.text = 'poison' then
					raise exception 'this row is refused: %', new.text;
				end if;
				return new;
			end $$;
			create trigger test_poison before insert on chat.messages for each row execute function chat.test_poison();
			alter table chat.messages add constraint test_check check (text <> 'unwanted') not valid;
		`);
		const { ann, bob, chat, room } = await stage.couple();
		const elsewhere = await stage.couple();
		const texts = ['a', 'poison', 'b', 'unwanted', 'c', 'poison', 'd'];
		await Promise.all([
			...texts.map((text, n) => ann.publish(chat, { event: 'message', text, ref: `r${n}` })),
			...upTo(5).map((n) => elsewhere.bob.publish(elsewhere.chat, { event: 'message', text: `other ${n}` })),
		]);
		for (const [n, text] of texts.entries()) {
			if (text.length > 1) {
				const error = await ann.next(chat, (event) => event.event === 'error');
				assert.deepEqual([error.code, error.ref], ['rejected', `r${n}`]);
				assert.ok(!('retry_ms' in error));
				assert.ok(!error.reason.includes('this row is refused'));
			}
		}
		for (const client of [ann, bob]) {
			for (const [index, text] of ['a', 'b', 'c', 'd'].entries()) {
				const message = await client.next(chat, 'message');
				assert.deepEqual([message.seq, message.text], [index + 1, text]);
			}
		}
		for (const seq of upTo(5)) {
			assert.equal((await elsewhere.ann.next(elsewhere.chat, 'message')).text, `other ${seq}`);
		}
		await bob.none(chat, (event) => event.event === 'message' || event.event === 'error');
		assert.equal((await stage.stored(room)).length, 4);
		assert.equal((await ann.say(chat, 'e')).seq, 5);
		assert.ok(!stage.broker.log().includes('this row is refused'));
		assert.ok(!stage.broker.log().includes('unwanted'));
	});

	test('is rejected again when it is sent again', async () => {
		const { ann, chat } = await stage.couple();
		for (let round = 0; round < 2; round++) {
			assert.equal((await ann.refusal(chat, { event: 'message', text: 'poison', ref: 'same' })).code, 'rejected');
		}
		assert.equal((await ann.say(chat, 'good', { ref: 'same' })).seq, 1);
	});
});

describe('a room that somebody has locked', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('holds up nobody else, and goes on in order afterwards', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		const other = await stage.couple();
		await ann.say(chat, 'first');
		await bob.next(chat, 'message');
		const session = stage.cluster.session();
		await session.run('begin');
		await session.run(`select 1 from chat.conversations where room = '${room}' for update`);
		await Promise.all(upTo(5).map((n) => ann.publish(chat, { event: 'message', text: `waiting ${n}` })));
		for (const seq of upTo(10)) {
			assert.equal((await other.ann.say(other.chat, `round ${seq}`)).seq, seq);
		}
		await bob.publish(chat, { event: 'typing' });
		await ann.next(chat, 'typing');
		await ann.publish(chat, { event: 'message', text: 'waiting 6' });
		await other.bob.say(other.chat, 'still going');
		ann.mustLack(chat, 'message');
		await session.run('commit');
		await session.end();
		for (const n of upTo(6)) {
			const message = await bob.next(chat, 'message', PATIENCE);
			assert.deepEqual([message.seq, message.text], [n + 1, `waiting ${n}`]);
		}
		await bob.none(chat, 'message');
	});

	test('does not hold up the reads of others either', async () => {
		const { ann, bob, chat, room } = await stage.couple();
		const other = await stage.couple();
		await ann.say(chat, 'x');
		await other.ann.say(other.chat, 'x');
		const session = stage.cluster.session();
		await session.run('begin');
		await session.run(`select 1 from chat.conversations where room = '${room}' for update`);
		await bob.publish(chat, { event: 'read', seq: 1 });
		await other.bob.publish(other.chat, { event: 'read', seq: 1 });
		assert.equal((await other.ann.next(other.chat, 'read', PATIENCE)).seq, 1);
		await session.run('rollback');
		await session.end();
		assert.equal((await ann.next(chat, 'read', PATIENCE)).seq, 1);
	});
});

describe('a commit whose answer is lost', () => {
	const stage = useStage({ options: { rate_limit: 0 } });
	/** @type {Awaited<ReturnType<typeof startProxy>>} */
	let proxy;
	after(() => proxy?.close());

	test('is sent again, and its messages are new to everybody, once', async () => {
		proxy = await startProxy(stage.cluster.port);
		const broker = await stage.another({ conninfo: proxy.through(stage.cluster.conninfo), options: { rate_limit: 0 } });
		const { ann, bob, chat, room } = await stage.couple({ broker });
		const { id } = ann;
		const lobby = await stage.connect({ broker, id });
		await lobby.enterLobby();
		await ann.say(chat, 'before');
		await lobby.next(`user/${id}`, 'notification');
		await bob.next(chat, 'message');
		for (const round of upTo(3)) {
			const start = 1 + 3 * (round - 1);
			proxy.holdAnswers();
			// Whichever is first is surely in the statement whose answer is lost.
			const both = [{ event: 'message', text: 'with', ref: `with ${round}` }, { event: 'message', text: 'without' }];
			for (const event of round % 2 ? both : both.reverse()) {
				await ann.publish(chat, event);
			}
			await bob.publish(chat, { event: 'message', text: 'theirs', ref: 'theirs' + round });
			await until('the commit', async () => (await stage.stored(room)).length > start);
			await ann.none(chat, 'message');
			proxy.cut();
			/** @type {Map<number, any>} */
			const messages = new Map();
			for (const seq of [start + 1, start + 2, start + 3]) {
				const message = await ann.next(chat, 'message', PATIENCE);
				assert.equal(message.seq, seq);
				messages.set(seq, message);
			}
			for (const [seq, message] of messages) {
				assert.deepEqual(await bob.next(chat, 'message', PATIENCE), message);
				assert.equal((await lobby.next(`user/${id}`, 'notification', PATIENCE)).message.seq, seq);
			}
			await ann.none(chat, 'message');
			await bob.none(chat, 'message');
			await lobby.none(null, 'notification');
			assert.equal((await stage.stored(room)).length, start + 3);
		}
	});

	test('of a read is heard once', async () => {
		const broker = await stage.another({ conninfo: proxy.through(stage.cluster.conninfo), options: { rate_limit: 0 } });
		const { ann, bob, chat } = await stage.couple({ broker });
		let seq = 0;
		for (let committed = false; !committed;) {
			seq++;
			await ann.say(chat, String(seq));
			proxy.holdAnswers();
			await bob.publish(chat, { event: 'read', seq });
			// Where the same connection waits for the answer to something else, the mark is not sent before the cut.
			for (let i = 0; i < 100 && !committed; i++) {
				await pause(100);
				committed = (await stage.stored(roomOf(chat))).at(-1)?.is_delivered ?? false;
			}
			proxy.cut();
			assert.deepEqual(await ann.next(chat, 'read', PATIENCE), { event: 'read', user_id: bob.id, seq });
			await knownBack(ann, chat);
			await ann.none(chat, 'read');
		}
		await bob.publish(chat, { event: 'history', ref: 'marks' });
		assert.equal((await bob.next(chat, is('history', { ref: 'marks' }), PATIENCE)).read[bob.id], seq);
	});
});

describe('connections to Postgres that end again and again', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('lose nothing, double nothing, and keep the order', async () => {
		const MESSAGES = 200;
		const couples = [];
		for (let n = 0; n < 3; n++) {
			couples.push(await stage.couple());
		}
		let sending = true;
		const ending = (async () => {
			while (sending) {
				await stage.cluster.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'chat_plugin'");
				await pause(60);
			}
		})();
		await Promise.all(couples.flatMap(({ ann, bob, chat }) => [ann, bob].map(async (sender) => {
			for (const n of upTo(MESSAGES)) {
				await sender.publish(chat, { event: 'message', text: String(n), ...(n % 2 ? { ref: `r${n}` } : {}) });
				await pause(5);
			}
		})));
		sending = false;
		await ending;
		for (const { ann, bob, chat, room } of couples) {
			/** @type {any[]} */
			const heard = [];
			for (const seq of upTo(2 * MESSAGES)) {
				const message = await ann.next(chat, 'message', PATIENCE);
				assert.equal(message.seq, seq);
				assert.deepEqual(await bob.next(chat, 'message', PATIENCE), message);
				heard.push(message);
			}
			for (const { id } of [ann, bob]) {
				assert.deepEqual(heard.filter((it) => it.user_id === id).map((it) => it.text), upTo(MESSAGES).map(String));
			}
			await ann.none(chat, 'message');
			await ann.none(chat, 'error');
			assert.deepEqual((await stage.stored(room)).map((it) => it.text), heard.map((it) => it.text));
		}
	});
});

describe('a database whose schema', () => {
	const stage = useStage();

	/** @param {RegExp} line what the log must say */
	async function isHeldOff(line) {
		const broker = await stage.another({ meets: false });
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await stage.connect({ broker, id: first });
		await ann.subscribe(chat);
		await ann.publish(chat, { event: 'message', text: 'waits', ref: 'waits' });
		assert.equal((await ann.next(chat, 'error', PATIENCE)).code, 'unavailable');
		await until('a line that says what to do', () => line.test(broker.log()), PATIENCE);
		assert.ok(ann.connected());
		return { ann, chat };
	}

	test('is too new is said in the log, and not written to', async () => {
		await stage.cluster.query('insert into chat.schema_version (version) values (100000)');
		const { ann, chat } = await isHeldOff(/^\S+ chat: .*(schema|version)/m);
		assert.equal((await stage.stored(roomOf(chat))).length, 0);
		await stage.cluster.query('delete from chat.schema_version where version = 100000');
		assert.equal((await ann.next(chat, is('message', { ref: 'waits' }), PATIENCE)).seq, 1);
	});

	test('is not there is said in the log with what to run, and is used when that was run', async () => {
		await stage.cluster.query('drop schema chat cascade');
		const { ann, chat } = await isHeldOff(/^\S+ chat: .*install\.sql/m);
		await stage.cluster.install();
		assert.equal((await ann.next(chat, is('message', { ref: 'waits' }), PATIENCE)).seq, 1);
	});

	test('is installed again loses nothing and disturbs nobody', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'before');
		await stage.cluster.install();
		assert.equal((await ann.say(chat, 'after')).seq, 2);
		await bob.unsubscribe(chat);
		assert.equal((await bob.join(chat)).history.messages.length, 2);
	});
});
