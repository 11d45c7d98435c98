// Messages that change after they were stored.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { is } from './inbox.js';
import { chatOf, newIds, useStage } from './stage.js';

describe('a change', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	/** @param {import('./client.js').Client} client @param {string} chat @param {object} request */
	const ask = (client, chat, request) => client.publish(chat, request);

	test('of the text is seen by both, with its number and whose doing it was', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'helo', { ref: 'm1' });
		await ask(ann, chat, { event: 'edit', seq: 1, text: 'hello', ref: 'e1' });
		const changed = await ann.next(chat, 'changed');
		assert.equal(changed.change, 1);
		assert.equal(changed.by, ann.id);
		assert.equal(changed.ref, 'e1');
		assert.equal(changed.message.text, 'hello');
		assert.equal(changed.message.ref, 'm1');
		assert.equal(changed.message.change, 1);
		assert.match(changed.message.edited_at, /Z$/);
		assert.deepEqual(await bob.next(chat, 'changed'), changed);
	});

	test('keeps data byte for byte, adds it and takes it away', async () => {
		const { ann, bob, chat } = await stage.couple();
		const data = '{"a" : [1.50, "\\u00e9", {"b":null}],"z":1e2}';
		await ann.publish(chat, `{"event":"message","text":"","ref":"d","data":${data}}`);
		const { payload } = await bob.nextItem(chat, 'message');
		assert.ok(payload.toString().includes(`"data":${data}`), payload.toString());
		const [stored] = await stage.cluster.query(`select data from chat.messages where room = '${chat.slice(5)}' and seq = 1`);
		assert.equal(stored[0], data);
		await ask(ann, chat, { event: 'edit', seq: 1, data: { order: 1 } });
		assert.deepEqual((await bob.next(chat, 'changed')).message.data, { order: 1 });
		await ask(ann, chat, { event: 'edit', seq: 1, text: 'now a text', data: null });
		const { message } = await bob.next(chat, is('changed', { change: 2 }));
		assert.ok(!('data' in message));
		assert.equal(message.text, 'now a text');
	});

	test('to deleted leaves ref and change, and the count of what is unread', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'oops', { ref: 'm1', data: { a: 1 } });
		await ask(ann, chat, { event: 'delete', seq: 1 });
		const { message } = await bob.next(chat, 'changed');
		assert.deepEqual({ ...message, sent_at: '' }, { seq: 1, user_id: ann.id, text: '', sent_at: '', ref: 'm1', change: 1, deleted: true });
		await bob.unsubscribe(chat);
		assert.equal((await bob.enterLobby()).total, 1);
	});

	test('by reactions of both stands in the order in which they came', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'what do you think?');
		await ask(bob, chat, { event: 'react', seq: 1, reaction: '👍' });
		await ann.next(chat, is('changed', { change: 1 }));
		await ask(ann, chat, { event: 'react', seq: 1, reaction: '🎉' });
		await ann.next(chat, is('changed', { change: 2 }));
		await ask(ann, chat, { event: 'react', seq: 1, reaction: '👍' });
		const { message } = await bob.next(chat, is('changed', { change: 3 }));
		assert.deepEqual(message.reactions, [{ reaction: '👍', by: [bob.id, ann.id] }, { reaction: '🎉', by: [ann.id] }]);
		await ask(bob, chat, { event: 'react', seq: 1, reaction: '👍', on: false });
		assert.deepEqual((await bob.next(chat, is('changed', { change: 4 }))).message.reactions[0].by, [ann.id]);
	});

	test('that is so already is answered to the asking client alone, without a number', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'same');
		await ask(ann, chat, { event: 'edit', seq: 1, text: 'same', ref: 'again' });
		const answer = await ann.next(chat, is('changed', { ref: 'again' }));
		assert.equal(answer.change, 0);
		await bob.none(chat, 'changed');
		await ask(ann, chat, { event: 'delete', seq: 1 });
		await bob.next(chat, is('changed', { change: 1 }));
		await ask(ann, chat, { event: 'delete', seq: 1, ref: 'twice' });
		assert.equal((await ann.next(chat, is('changed', { ref: 'twice' }))).change, 1);
		await bob.none(chat, 'changed');
	});

	test('of what is not theirs, not there or deleted is refused', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'mine');
		const refusals = [
			[bob, { event: 'edit', seq: 1, text: 'yours' }, 'forbidden'],
			[bob, { event: 'delete', seq: 1 }, 'forbidden'],
			[ann, { event: 'edit', seq: 7, text: 'what?' }, 'bad_field'],
			[ann, { event: 'edit', seq: 1, text: '' }, 'bad_field'],
			[ann, { event: 'edit', seq: 1 }, 'bad_field'],
			[ann, { event: 'react', seq: 1, reaction: '' }, 'bad_field'],
			[ann, { event: 'react', seq: 1, reaction: 'x'.repeat(65) }, 'bad_field'],
			[ann, { event: 'edit', seq: 1, text: 'x'.repeat(16385) }, 'too_large'],
			[ann, { event: 'message', text: 'x', data: { a: 'x'.repeat(8192) } }, 'too_large'],
			[ann, { event: 'message', text: 'x', reply_to: 0 }, 'bad_field'],
		];
		for (const [n, [who, request, code]] of /** @type {[any, any, string][]} */ (refusals).entries()) {
			const ref = `r${n}`;
			await ask(who, chat, { ...request, ref });
			assert.equal((await who.next(chat, is('error', { ref }))).code, code, JSON.stringify(request).slice(0, 80));
		}
		await ask(ann, chat, { event: 'delete', seq: 1 });
		await bob.next(chat, 'changed');
		for (const request of [{ event: 'edit', seq: 1, text: 'back' }, { event: 'react', seq: 1, reaction: 'x' }]) {
			await ask(ann, chat, { ...request, ref: request.event });
			assert.equal((await ann.next(chat, is('error', { ref: request.event }))).code, 'bad_field');
		}
	});

	test('is heard in the lobby by who is not in the chat', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'helo');
		const elsewhere = await stage.connect({ id: bob.id });
		await elsewhere.enterLobby();
		await ask(ann, chat, { event: 'edit', seq: 1, text: 'hello' });
		const there = await elsewhere.next(`user/${bob.id}`, 'changed');
		const { event, ...members } = await bob.next(chat, 'changed');
		assert.deepEqual(there, { event, chat, ...members });
	});

	test('that was missed comes with since, each message once', async () => {
		const { ann, bob, chat } = await stage.couple();
		for (const text of ['one', 'two', 'three']) {
			await ann.say(chat, text);
		}
		for (const [seq, text] of /** @type {[number, string][]} */ ([[1, 'uno'], [3, 'tre'], [1, 'eins']])) {
			await ask(ann, chat, { event: 'edit', seq, text });
		}
		await bob.next(chat, is('changed', { change: 3 }));
		await ask(bob, chat, { event: 'history', since: 0, ref: 'all' });
		const all = await bob.next(chat, 'changes');
		assert.deepEqual(all.messages.map((/** @type {any} */ it) => [it.change, it.seq, it.text]), [[2, 3, 'tre'], [3, 1, 'eins']]);
		assert.deepEqual([all.change, all.more, all.ref], [3, false, 'all']);
		assert.match(all.epoch, /./);
		await ask(bob, chat, { event: 'history', since: 0, limit: 1 });
		const first = await bob.next(chat, 'changes');
		assert.deepEqual([first.messages.length, first.change, first.more], [1, 2, true]);
		await ask(bob, chat, { event: 'history', since: 3 });
		assert.deepEqual((await bob.next(chat, 'changes')).messages, []);
		await ask(bob, chat, { event: 'history', before: 100 });
		const page = await bob.next(chat, 'history');
		assert.equal(page.change, 3);
		assert.equal(page.epoch, all.epoch);
	});

	test('never comes before its message, and changes come in order', async () => {
		const { ann, bob, chat } = await stage.couple();
		const count = 40;
		for (let n = 1; n <= count; n++) {
			await ann.publish(chat, { event: 'message', text: `m${n}`, ref: `m${n}` });
			await ann.next(chat, is('message', { ref: `m${n}` }));
			await ann.publish(chat, { event: 'edit', seq: n, text: `e${n}` });
			await bob.publish(chat, { event: 'react', seq: n, reaction: 'x' });
		}
		let seq = 0;
		let change = 0;
		while (change < 2 * count) {
			const event = await bob.next(chat, (/** @type {any} */ it) => it.event === 'message' || it.event === 'changed');
			if (event.event === 'message') {
				assert.equal(event.seq, ++seq);
			} else {
				assert.equal(event.change, ++change);
				assert.ok(event.message.seq <= seq, `change ${change} of ${event.message.seq} after ${seq}`);
			}
		}
	});
});

