// The smallest Express application that has pages and users: who is logged in, a cookie says.
// Started as: server.mjs <port> <which Express>

import { createRequire } from 'node:module';
import { chatTags, chatToken } from 'mosquitto-chat/server';

const [port, which] = process.argv.slice(2);
const express = createRequire(import.meta.url)(which);
const app = express();

app.use((request, response, next) => {
	const [, cookie] = /\buser=([^;]+)/.exec(request.headers.cookie ?? '') ?? [];
	request.user = cookie && JSON.parse(decodeURIComponent(cookie));
	next();
});

app.get('/chat/token', chatToken((request) => request.user));

app.get('/', (request, response) => {
	response.set('Cache-Control', 'private, no-store');
	response.send(`<!doctype html>
		<html>
		<head>
			${chatTags(request.user, { url: 'wss://app.example.com/mqtt', tokenUrl: '/chat/token' })}
		</head>
		<body><h1>Home</h1></body>
		</html>`);
});

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

app.listen(Number(port), '127.0.0.1');
