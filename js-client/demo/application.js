// The application that exists already, in miniature: Windfall, where neighbours lend things and give
// them away.  It has users, a login, sessions, pages and a database, and knows nothing of chat but what
// chat.js gives it.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { addChat, block, post, unblock, unreadTotal } from './chat.js';
import { addFiles } from './files.js';

const USERS = [
	{ id: '1', name: 'Ann', street: 'Quince Lane 4' },
	{ id: '2', name: 'Ben', street: 'Mill Row 11' },
	{ id: '3', name: 'Cleo', street: 'Orchard Street 27' },
	{ id: '4', name: 'Dario', street: 'Mill Row 2' },
];

const OFFERS = [
	{ owner: '2', what: 'Desk lamp, brass', how: 'to give away', picture: 'lamp' },
	{ owner: '1', what: 'Two baskets of pears', how: 'to give away', picture: 'pear' },
	{ owner: '3', what: 'Ladder, 3 metres', how: 'to lend', picture: 'ladder' },
	{ owner: '4', what: 'Tent for four', how: 'to lend', picture: 'tent' },
];

/** The pages beside the market, by their paths. */
const PAGES = { neighbours: 'Neighbours', mail: 'E-mails' };
/** Of e-mails. */
const MOST = 50;

const BODY_LIMIT = 4096;
const REQUEST_TIMEOUT = 10000;
const HTML = 'text/html; charset=utf-8';

/**
 * @typedef {typeof USERS[number]} User
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 * @typedef {(request: Request, response: Response) => unknown} Handler
 *
 * @typedef {object} Application what a part of it may use
 * @property {(route: string, handler: Handler) => void} on `GET /path`
 * @property {(prefix: string, files: Record<string, string>) => void} serve files by name, from here
 * @property {(request: Request) => User | null} user who is logged in
 * @property {(tags: (user: User, request: Request) => string) => void} addToHead of the page with the chat
 */

/** What a browser sent makes no sense. */
class BadRequest extends Error {}