describe('lists and settings', () => {
	const stage = useStage({ options: { rate_limit: 0 } });

	test('all chats of a user come in pages, the newest first', async () => {
		const [me, ...peers] = newIds(4);
		const ann = await stage.connect({ id: me });
		const lobby = `user/${me}`;
		await ann.enterLobby();
		for (const peer of peers) {
			const chat = chatOf(me, peer);
			const other = await stage.connect({ id: peer, name: `Peer ${peer}` });
			await other.join(chat);
			await other.say(chat, `from ${peer}`);
			await ann.next(lobby, 'notification');
		}
		/** @param {object} [more] */
		const ask = async (more) => {
			await ann.publish(lobby, { event: 'chats', limit: 2, ...more });
			return ann.next(lobby, 'chats');
		};
		const first = await ask({ ref: 'p1' });
		assert.deepEqual([first.ref, first.more], ['p1', true]);
		assert.deepEqual(first.chats.map((/** @type {any} */ it) => it.user_id), [peers[2], peers[1]]);
		const [newest] = first.chats;
		assert.equal(newest.chat, chatOf(me, peers[2]));
		assert.equal(newest.count, 1);
		assert.equal(newest.last.text, `from ${peers[2]}`);
		assert.deepEqual(newest.read, { [me]: 0, [peers[2]]: 0 });
		const second = await ask({ after: first.next });
		assert.deepEqual(second.chats.map((/** @type {any} */ it) => it.user_id), [peers[0]]);
		assert.deepEqual([second.more, 'next' in second], [false, false]);
	});

	test('a muted chat is quiet from then on', async () => {
		const { ann, bob, chat } = await stage.couple();
		const elsewhere = await stage.connect({ id: bob.id });
		await elsewhere.enterLobby();
		await bob.unsubscribe(chat);
		await ann.say(chat, 'loud');
		assert.ok(!('quiet' in await elsewhere.next(`user/${bob.id}`, 'notification')));
		await elsewhere.publish(`user/${bob.id}`, { event: 'mute', chat, ref: 'm' });
		assert.deepEqual(await elsewhere.next(`user/${bob.id}`, 'muted'), { event: 'muted', chat, on: true, ref: 'm' });
		await ann.say(chat, 'quiet');
		assert.equal((await elsewhere.next(`user/${bob.id}`, 'notification')).quiet, true);
		await elsewhere.publish(`user/${bob.id}`, { event: 'mute', chat: 'chat/1/2', ref: 'n' });
		assert.equal((await elsewhere.next(`user/${bob.id}`, is('error', { ref: 'n' }))).code, 'bad_field');
	});

	test('a blocked user cannot write, is told of nothing, and hears not of the block', async () => {
		const { ann, bob, chat } = await stage.couple();
		await ann.say(chat, 'hi');
		await bob.next(chat, 'message');
		await ann.enterLobby();
		await bob.enterLobby();
		await bob.publish(`user/${bob.id}`, { event: 'block', user_id: ann.id, ref: 'b' });
		assert.deepEqual(await bob.next(`user/${bob.id}`, 'blocked'), { event: 'blocked', user_id: ann.id, on: true, ref: 'b' });
		await ann.next(chat, is('error', { code: 'forbidden' }));
		await ann.none(`user/${ann.id}`, 'blocked');
		await ann.publish(chat, { event: 'message', text: 'why?', ref: 'w' });
		await ann.next(chat, is('error', { code: 'forbidden', ref: 'w' }));
		await bob.publish(chat, { event: 'typing' });
		await bob.publish(chat, { event: 'read', seq: 1 });
		await bob.next(`user/${bob.id}`, 'read');
		await ann.none(chat, 'typing');
		await ann.none(chat, 'read');
		const phone = await stage.connect({ id: ann.id });
		await phone.subscribe(chat);
		const history = await phone.next(chat, 'history');
		assert.deepEqual(Object.keys(history.read), [ann.id]);
		assert.ok(!('peer' in history));
		await phone.next(chat, is('error', { code: 'forbidden' }));
		await phone.none(chat, 'presence_state');
		await bob.publish(`user/${bob.id}`, { event: 'block', user_id: ann.id, on: false });
		await phone.next(chat, 'history');
		await phone.next(chat, 'presence_state');
		await ann.say(chat, 'thanks');
	});
});
