// Rows made by SQL, as chat.save and chat.mark would have left them, only faster.

/** Inserted by one statement: some seconds each. */
const PORTION = 250000;

/**
 * Chats of `each` messages, all read, between users from `first` on.
 * @param {import('../stack/cluster.js').Cluster} cluster
 * @param {{ first: number, rooms: number, each: number }} what
 */
export async function fillChats(cluster, { first, rooms, each }) {
	await cluster.query(`
		insert into chat.conversations (room, last_seq, a_read, b_read, a_last_seq, b_last_seq,
			a_last_at, b_last_at, a_delivered, b_delivered)
		select format('%s/%s', ${first} + 2 * r, ${first} + 2 * r + 1), ${each}, ${each}, ${each},
			${each - 1}, ${each}, now(), now(), ${each}, ${each}
		from generate_series(0, ${rooms - 1}) r`);
	for (let from = 0; from < rooms * each; from += PORTION) {
		const upto = Math.min(from + PORTION, rooms * each) - 1;
		await cluster.query(`
			insert into chat.messages (room, seq, user_id, opponent_id, text, is_delivered)
			select format('%s/%s', a, a + 1), seq, a + seq % 2, a + 1 - seq % 2, repeat('x', 100), true
			from (
				select ${first} + 2 * (n / ${each}) as a, n % ${each} + 1 as seq
				from generate_series(${from}, ${upto}) n
			) s`);
	}
}

/**
 * One unread message in each of `chats` chats of a user, from peers with higher ids.
 * @param {import('../stack/cluster.js').Cluster} cluster
 * @param {{ user: number, peers: number, chats: number }} what
 */
export async function fillUnread(cluster, { user, peers, chats }) {
	const series = `from generate_series(${peers}, ${peers + chats - 1}) p`;
	await cluster.query(`
		insert into chat.conversations (room, last_seq, a_unread, a_waiting, b_last_seq, b_last_at)
		select format('%s/%s', ${user}, p), 1, 1, true, 1, now() ${series};
		insert into chat.messages (room, seq, user_id, opponent_id, text)
		select format('%s/%s', ${user}, p), 1, p, ${user}, repeat('x', 100) ${series}`);
}

/**
 * A message without reactions at the beginning of each chat of these users, who stand in pairs.
 * @param {import('../stack/cluster.js').Cluster} cluster
 * @param {{ first: number, users: number }} who
 */
export async function clearReactions(cluster, { first, users }) {
	const rooms = `(select format('%s/%s', a, a + 1) from generate_series(${first}, ${first + users - 1}, 2) a)`;
	await cluster.query(`
		insert into chat.messages (room, seq, user_id, opponent_id, text, is_delivered)
		select room, 1, split_part(room, '/', 1), split_part(room, '/', 2), repeat('x', 100), true
		from ${rooms} as r(room)
		where not exists (select from chat.messages m where m.room = r.room and m.seq = 1);
		select count(chat.adopt(array(select room from ${rooms} as r(room))));
		update chat.messages set reactions = null where room in ${rooms} and seq = 1`);
}

/** @param {import('../stack/cluster.js').Cluster} cluster */
export async function settle(cluster) {
	await cluster.query('vacuum analyze chat.messages; vacuum analyze chat.conversations; checkpoint');
}
