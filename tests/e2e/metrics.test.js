// What an operator watches: the file that Prometheus collects, and the topics below $SYS.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeFolder, serviceUser } from '../stack/users.js';
import { until } from '../stack/wait.js';
import { connect, refusalOf } from './client.js';
import { useStage } from './stage.js';

/** They are written every ten seconds. */
const PATIENCE = { timeout: 90000 };
const NAME = '[a-z_]+';
const HELP = new RegExp(`^# HELP (${NAME}) (\\S.*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(`^(${NAME})(\\{(?:${NAME}="[^"\\\\]*")(?:,${NAME}="[^"\\\\]*")*\\})? (\\d+(?:\\.\\d+)?)$`);

/**
 * Reads the text as strictly as its format is written.
 * @param {string} text
 * @returns {Map<string, number>} the series with their values
 */
function parse(text) {
	/** @type {Map<string, number>} */
	const series = new Map();
	const families = new Map();
	let family = '';
	assert.ok(text.endsWith('\n'), 'the text is whole');
	for (const line of text.slice(0, -1).split('\n')) {
		const [help, type, sample] = [HELP.exec(line), TYPE.exec(line), SAMPLE.exec(line)];
		if (help) {
			assert.ok(!families.has(help[1]), `${help[1]} is there once`);
			family = help[1];
		} else if (type) {
			assert.equal(type[1], family);
			families.set(family, type[2]);
		} else {
			assert.ok(sample, line);
			const [, name, labels = '', value] = sample;
			const kind = families.get(family);
			assert.match(name, new RegExp(`^${family}${kind === 'histogram' ? '_(bucket|sum|count)' : ''}$`));
			assert.equal(family.endsWith('_total'), kind === 'counter', `${family} is a ${kind}`);
			assert.ok(!series.has(name + labels), `${name}${labels} is there once`);
			series.set(name + labels, Number(value));
		}
	}
	for (const [name] of [...families].filter(([, kind]) => kind === 'histogram')) {
		const buckets = [...series].filter(([key]) => key.startsWith(`${name}_bucket`)).map(([, value]) => value);
		assert.deepEqual(buckets, [...buckets].sort((a, b) => a - b));
		assert.equal(buckets.at(-1), series.get(`${name}_count`));
	}
	return series;
}

describe('metrics', () => {
	const stage = useStage();

	test('in a file say what happened, are whole whenever they are read, and go with the broker', async () => {
		const folder = join(stage.dir, 'metrics');
		makeFolder(serviceUser('mosquitto'), folder);
		const file = join(folder, 'chat.prom');
		const broker = await stage.another({ options: { metrics_file: file } });
		const { ann, bob, chat } = await stage.couple({ broker });
		for (const text of ['one', 'two', 'three']) {
			await ann.say(chat, text);
		}
		await ann.refusal(chat, { event: 'no such event' });
		await refusalOf({ broker, id: '7', secret: 'a secret that is not the right one' });
		const refused = 'mosquitto_chat_logins_total{form="signed_name",outcome="refused"}';
		const text = await until('the file to say so', () => {
			const now = existsSync(file) ? readFileSync(file, 'utf8') : '';
			return now !== '' && parse(now).get(refused) === 1 && now;
		}, PATIENCE);
		const series = parse(text);
		const stored = series.get('mosquitto_chat_messages_stored_total') ?? 0;
		assert.ok(stored >= 3, String(stored));
		for (const [name, value] of Object.entries({
			closed: 0, database_up: 1, clients: 2, users: 2, open_chats: 1, messages_waiting: 0, messages_waiting_limit: 10000, loads_waiting: 0,
			'errors_total{code="bad_event"}': 1, 'errors_total{code="bad_json"}': 0,
			batch_messages_sum: stored, journal_bytes: 0, journal_limit_bytes: 0,
		})) {
			assert.equal(series.get(`mosquitto_chat_${name}`), value, name);
		}
		assert.ok((series.get('mosquitto_chat_logins_total{form="signed_name",outcome="accepted"}') ?? 0) >= 2);
		assert.ok((series.get('mosquitto_chat_commit_duration_seconds_sum') ?? 0) > 0);
		const [build] = [...series.keys()].filter((key) => key.startsWith('mosquitto_chat_build_info'));
		const [, schema] = /** @type {RegExpExecArray} */ (/version="\d+\.\d+\.\d+",schema="(\d+)"/.exec(build));
		assert.deepEqual(await stage.cluster.query(`select chat.version(${schema})`), [[schema]]);
		assert.equal(statSync(file).mode & 0o777, 0o644);
		// Where there is Prometheus' own opinion, it counts too.
		const { error, status, stdout, stderr } = spawnSync(process.env.CHAT_PROMTOOL ?? 'promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
		assert.ok(error || (status === 0 && stderr === ''), `${stdout}${stderr}`);
		await Promise.all([ann.end(), bob.end()]);
		await broker.stop();
		assert.equal(existsSync(file), false);
		assert.equal(existsSync(`${file}.new`), false);
	});

	test('that cannot be written are said once, and stop nothing', async () => {
		const broker = await stage.another({ options: { metrics_file: '/no/such/folder/chat.prom' } });
		await until('the line about it', () => /chat: plugin_opt_metrics_file cannot be written \(No such file or directory\)/.test(broker.log()), PATIENCE);
		const { ann, chat } = await stage.couple({ broker });
		await ann.say(chat, 'all the same');
	});

	test('are topics too, retained, for whom the broker lets read them', async () => {
		const broker = await stage.another({ options: { other_topics: 'allow' }, conf: 'allow_anonymous true' });
		await stage.couple({ broker });
		const watcher = await connect({ broker, transport: 'tcp' });
		await watcher.subscribe('$SYS/broker/chat/#');
		const users = await watcher.nextItem('$SYS/broker/chat/users', () => true);
		assert.equal(users.packet.retain, true);
		await until('two users to be counted', async () =>
			(await watcher.nextItem('$SYS/broker/chat/users', () => true, PATIENCE)).payload.toString() === '2', PATIENCE);
		await watcher.nextItem('$SYS/broker/chat/logins_total/signed_name/accepted', () => true, PATIENCE);
	});
});
