// The application's own script: which part of the page a phone shows, and what "Ask Ben" does.

const inbox = /** @type {any} */ (document.querySelector('mosquitto-chat-inbox'));
const conversation = /** @type {HTMLElement} */ (document.querySelector('mosquitto-chat'));

/** @param {string | null} peer */
function remember(peer) {
	document.body.classList.toggle('talking', peer !== null);
	history.replaceState(null, '', peer === null ? location.pathname : `#${encodeURIComponent(peer)}`);
}

inbox.addEventListener('chat-select', (/** @type {CustomEvent} */ event) => remember(event.detail.peer));
inbox.addEventListener('chat-unread', (/** @type {CustomEvent} */ event) => {
	const { total } = event.detail;
	document.title = total > 0 ? `(${total}) Windfall` : 'Windfall';
});

document.querySelectorAll('.ask').forEach((button) => button.addEventListener('click', () => {
	inbox.select(/** @type {HTMLElement} */ (button).dataset.id);
}));

document.getElementById('back')?.addEventListener('click', () => {
	remember(null);
	conversation.removeAttribute('peer');
	inbox.focus();
});

// The conversation of before, after a reload.
customElements.whenDefined('mosquitto-chat-inbox').then(() => {
	if (location.hash.length > 1) {
		inbox.select(decodeURIComponent(location.hash.slice(1)));
	}
});
