// The server's part: all that chat adds to this application.  (The page's part is page/chat.html.)

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

/** @param {import('./application.js').Request} request */
function hostOf(request) {
	return new URL(`http://${request.headers.host}`).hostname;
}
