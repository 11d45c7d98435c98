// Node's globals, as far as MQTT.js uses them in a browser.

export const process = {
	browser: true,
	env: {},
	/** @param {(...args: any[]) => void} act @param {any[]} args */
	nextTick: (act, ...args) => queueMicrotask(() => act(...args)),
};
