// What the tabs of one browser tell each other: a failed message that is discarded in one goes in all.

const NAME = 'mosquitto-chat discarded';

/**
 * @param {(user: string, peer: string, ref: string) => void} discarded in another tab
 */
export function openTabs(discarded) {
	const channel = globalThis.BroadcastChannel && new BroadcastChannel(NAME);
	channel?.addEventListener('message', ({ data }) => discarded(data.user, data.peer, data.ref));
	return {
		/** @param {string} user @param {string} peer @param {string} ref */
		discard: (user, peer, ref) => channel?.postMessage({ user, peer, ref }),
		close: () => channel?.close(),
	};
}
