// The page: what a Chat holds, as elements.  Text from anybody enters through textContent only.

import { Chat } from '/chat.js';

const FETCH_TIMEOUT = 8000;
const MAX_TEXT_BYTES = 16384;

/** @typedef {{ id: string, name: string }} User */

/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} text
 * @param {(HTMLElement | null)[]} children
 * @returns {any}
 */
function element(tag, className, text = '', ...children) {
	const made = document.createElement(tag);
	made.className = className;
	made.textContent = text;
	made.append(...children.filter((it) => it !== null));
	return made;
}

/**
 * @param {string} text
 * @param {() => void} onclick
 */
function button(text, onclick) {
	const made = element('button', '', text);
	made.type = 'button';
	made.onclick = onclick;
	return made;
}

/**
 * Makes the parent's children these, and leaves alone what is there already: an element keeps its
 * focus, and a screen reader hears only what is new.
 * @param {HTMLElement & { shown?: Map<string, HTMLElement> }} parent
 * @param {[key: string, make: () => HTMLElement][]} entries the key says all that the element shows
 */
function fill(parent, entries) {
	const before = parent.shown ?? new Map();
	parent.shown = new Map(entries.map(([key, make]) => [key, before.get(key) ?? make()]));
	for (const [key, child] of before) {
		if (!parent.shown.has(key)) {
			child.remove();
		}
	}
	let place = parent.firstElementChild;
	for (const child of parent.shown.values()) {
		if (child === place) {
			place = place.nextElementSibling;
		} else {
			parent.insertBefore(child, place);
		}
	}
}

/**
 * Asks the application, as the user who is logged in in this window.
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>} null when nobody is logged in
 */
async function ask(path, body) {
	const response = await fetch(path, {
		method: body ? 'POST' : 'GET',
		body: body && JSON.stringify(body),
		headers: { Authorization: `Bearer ${sessionStorage.getItem('session')}` },
		signal: AbortSignal.timeout(FETCH_TIMEOUT),
	});
	if (response.status === 401) {
		return null;
	}
	if (!response.ok) {
		throw new Error(`the application answered ${response.status}`);
	}
	return response.json();
}

// ---- Login

async function showLogin() {
	$('login').hidden = false;
	$('app').hidden = true;
	try {
		const users = await ask('/users');
		$('users').replaceChildren(...users.map((/** @type {User} */ user) => button(user.name, () => login(user))));
	} catch (error) {
		$('login-trouble').textContent = `The application cannot be reached (${/** @type {Error} */ (error).message}).`;
	}
}

/** @param {User} user */
async function login(user) {
	try {
		const { session } = await ask('/login', { id: user.id });
		// sessionStorage is one window's own, so the next window can be somebody else.
		sessionStorage.setItem('session', session);
		location.reload();
	} catch (error) {
		$('login-trouble').textContent = `The login failed (${/** @type {Error} */ (error).message}).`;
	}
}

function logout() {
	sessionStorage.removeItem('session');
	location.reload();
}

// ---- The chat

/**
 * @param {Chat} chat
 * @param {string} id
 * @param {string} name
 * @param {number} count
 */
function peerItem(chat, id, name, count) {
	const badge = count > 0 ? element('span', 'count', String(count)) : null;
	badge?.setAttribute('aria-label', `${count} unread`);
	const open = button('', () => {
		sessionStorage.setItem('peer', id);
		chat.open(id);
		setTimeout(() => $('text').focus());
	});
	open.append(element('span', '', name), ...(badge ? [badge] : []));
	open.setAttribute('aria-current', String(chat.room?.peer === id));
	return element('li', '', '', open);
}

/**
 * @param {Chat} chat
 * @param {Map<string, string>} names
 * @returns {[string, () => HTMLElement][]}
 */
function peerList(chat, names) {
	return [...names].filter(([id]) => id !== chat.me).map(([id, name]) => {
		const count = unreadOf(chat, id);
		return [`${id} ${count} ${chat.room?.peer === id}`, () => peerItem(chat, id, name, count)];
	});
}

/**
 * @param {Chat} chat
 * @param {string} id
 */
function unreadOf(chat, id) {
	return (chat.room?.peer === id && chat.room.loaded ? chat.room.unread : chat.unread.get(id)) ?? 0;
}

/**
 * @param {string} text
 * @param {boolean} mine
 * @param {HTMLElement[]} foot
 */
function bubble(text, mine, foot) {
	return element('li', mine ? 'message mine' : 'message', '',
		element('p', '', text), element('footer', '', '', ...foot));
}

/**
 * Whether a message of ours has been read.
 * @param {import('./room.js').Room} room
 * @param {import('./room.js').Message} message
 */
function isRead(room, message) {
	return message.user_id === room.me && message.seq <= (room.read[room.peer] ?? 0);
}

/**
 * @param {import('./room.js').Room} room
 * @param {import('./room.js').Message} message
 */
function storedBubble(room, message) {
	const mine = message.user_id === room.me;
	const time = element('time', '', new Date(message.sent_at).toLocaleTimeString([], { timeStyle: 'short' }));
	time.dateTime = message.sent_at;
	if (!mine) {
		return bubble(message.text, mine, [time]);
	}
	const read = isRead(room, message);
	const ticks = element('span', read ? 'ticks read' : 'ticks', read ? '✓✓' : '✓');
	ticks.title = read ? 'Read' : 'Stored';
	ticks.setAttribute('aria-label', ticks.title);
	ticks.setAttribute('role', 'img');
	return bubble(message.text, mine, [time, ticks]);
}

/**
 * @param {Chat} chat
 * @param {import('./chat.js').Pending} message
 */
