// The chat's functions in the database, on a connection of the application's: what they do belongs to the
// transaction that is open there, and is undone with it.

export async function post(client, from, to, text, { ref, data } = {}) {
	await client.query('select chat.post($1, $2, $3, $4, $5)', [from, to, text, ref, data]);
}

export async function block(client, blocker, blocked) {
	await client.query('select chat.block($1, $2)', [blocker, blocked]);
}

export async function unblock(client, blocker, blocked) {
	await client.query('select chat.unblock($1, $2)', [blocker, blocked]);
}

export async function unreadTotal(client, id) {
	const { rows } = await client.query('select chat.unread_total($1) as total', [id]);
	return Number(rows[0].total);
}

export async function takeAway(client, most) {
	const { rows } = await client.query('select * from chat.take_away(most => $1)', [most]);
	return rows;
}
