// The application's own script: the address says whose conversation is open, what "Ask Ben" does, where
// files go, and who is blocked.

const app = /** @type {any} */ (document.querySelector('mosquitto-chat-app'));

new MutationObserver(() => {
	history.replaceState(history.state, '', app.peer ? `#${encodeURIComponent(app.peer)}` : location.pathname);
}).observe(app, { attributeFilter: ['peer'] });

document.querySelectorAll('.ask').forEach((button) => button.addEventListener('click', () => {
	app.select(/** @type {HTMLElement} */ (button).dataset.id);
}));

/** How large a picture is. @param {File} file */
async function sizeOf(file) {
	try {
		const { width, height } = await createImageBitmap(file);
		return { width, height };
	} catch {
		// It is none.
		return {};
	}
}

/**
 * Brings a file to our server.
 * @param {File} file
 * @param {{ signal: AbortSignal, onProgress: (fraction: number) => void }} how
 */
async function upload(file, { signal, onProgress }) {
	const request = new XMLHttpRequest();
	signal.addEventListener('abort', () => request.abort());
	request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(loaded / total));
	request.open('POST', 'files');
	const ended = new Promise((resolve) => request.addEventListener('loadend', resolve));
	request.send(file);
	await ended;
	if (request.status !== 200) {
		throw new Error(`the server answered ${request.status}`);
	}
	return { ...JSON.parse(request.responseText), type: file.type, name: file.name, size: file.size, ...await sizeOf(file) };
}
app.upload = upload;

// A browser wants to be asked by hand.
const bell = /** @type {HTMLButtonElement} */ (document.querySelector('#notices'));
bell.hidden = globalThis.Notification?.permission !== 'default';
bell.addEventListener('click', async () => {
	bell.hidden = await Notification.requestPermission() !== 'default';
});

customElements.whenDefined('mosquitto-chat-app').then(() => {
	// Who is blocked in the chat is blocked in all of Windfall: what was last, is told last, and also by a page that is left.
	let told = Promise.resolve();
	app.chat.on('blocked', (/** @type {{ peer: string, on: boolean }} */ { peer, on }) => {
		const body = new URLSearchParams({ id: peer, on: String(on) });
		told = told.then(() => fetch('blocked', { method: 'POST', keepalive: true, body })).then(() => {}, () => {});
	});
	// The conversation of before, after a reload.
	if (location.hash.length > 1) {
		app.peer = decodeURIComponent(location.hash.slice(1));
	}
});
