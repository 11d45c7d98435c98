// Where it is says libpq's environment: PGHOST and the like.

import pg from 'pg';

export const pool = new pg.Pool();

export async function transaction(work) {
	const client = await pool.connect();
	try {
		await client.query('begin');
		const result = await work(client);
		await client.query('commit');
		client.release();
		return result;
	} catch (error) {
		// The connection is closed, and what was not committed is undone.
		client.release(error);
		throw error;
	}
}
