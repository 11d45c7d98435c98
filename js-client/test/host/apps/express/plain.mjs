// The same with node:http alone, as far as that goes.  Started as: plain.mjs <port>

import { createServer } from 'node:http';
import { chatToken } from 'mosquitto-chat/server';

const routes = {
	'/chat/token': chatToken(() => ({ id: 7, name: 'Gil' })),
	'/chat/token-of-nobody-knows': chatToken(() => Promise.reject(new Error('the database is away'))),
};

createServer((request, response) => {
	const route = routes[request.url];
	if (route) {
		route(request, response);
	} else {
		response.end('Home');
	}
}).listen(Number(process.argv[2]), '127.0.0.1');
