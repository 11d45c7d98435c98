// Schema first, then the brokers one by one: the plugin of the first edition on the schema of this one.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBroker } from '../stack/broker.js';
import { run } from '../stack/children.js';
import { startCluster } from '../stack/cluster.js';
import { scratchFolder } from '../stack/folder.js';
import { chatOf, newIds, roomOf } from '../stack/stage.js';
import { until } from '../stack/wait.js';
import { connect, endClients } from './client.js';
import { is } from './inbox.js';

const TOP = fileURLToPath(new URL('../..', import.meta.url));

/** The last commit of the first edition. */
const FIRST_EDITION = '714b8fe';

/** @param {string[]} args */
function git(...args) {
	return execFileSync('git', ['-C', TOP, ...args], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 });
}

/** Why this cannot be tried here: false, or a sentence. */
function missing() {
	try {
		git('cat-file', '-e', `${FIRST_EDITION}^{commit}`);
		return false;
	} catch {
		return `commit ${FIRST_EDITION} is not in this clone: git fetch --unshallow`;
	}
}

/** Builds the first edition in the folder. @param {string} dir */
async function build(dir) {
	mkdirSync(dir, { recursive: true });
	const steps = /** @type {[string, string[], Buffer?][]} */ ([
		['tar', ['-x', '-C', dir], git('archive', FIRST_EDITION, 'CMakeLists.txt', 'README.md', 'mosquitto.conf.example', 'plugin', 'sql')],
		['cmake', ['-S', dir, '-B', join(dir, 'build'), '-DCHAT_TESTS=OFF']],
		['cmake', ['--build', join(dir, 'build')]],
	]);
	for (const [command, args, input] of steps) {
		const { code, stdout, stderr } = await run(command, args, { input, timeout: 300000 });
		assert.equal(code, 0, `${command} ${args.join(' ')}: ${stdout}${stderr}`);
	}
	return { plugin: join(dir, 'build/mosquitto_chat.so'), install: join(dir, 'sql/install.sql') };
}

describe('a broker of the first edition', { skip: missing() }, () => {
	/** @type {import('../stack/cluster.js').Cluster} */
	let cluster;
	/** @type {import('../stack/broker.js').Broker} */
	let old;
	/** @type {string} */
	let dir;
	const [annId, bobId] = newIds(2);
	const chat = chatOf(annId, bobId);
	/** @type {Awaited<ReturnType<typeof connect>>} */
	let ann;
	/** What was said, in its order. */
	const said = /** @type {string[]} */ ([]);

	/** @param {string} text */
	async function say(text) {
		const { seq } = await ann.say(chat, text);
		assert.equal(said.push(text), seq);
	}

	async function stored() {
		const rows = await cluster.query(`select text from chat.messages where room = '${roomOf(chat)}' order by seq`);
		return rows.map(([text]) => text);
	}

	before(async () => {
		dir = scratchFolder('upgrade');
		const first = await build(join(dir, 'first-edition'));
		cluster = await startCluster({ dir: join(dir, 'postgres'), settings: { fsync: 'off', log_min_messages: 'fatal' } });
		// Gives the plugin's role its password, and then leaves nothing of the schema.
		await cluster.install();
		await cluster.query(`drop schema chat cascade;\n\\o /dev/null\n\\i ${first.install}\n`);
		old = await startBroker({ dir: join(dir, 'old'), conninfo: cluster.conninfo, plugin: first.plugin, options: { rate_limit: 0 } });
		ann = await connect({ broker: old, id: annId, name: 'Ann' });
		await ann.join(chat);
		await say('before');
	});
	after(async () => {
		await endClients();
		if (old?.alive()) {
			await old.stop();
		}
		if (cluster?.alive()) {
			await cluster.stop('immediate');
		}
	});

	function functions() {
		return cluster.query(`select oid::regprocedure from pg_proc where pronamespace = 'chat'::regnamespace order by 1`);
	}

	test('stores what is said while its schema is upgraded', async () => {
		const before = await functions();
		// A writer who takes the tables' locks one after the other, and is between them as the upgrade asks for both.
		const writer = cluster.session();
		await writer.run('begin; select room from chat.conversations for update');
		let upgraded = false;
		const upgrade = cluster.install().then(() => {
			upgraded = true;
		});
		await until('the upgrade to wait for the writer', async () =>
			(await cluster.query(`select 1 from pg_locks where mode = 'AccessExclusiveLock' and not granted`)).length > 0);
		await writer.run('select from chat.messages; commit');
		await writer.end();
		for (let n = 1; !upgraded || n <= 20; n++) {
			await say(`meanwhile ${n}`);
		}
		await upgrade;
		assert.deepEqual(await cluster.query('select chat.version(2)'), [['2']]);
		assert.deepEqual(await stored(), said);
		// A call that is under way when a function goes ends with an internal error, and its message is refused.
		const after = (await functions()).map(String);
		assert.deepEqual(before.filter((name) => !after.includes(String(name))), []);
	});

	test('shows what is unread, its pages and its read marks', async () => {
		const bob = await connect({ broker: old, id: bobId, name: 'Bob' });
		const { total, chats } = await bob.enterLobby();
		assert.deepEqual([total, chats.length, chats[0].count, chats[0].last.text], [said.length, 1, said.length, said.at(-1)]);
		const { history } = await bob.join(chat);
		assert.deepEqual(history.messages.map((/** @type {any} */ { text }) => text), said.slice(-50));
		await bob.publish(chat, { event: 'read', seq: said.length });
		assert.equal((await ann.next(chat, is('read', { user_id: bobId }))).seq, said.length);
		assert.deepEqual(await bob.next(`user/${bobId}`, 'read'), { event: 'read', chat, seq: said.length, count: 0, total: 0 });
		await bob.end();
	});

	test('answers a repeat with what is stored', async () => {
		const { seq } = await ann.say(chat, 'once', { ref: 'the same' });
		said.push('once');
		const again = await ann.say(chat, 'twice', { ref: 'the same' });
		assert.deepEqual([again.seq, again.text], [seq, 'once']);
		assert.deepEqual(await stored(), said);
	});

	test('takes the schema for its own when it connects anew', async () => {
		await cluster.stop('fast');
		await cluster.start();
		await say('after a restart');
		assert.deepEqual(await stored(), said);
	});

	test('stores nothing in a chat that was closed', async () => {
		await cluster.query(`select chat.close('${annId}', '${bobId}')`);
		const { code } = await ann.refusal(chat, { event: 'message', text: 'closed', ref: 'closed' });
		assert.equal(code, 'rejected');
		await cluster.query(`select chat.open('${annId}', '${bobId}')`);
		await say('open again');
		assert.deepEqual(await stored(), said);
	});

	test('leaves all to the broker of this edition that follows it', async () => {
		await ann.end();
		await old.stop();
		const { tcpPort, wsPort } = old;
		old = await startBroker({ dir: join(dir, 'new'), conninfo: cluster.conninfo, tcpPort, wsPort, options: { rate_limit: 0 } });
		ann = await connect({ broker: old, id: annId, name: 'Ann' });
		// Answered once broker and database have met.
		await ann.enterLobby();
		const { history } = await ann.join(chat);
		assert.deepEqual(history.messages.map((/** @type {any} */ { text }) => text), said.slice(-50));
		await say('in this edition');
		assert.deepEqual(await stored(), said);
	});
});
