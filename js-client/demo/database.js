// The application's database: a role, a schema and tables of its own, beside those of the chat.

import pg from 'pg';

const MOST_CONNECTIONS = 4;
const PATIENCE = 5000;

/** @typedef {{ host: string, port: number, database: string, user: string, password: string }} Login */

/**
 * What the owner of the database runs: a role that owns the schema `windfall`, and that may call the chat's
 * functions for applications.
 * @param {Pick<Login, 'user' | 'password'>} login both without a quote in them
 */
export function roleFor({ user, password }) {
	return `select 'create role ${user}' where not exists (select from pg_roles where rolname = '${user}') \\gexec
alter role ${user} login password '${password}';
create schema if not exists ${user} authorization ${user};
grant chat_app to ${user};
`;
}

const TABLES = `
	create table if not exists windfall.orders (
		id bigint generated always as identity primary key, offer text not null, by_id text not null);
	create table if not exists windfall.blocks (
		blocker text not null, blocked text not null, primary key (blocker, blocked));
	create table if not exists windfall.mails (
		id bigint generated always as identity primary key,
		to_id text not null, subject text not null, text text not null, sent_at timestamptz not null default now());
`;

/**
 * Opens the database, and makes the tables that are not there yet.
 * @param {Login} login
 */
export async function openDatabase(login) {
	const pool = new pg.Pool({ ...login, max: MOST_CONNECTIONS, connectionTimeoutMillis: PATIENCE, statement_timeout: PATIENCE });
	// An idle connection that ends is replaced by the next query.
	pool.on('error', () => {});
	await pool.query(TABLES);

	return {
		/**
		 * @param {string} sql
		 * @param {unknown[]} [values]
		 * @returns {Promise<any[]>} the rows
		 */
		query: async (sql, values) => (await pool.query(sql, values)).rows,

		/**
		 * Commits what `work` has done; when it fails, nothing has happened.
		 * @template T
		 * @param {(client: pg.PoolClient) => Promise<T>} work
		 * @returns {Promise<T>}
		 */
		async transaction(work) {
			const client = await pool.connect();
			try {
				await client.query('begin');
				const result = await work(client);
				await client.query('commit');
				client.release();
				return result;
			} catch (error) {
				// The connection is closed, and what was not committed is undone.
				client.release(true);
				throw error;
			}
		},

		/** A connection that hears of one channel as long as it lasts. @param {string} channel @param {() => void} heard */
		async listen(channel, heard) {
			const client = new pg.Client({ ...login, connectionTimeoutMillis: PATIENCE });
			client.on('error', () => {});
			client.on('notification', heard);
			await client.connect();
			await client.query(`listen ${channel}`);
			return client;
		},

		close: () => pool.end(),
	};
}

/** @typedef {Awaited<ReturnType<typeof openDatabase>>} Database */