function pendingBubble(chat, message) {
	if (!message.failed) {
		return bubble(message.text, true, [element('span', 'note', 'Sending…')]);
	}
	const made = bubble(message.text, true, [
		element('span', 'note', `Not sent: ${message.failed}`),
		button('Try again', () => chat.retry(message.ref)),
		button('Discard', () => chat.discard(message.ref)),
	]);
	made.classList.add('failed');
	return made;
}

/**
 * @param {Chat} chat
 * @returns {[string, () => HTMLElement][]}
 */
function messageList(chat) {
	const room = chat.room;
	if (!room) {
		return [];
	}
	/** @type {[string, () => HTMLElement][]} */
	const list = [];
	let day = '';
	for (const message of room.messages) {
		const itsDay = new Date(message.sent_at).toLocaleDateString([], { dateStyle: 'full' });
		if (itsDay !== day) {
			day = itsDay;
			list.push([`${room.peer} ${itsDay}`, () => element('li', 'day', itsDay)]);
		}
		const read = isRead(room, message);
		list.push([`${room.peer} ${message.seq} ${read}`, () => storedBubble(room, message)]);
	}
	for (const message of chat.pending.filter((it) => it.topic === room.topic)) {
		list.push([`${message.ref} ${message.failed}`, () => pendingBubble(chat, message)]);
	}
	return list;
}

/** @param {Chat} chat @param {string} name of the peer */
function presenceText(chat, name) {
	if (!chat.room || chat.state !== 'online') {
		return '';
	}
	return chat.room.present.has(chat.room.peer) ? `${name} is here` : `${name} is not in this chat now`;
}

/**
 * Shows all that has changed, and keeps the reader's place: at the end, or where it was
 * although older messages came in above.
 * @param {Chat} chat
 * @param {Map<string, string>} names
 */
function show(chat, names) {
	const room = chat.room;
	const name = names.get(room?.peer ?? '') ?? 'Chat';
	const log = $('log');
	const fromEnd = log.scrollHeight - log.scrollTop;
	const atEnd = fromEnd - log.clientHeight < 40;
	const grewAbove = room ? room.first < Number(log.dataset.first) && log.dataset.peer === room.peer : false;
	const place = log.scrollTop;

	fill($('peers'), peerList(chat, names));
	$('peer').textContent = name;
	$('presence').textContent = presenceText(chat, name);
	$('presence').className = room?.present.has(room.peer) ? 'here' : '';
	$('state').textContent = chat.state;
	$('trouble').textContent = chat.trouble ?? '';
	$('trouble').hidden = chat.trouble === null;
	$('older').hidden = !room?.more;
	$('older').disabled = chat.loadingOlder;
	fill($('messages'), messageList(chat));
	$('empty').hidden = !room?.loaded || $('messages').childElementCount > 0;
	$('typing').textContent = room?.typing ? `${name} is typing…` : '';
	$('text').disabled = !room;
	$('send').disabled = !room;

	if (atEnd || log.dataset.peer !== room?.peer) {
		log.scrollTop = log.scrollHeight;
	} else {
		log.scrollTop = grewAbove ? log.scrollHeight - fromEnd : place;
	}
	log.dataset.first = String(room?.first);
	log.dataset.peer = room?.peer ?? '';
}

/**
 * @param {{ user: User, users: User[], wsPort: number }} me
 */
function startChat({ user, users, wsPort }) {
	const names = new Map(users.map((it) => [it.id, it.name]));
	$('app').hidden = false;
	$('me').textContent = user.name;
	$('logout').onclick = logout;

	let due = false;
	const changed = () => {
		if (due) {
			return;
		}
		due = true;
		// A timer and no animation frame: those stop in a window that nobody sees.
		setTimeout(() => {
			due = false;
			if (chat.state === 'logged out') {
				logout();
				return;
			}
			show(chat, names);
			if (document.visibilityState === 'visible') {
				chat.markRead();
			}
			const total = [...names.keys()].reduce((sum, id) => sum + unreadOf(chat, id), 0);
			document.title = `${total > 0 ? `(${total}) ` : ''}${user.name} · Chat`;
		});
	};
	const chat = new Chat({
		url: `ws://${location.hostname}:${wsPort}/`,
		me: user.id,
		getToken: async () => (await ask('/chat/token'))?.token ?? null,
		changed,
	});

	const submit = () => {
		const text = $('text').value.trim();
		if (new TextEncoder().encode(text).length > MAX_TEXT_BYTES) {
			$('trouble').textContent = 'This message is too long: 16 KB is the most.';
			$('trouble').hidden = false;
		} else if (text) {
			chat.send(text);
			$('text').value = '';
			$('log').scrollTop = $('log').scrollHeight;
		}
	};
	$('composer').onsubmit = (/** @type {Event} */ event) => {
		event.preventDefault();
		submit();
	};
	$('text').onkeydown = (/** @type {KeyboardEvent} */ event) => {
		if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
			event.preventDefault();
			submit();
		}
	};
	$('text').oninput = () => chat.typing();
	$('older').onclick = () => chat.older();
	$('log').onscroll = () => {
		if ($('log').scrollTop === 0 && $('log').scrollHeight > $('log').clientHeight) {
			chat.older();
		}
	};
	document.onvisibilitychange = changed;
	const peer = sessionStorage.getItem('peer') ?? '';
	if (names.has(peer) && peer !== user.id) {
		chat.open(peer);
	}
}

async function main() {
	if (!sessionStorage.getItem('session')) {
		await showLogin();
		return;
	}
	try {
		const me = await ask('/me');
		if (me) {
			startChat(me);
		} else {
			logout();
		}
	} catch {
		await showLogin();
	}
}

main();
