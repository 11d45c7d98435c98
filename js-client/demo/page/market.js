// The application's own script: the address says whose conversation is open, and what "Ask Ben" does.

const app = /** @type {any} */ (document.querySelector('mosquitto-chat-app'));

new MutationObserver(() => {
	history.replaceState(history.state, '', app.peer ? `#${encodeURIComponent(app.peer)}` : location.pathname);
}).observe(app, { attributeFilter: ['peer'] });

document.querySelectorAll('.ask').forEach((button) => button.addEventListener('click', () => {
	app.select(/** @type {HTMLElement} */ (button).dataset.id);
}));

// The conversation of before, after a reload.
customElements.whenDefined('mosquitto-chat-app').then(() => {
	if (location.hash.length > 1) {
		app.peer = decodeURIComponent(location.hash.slice(1));
	}
});
