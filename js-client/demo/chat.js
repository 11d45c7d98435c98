// The server's part: all that chat adds to this application.  (The page's part is page/chat.html.)
//
// First the pages; then what the application does by its own hand, which are functions of the database.
// On a connection with an open transaction, what they do belongs to that.

import { readdirSync } from 'node:fs';
import { chatTags, chatToken } from '../host/server.cjs';

/**
 * @param {import('./application.js').Application} application
 * @param {{ wsPort: number }} options
 */
export function addChat(application, { wsPort }) {
	// 1. A fresh token for whoever is logged in, when the one in the page has ended.
	application.on('GET /chat/token', chatToken(application.user));

	// 2. Where the chat is and whose it is, in the head of each page.  Behind a web server that passes
	//    /mqtt on to the broker, the url is just '/mqtt'.
	application.addToHead((user, request) =>
		chatTags(user, { url: `ws://${hostOf(request)}:${wsPort}/mqtt`, tokenUrl: 'chat/token' }));

	// 3. The files of the package mosquitto-chat, where no bundler puts them into the application's own.
	const files = readdirSync(new URL('../src/', import.meta.url), { recursive: true }).map(String)
		.filter((name) => name.endsWith('.js')).map((name) => [name, `../src/${name}`]);
	application.serve('/chat/', { ...Object.fromEntries(files), 'mqtt.js': '../node_modules/mqtt/dist/mqtt.esm.js' });
}

/** @typedef {{ query: (sql: string, values: unknown[]) => Promise<unknown> }} Connection */

/**
 * @param {Connection} connection
 * @param {string} from
 * @param {string} to
 * @param {string} text
 * @param {{ ref?: string, data?: object }} [more] a `ref` makes a post that is repeated one post
 */
export function post(connection, from, to, text, { ref, data } = {}) {
	return connection.query('select chat.post($1, $2, $3, $4, $5)', [from, to, text, ref, data]);
}

/** @param {Connection} connection @param {string} blocker @param {string} blocked */
export function block(connection, blocker, blocked) {
	return connection.query('select chat.block($1, $2)', [blocker, blocked]);
}

/** @param {Connection} connection @param {string} blocker @param {string} blocked */
export function unblock(connection, blocker, blocked) {
	return connection.query('select chat.unblock($1, $2)', [blocker, blocked]);
}

/** @param {import('./database.js').Database} database @param {string} id */
export async function unreadTotal(database, id) {
	const [{ total }] = await database.query('select chat.unread_total($1) as total', [id]);
	return Number(total);
}

/** @param {import('./application.js').Request} request */
function hostOf(request) {
	return new URL(`http://${request.headers.host}`).hostname;
}
