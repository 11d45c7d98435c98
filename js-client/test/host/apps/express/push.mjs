import * as chat from './chat.mjs';
import { transaction } from './database.mjs';

// Tells those who are away of unread messages.  To be run every ten seconds or so, by any number of workers.
export async function pushAll(deliver) {
	while (await pushOne(deliver));
}

// What fails is given back by the rollback, and taken again by a later run.
function pushOne(deliver) {
	return transaction(async (client) => {
		const [away] = await chat.takeAway(client, 1);
		if (away) {
			await deliver(client, away.user_id, `${away.text} (${away.count} unread)`);
		}
		return away;
	});
}
