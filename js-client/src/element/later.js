// What most pages never need, menus and files to send, is not loaded before it is asked for.

/** @type {Promise<typeof import('./more.js')> | null} */
let loading = null;

/** @param {(more: typeof import('./more.js')) => void} use */
export async function withMore(use) {
	let more;
	try {
		more = await (loading ??= import('./more.js'));
	} catch (error) {
		loading = null;
		console.warn('mosquitto-chat: more.js could not be loaded', error);
		return;
	}
	use(more);
}
