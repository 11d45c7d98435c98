// The smallest Express application that has pages, users and a database: who is logged in, a cookie says.
// Started as: server.mjs <port> <which Express>

import { createRequire } from 'node:module';
import { chatTags, chatToken } from 'mosquitto-chat/server';
import * as chat from './chat.mjs';
import { pool, transaction } from './database.mjs';
import { placeOrder } from './orders.mjs';
import { pushAll } from './push.mjs';

const [port, which] = process.argv.slice(2);
const express = createRequire(import.meta.url)(which);
const app = express();

/** Express 4 does not see the errors of async functions by itself. */
const page = (handler) => (request, response, next) => handler(request, response).catch(next);

app.use((request, response, next) => {
	const [, cookie] = /\buser=([^;]+)/.exec(request.headers.cookie ?? '') ?? [];
	request.user = cookie && JSON.parse(decodeURIComponent(cookie));
	next();
});

app.get('/chat/token', chatToken((request) => request.user));

app.get('/', page(async (request, response) => {
	const { user } = request;
	response.set('Cache-Control', 'private, no-store');
	response.send(`<!doctype html>
		<html>
		<head>
			${chatTags(user, { url: 'wss://app.example.com/mqtt', tokenUrl: '/chat/token' })}
		</head>
		<body><h1>Home</h1>${user ? `<b>${await chat.unreadTotal(pool, user.id)}</b> unread` : ''}</body>
		</html>`);
}));

app.get('/odd', (request, response) => {
	response.send(`<div>${chatTags(request.user, { url: request.query.url })}</div>`);
});

app.get('/login', (request, response) => {
	response.cookie('user', JSON.stringify({ id: request.query.id, name: request.query.name ?? null }));
	response.sendStatus(204);
});

// Applications ask a database who somebody is, and databases fail.
app.get('/chat/token-of-nobody-knows', chatToken(() => Promise.reject(new Error('the database is away'))));
app.get('/chat/token-without-a-reason', chatToken(() => Promise.reject()));

// What the application does with the chat by its own hand, each at an address, for the tests.

app.get('/order', page(async ({ query }, response) => {
	await transaction(async (client) => {
		await placeOrder(client, query.seller, query.buyer);
		if (query.fail) {
			throw new Error('the order is not placed after all');
		}
	});
	response.sendStatus(204);
}));

app.get('/block', page(async ({ query }, response) => {
	await chat.block(pool, query.blocker, query.blocked);
	response.sendStatus(204);
}));

app.get('/unblock', page(async ({ query }, response) => {
	await chat.unblock(pool, query.blocker, query.blocked);
	response.sendStatus(204);
}));

app.get('/push', page(async ({ query }, response) => {
	// Stands for a service that reaches people's phones.
	await pushAll(async (client, user, text) => {
		await client.query('insert into pushes (user_id, text) values ($1, $2)', [user, text]);
		if (query.fail) {
			throw new Error('the service for pushes is away');
		}
	});
	response.sendStatus(204);
}));

app.listen(Number(port), '127.0.0.1');