/** @param {string} text */
function escapeHtml(text) {
	return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** @param {string} name */
function read(name) {
	return readFile(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
}

/**
 * Sessions are a signed "<user id>.<signature>" in a cookie, and outlive a restart. The windows of a
 * browser share its cookies; so that each can be somebody else, every user's pages have a path of
 * their own here (/as/ann/), and the cookie is for that path alone.
 * @param {string} key
 */
function sessions(key) {
	const sign = (/** @type {string} */ id) => createHmac('sha256', key).update(id).digest();
	return {
		/** @param {User} user */
		cookie: (user) => `session=${user.id}.${sign(user.id).toString('base64url')}; Path=${homeOf(user)}; HttpOnly; SameSite=Lax`,
		/** @param {Request} request */
		user: (request) => {
			const [, id, signature] = /(?:^|; )session=([0-9]+)\.([\w-]{43})(?:;|$)/.exec(request.headers.cookie ?? '') ?? [];
			const user = USERS.find((it) => it.id === id);
			return user && timingSafeEqual(Buffer.from(signature, 'base64url'), sign(id)) ? user : null;
		},
	};
}

/** @param {User} user */
function homeOf(user) {
	return `/as/${user.name.toLowerCase()}/`;
}

/** @param {Request} request */
function pathOf(request) {
	return (request.url ?? '').split('?')[0].replace(/^\/as\/[a-z]+(?=\/)/, '');
}

/** @param {Request} request */
async function readForm(request) {
	let text = '';
	for await (const chunk of request) {
		text += chunk;
		if (text.length > BODY_LIMIT) {
			throw new BadRequest('that is too long');
		}
	}
	return new URLSearchParams(text);
}

/** @param {string | null} id */
function userOf(id) {
	const user = USERS.find((it) => it.id === id);
	if (!user) {
		throw new BadRequest('nobody is called that');
	}
	return user;
}

/** @param {string} id */
export function nameOf(id) {
	return userOf(id).name;
}

/** @param {User} me */
function offersFor(me) {
	return OFFERS.map(({ owner, what, how, picture }) => {
		const user = userOf(owner);
		const mine = owner === me.id;
		const ask = `<div class="actions"><button type="button" class="ask" data-id="${owner}" data-name="${escapeHtml(user.name)}">Ask ${escapeHtml(user.name)}</button>
			<form method="post" action="order"><button class="order" name="offer" value="${picture}" aria-label="Take: ${escapeHtml(what)}">Take it</button></form></div>`;
		return `<li class="offer"><svg class="picture ${picture}" aria-hidden="true"><use href="/pictures.svg#${picture}"/></svg>
			<div><strong>${escapeHtml(what)}</strong><span>${how} · ${escapeHtml(mine ? 'yours' : user.street)}</span></div>${mine ? '' : ask}</li>`;
	}).join('\n');
}

/**
 * Places an order, and says so in the chat of the two: both have happened afterwards, or neither.
 * @param {import('./database.js').Database} database
 * @param {User} me
 * @param {string | null} picture of the offer
 * @returns {Promise<string>} whose offer it is
 */
async function placeOrder(database, me, picture) {
	const offer = OFFERS.find((it) => it.picture === picture && it.owner !== me.id);
	if (!offer) {
		throw new BadRequest('there is no such offer');
	}
	await database.transaction(async (client) => {
		const { rows: [{ id }] } = await client.query(
			'insert into windfall.orders (offer, by_id) values ($1, $2) returning id', [offer.what, me.id]);
		await post(client, offer.owner, me.id, `Order ${id}: ${offer.what}, for ${me.name}. Let us find a time here.`,
			{ ref: `order-${id}`, data: { order: id } });
	});
	return offer.owner;
}

/**
 * Keeps who has blocked whom.
 * @param {import('./chat.js').Connection} connection
 * @param {User} me
 * @param {User} other
 * @param {boolean} on
 */
function noteBlock(connection, me, other, on) {
	return connection.query(on ? 'insert into windfall.blocks (blocker, blocked) values ($1, $2) on conflict do nothing'
		: 'delete from windfall.blocks where blocker = $1 and blocked = $2', [me.id, other.id]);
}

/**
 * Blocks somebody in all of Windfall, and in the chat.
 * @param {import('./database.js').Database} database
 * @param {User} me
 * @param {User} other
 * @param {boolean} on
 */
function setBlock(database, me, other, on) {
	return database.transaction(async (client) => {
		await noteBlock(client, me, other, on);
		await (on ? block : unblock)(client, me.id, other.id);
	});
}

/** @param {import('./database.js').Database} database @param {User} me */
async function neighboursOf(database, me) {
	const rows = await database.query('select blocked from windfall.blocks where blocker = $1', [me.id]);
	const blocked = new Set(rows.map((row) => row.blocked));
	return USERS.filter((it) => it !== me).map(({ id, name, street }) => {
		const [what, label] = blocked.has(id) ? ['unblock', 'Unblock'] : ['block', 'Block'];
		return `<li><div><strong>${escapeHtml(name)}</strong><span>${escapeHtml(street)}${blocked.has(id) ? ' · blocked' : ''}</span></div>
			<form method="post" action="${what}"><button name="id" value="${id}">${label} ${escapeHtml(name)}</button></form></li>`;
	}).join('\n');
}

/** @param {import('./database.js').Database} database @param {User} me */
async function mailsOf(database, me) {
	const rows = await database.query('select subject, text, sent_at from windfall.mails where to_id = $1 order by id desc limit $2', [me.id, MOST]);
	const items = rows.map(({ subject, text, sent_at: at }) => `<li><div><strong>${escapeHtml(subject)}</strong><span>${escapeHtml(text)}</span></div>
		<time datetime="${at.toISOString()}">${at.toISOString().slice(11, 16)} UTC</time></li>`);
	return items.join('\n') || '<li>Nothing yet. When you leave and somebody writes to you, you will find it here ten seconds later.</li>';
}

/** @param {string} here the page that is shown @param {number} unread */
function navOf(here, unread) {
	const badge = unread > 0 ? ` <b class="badge">${unread}</b>` : '';
	const links = [['', `Market${badge}`], ...Object.entries(PAGES)];
	return links.map(([path, label]) => `<a href="${path || './'}"${path === here ? ' aria-current="page"' : ''}>${label}</a>`).join('\n');
}

/**
 * Serves the application on 127.0.0.1.
 * @param {{ port: number, sessionKey: string, wsPort: number, database: import('./database.js').Database, files: string,
 *           more?: (application: Application) => void }} options `wsPort` is the broker's; `files` the folder of what
 *           people upload; `more` adds pages
 * @returns {Promise<{ address: string, stop: () => void }>}
 */
export async function startApplication({ port, sessionKey, wsPort, database, files, more }) {
	const session = sessions(sessionKey);
	/** @type {Map<string, Handler>} */
	const routes = new Map();
	/** @type {((user: User, request: Request) => string)[]} */
	const heads = [];

	/** @type {Application} */
	const application = {
		on: (route, handler) => routes.set(route, handler),
		serve: (prefix, files) => Object.entries(files).forEach(([name, file]) => routes.set(`GET ${prefix}${name}`, async (_request, response) => {
			const types = /** @type {Record<string, string>} */ ({ js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' });
			response.setHeader('Content-Type', `${types[file.split('.').pop() ?? '']}; charset=utf-8`);
			response.end(await read(file));
		})),
		user: session.user,
		addToHead: (tags) => heads.push(tags),
	};

	/**
	 * @param {Response} response
	 * @param {string} name
	 * @param {Record<string, string>} values HTML for each {{name}} in the page
	 */
	async function show(response, name, values) {
		const fill = (/** @type {string} */ page) => page.replace(/\{\{(\w+)\}\}/g, (_all, key) => values[key] ?? '');
		const page = fill((await read(`page/${name}.html`)).replace('{{chat}}', await read('page/chat.html'))
			.replace('{{header}}', await read('page/header.html')));
		const inline = [...page.matchAll(/<script type="importmap">(.*?)<\/script>/gs)]
			.map(([, text]) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
		response.setHeader('Content-Type', HTML);
		// The page may talk to us and to the broker.
		response.setHeader('Content-Security-Policy', `default-src 'self'; script-src 'self' ${inline.join(' ')}; `
			+ `connect-src 'self' ws://*:${wsPort}; img-src 'self' data:; frame-ancestors 'none'`);
		response.end(page);
	}

	/**
	 * @param {Response} response
	 * @param {string} to
	 */
	const redirect = (response, to) => response.writeHead(303, { Location: to }).end();

	application.on('GET /', async (request, response) => {
		const user = session.user(request);
		if (!user || !(request.url ?? '').startsWith(homeOf(user))) {
			const people = USERS.map((it) => `<button name="id" value="${it.id}"><b>${escapeHtml(it.name)}</b><span>${escapeHtml(it.street)}</span></button>`);
			return request.url === '/' ? show(response, 'login', { people: people.join('\n') }) : redirect(response, '/');
		}
		return show(response, 'market', {
			me: escapeHtml(user.name),
			nav: navOf('', 0),
			head: heads.map((tags) => tags(user, request)).join('\n'),
			offers: offersFor(user),
			people: USERS.filter((it) => it !== user).map((it) => `<data value="${it.id}">${escapeHtml(it.name)}</data>`).join('\n'),
		});
	});
	/**
	 * A route for whoever is logged in.
	 * @param {string} route
	 * @param {(user: User, request: Request, response: Response) => unknown} handler
	 */
	const onUser = (route, handler) => application.on(route, (request, response) => {
		const user = session.user(request);
		return user ? handler(user, request, response) : redirect(response, '/');
	});
	for (const [name, listOf] of /** @type {const} */ ([['neighbours', neighboursOf], ['mail', mailsOf]])) {
		onUser(`GET /${name}`, async (user, _request, response) => show(response, name, {
			me: escapeHtml(user.name),
			nav: navOf(name, await unreadTotal(database, user.id)),
			list: await listOf(database, user),
		}));
	}
	onUser('POST /order', async (user, request, response) => {
		const owner = await placeOrder(database, user, (await readForm(request)).get('offer'));
		redirect(response, `${homeOf(user)}#${owner}`);
	});
	for (const on of [true, false]) {
		onUser(on ? 'POST /block' : 'POST /unblock', async (user, request, response) => {
			const other = userOf((await readForm(request)).get('id'));
			await setBlock(database, user, other, on);
			redirect(response, `${homeOf(user)}neighbours`);
		});
	}
	// What the chat tells of, it has done: to do it once more could undo what its user does meanwhile.
	onUser('POST /blocked', async (user, request, response) => {
		const form = await readForm(request);
		await noteBlock(database, user, userOf(form.get('id')), form.get('on') === 'true');
		response.writeHead(204).end();
	});
	application.on('POST /login', async (request, response) => {
		const id = (await readForm(request)).get('id');
		const user = USERS.find((it) => it.id === id);
		if (user) {
			response.setHeader('Set-Cookie', session.cookie(user));
		}
		redirect(response, user ? homeOf(user) : '/');
	});
	application.on('POST /logout', (request, response) => {
		const path = /^\/as\/[a-z]+\//.exec(request.url ?? '')?.[0] ?? '/';
		response.setHeader('Set-Cookie', `session=; Path=${path}; Max-Age=0; HttpOnly; SameSite=Lax`);
		redirect(response, '/');
	});
	application.serve('/', { 'market.css': 'page/market.css', 'market.js': 'page/market.js', 'pictures.svg': 'page/pictures.svg' });

	addFiles(application, files);
	addChat(application, { wsPort });
	more?.(application);

	/**
	 * @param {Request} request
	 * @param {Response} response
	 */
	async function answer(request, response) {
		response.setHeader('Cache-Control', 'no-store');
		response.setHeader('X-Content-Type-Options', 'nosniff');
		response.setHeader('Referrer-Policy', 'same-origin');
		const handler = routes.get(`${request.method} ${pathOf(request)}`);
		if (handler) {
			await handler(request, response);
		} else {
			response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is nothing here.\n');
		}
	}

	const server = createServer({ requestTimeout: REQUEST_TIMEOUT }, async (request, response) => {
		try {
			await answer(request, response);
		} catch (error) {
			const bad = error instanceof BadRequest;
			if (!response.headersSent) {
				response.writeHead(bad ? 400 : 503, { 'Content-Type': 'text/plain' });
			}
			response.end(bad ? 'That could not be read.\n' : 'Something is not working. Try again in a moment.\n');
		}
	});
	await new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen({ port, host: '127.0.0.1' }, () => resolve(undefined));
	});
	return {
		address: `http://127.0.0.1:${port}/`,
		stop: () => {
			server.close();
			server.closeAllConnections();
		},
	};
}
