// Writes an e-mail to whoever has been away from a message.  Here an e-mail is a row in a table, which a
// page of the application shows.

/** How often it looks by itself, should it hear nothing. */
const EVERY = 10000;

/**
 * One e-mail, in the transaction that takes the news: when it cannot be written, the news is taken again
 * by a later run, and never by two.
 * @param {import('./database.js').Database} database
 * @param {(id: string) => string} nameOf
 * @returns {Promise<boolean>} whether there was one to write
 */
function writeOne(database, nameOf) {
	return database.transaction(async (client) => {
		const { rows: [away] } = await client.query('select * from chat.take_away(most => 1)');
		if (away) {
			const subject = `${away.count} unread ${away.count === '1' ? 'message' : 'messages'} from ${nameOf(away.peer_id)}`;
			await client.query('insert into windfall.mails (to_id, subject, text) values ($1, $2, $3)', [away.user_id, subject, away.text]);
		}
		return Boolean(away);
	});
}

/**
 * Works until it is stopped.
 * @param {import('./database.js').Database} database
 * @param {(id: string) => string} nameOf
 * @param {(line: string) => void} complain
 */
export function startMail(database, nameOf, complain) {
	/** @type {Promise<void> | null} */
	let running = null;
	/** It was called while it ran. */
	let again = false;
	/** @type {import('pg').Client | null} */
	let ear = null;
	let stopped = false;

	async function work() {
		do {
			again = false;
			while (!stopped && await writeOne(database, nameOf));
		} while (again);
	}

	function wake() {
		again = true;
		running ??= work().catch((error) => complain(`no e-mail could be written: ${error.message}`)).finally(() => {
			running = null;
		});
	}

	/** Brokers tell this channel when somebody has been away for ten seconds. */
	async function listen() {
		const client = await database.listen('chat_away', wake);
		client.once('end', () => {
			ear = null;
		});
		ear = client;
	}

	function turn() {
		wake();
		if (!ear) {
			listen().catch(() => {});
		}
	}

	turn();
	const timer = setInterval(turn, EVERY);
	return {
		async stop() {
			stopped = true;
			clearInterval(timer);
			await ear?.end();
			await running;
		},
	};
}
