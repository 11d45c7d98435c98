// The peer that the benchmark compares with: one-on-one chat as one writes it with Socket.IO and pg, a worker a
// core.  It does what the plugin does for a message: checks who sends it, stores it, counts it as unread unless
// the other one is in the chat, and only then sends it to both.
//     node socketio.js PORT WORKERS        (SECRET and PGHOST, … are in the environment)
// With SHARED=1 it is one of several such servers, which hear each other through PostgreSQL.

import cluster from 'node:cluster';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { createAdapter, setupPrimary } from '@socket.io/cluster-adapter';
import { createAdapter as createPostgresAdapter } from '@socket.io/postgres-adapter';
import pg from 'pg';
import { Server } from 'socket.io';

const [port, workers] = process.argv.slice(2).map(Number);
/** Together as many as a PostgreSQL with its default of 100 connections bears beside others. */
const CONNECTIONS = Math.max(4, Math.floor(40 / workers));
const TEXT_MAX = 16384;

const SCHEMA = `
	create table if not exists messages (
		room text, seq bigint, user_id text not null, text text not null, ref text,
		sent_at timestamptz not null default now(), primary key (room, seq));
	create unique index if not exists messages_ref on messages (room, user_id, ref) where ref is not null;
	create table if not exists conversations (
		room text primary key, last_seq bigint not null, a_unread bigint not null, b_unread bigint not null);
	create table if not exists socket_io_attachments (id bigserial unique, created_at timestamptz default now(), payload bytea)`;

const STORE = {
	name: 'store',
	text: `with numbered as (
			insert into conversations as c values ($1, 1, $5, $6)
			on conflict (room) do update set last_seq = c.last_seq + 1,
				a_unread = c.a_unread + $5, b_unread = c.b_unread + $6
			returning last_seq)
		insert into messages (room, seq, user_id, text, ref) select $1, last_seq, $2, $3, $4 from numbered
		returning seq, sent_at`,
};
const HISTORY = {
	name: 'history',
	text: 'select seq, user_id, text, sent_at from messages where room = $1 order by seq desc limit 50',
};
const UNREAD = {
	name: 'unread',
	text: `select room, case when split_part(room, '/', 1) = $1 then a_unread else b_unread end as count
		from conversations where room like $1 || '/%' or room like '%/' || $1 limit 100`,
};

/** @param {{ username?: unknown, password?: unknown }} auth */
function userOf({ username, password }) {
	const signed = createHmac('sha256', process.env.SECRET ?? '').update(String(username)).digest('base64');
	return signed === password ? String(username).split(':')[0] : null;
}

/** @param {Server} io @param {pg.Pool} pool @param {import('socket.io').Socket} socket */
function serve(io, pool, socket) {
	const id = socket.data.id;
	/** @type {string | null} */
	let room = null;

	socket.on('join', async (topic) => {
		const users = String(topic).split('/').slice(1);
		if (users.length !== 2 || !users.includes(id)) {
			return;
		}
		room = users.join('/');
		await socket.join([room, `${room} ${id}`]);
		const { rows } = await pool.query({ ...HISTORY, values: [room] });
		socket.emit('chat', { event: 'history', messages: rows.reverse() });
		// The others' answers are missing where one of several servers has died.
		const sockets = await io.in(room).fetchSockets().catch(() => []);
		socket.emit('chat', { event: 'presence_state', users: sockets.map((it) => it.data.id) });
		socket.to(room).emit('chat', { event: 'presence_diff', joins: [id] });
		const { rows: chats } = await pool.query({ ...UNREAD, values: [id] });
		socket.emit('chat', { event: 'unread', chats });
	});

	socket.on('chat', async (message) => {
		if (room === null || message?.event !== 'message' || typeof message.text !== 'string' || message.text.length > TEXT_MAX) {
			return;
		}
		const [a, b] = room.split('/');
		const there = (/** @type {string} */ who) => Number(!io.sockets.adapter.rooms.has(`${room} ${who}`) && who !== id);
		const { rows: [{ seq, sent_at }] } = await pool.query({
			...STORE, values: [room, id, message.text, message.ref ?? null, there(a), there(b)],
		});
		io.to(room).emit('chat', { event: 'message', seq: Number(seq), user_id: id, text: message.text, sent_at });
	});

	socket.on('disconnect', () => {
		if (room !== null) {
			io.to(room).emit('chat', { event: 'presence_diff', leaves: [id] });
		}
	});
}

function work() {
	const pool = new pg.Pool({ max: CONNECTIONS });
	const http = createServer();
	const adapter = process.env.SHARED ? createPostgresAdapter(pool) : createAdapter();
	const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, pingInterval: 600000, adapter });
	io.use((socket, next) => {
		socket.data.id = userOf(socket.handshake.auth);
		next(socket.data.id === null ? new Error('not authorized') : undefined);
	});
	io.on('connection', (socket) => serve(io, pool, socket));
	http.listen(port, '127.0.0.1', 4096);
}

if (cluster.isPrimary) {
	const client = new pg.Client();
	await client.connect();
	await client.query(SCHEMA);
	await client.end();
	setupPrimary();
	for (let i = 0; i < workers; i++) {
		cluster.fork();
	}
} else {
	work();
}
