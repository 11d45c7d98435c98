// One MQTT connection, from CONNECT to its end. It is never used again: MQTT.js keeps what it could not
// send and sends it after a reconnect by itself, which would be once more than we do.

import mqtt from '#mqtt';
import { createKeepalive, KEEPALIVE } from './keepalive.js';

const CONNECT_TIMEOUT = 10000;

/** For the goodbye, and what is before it. */
const END_TIMEOUT = 2000;

/** MQTT 5's and 3.1.1's ways to say that it was the token. */
const LOGIN_REFUSED = [4, 5, 0x86, 0x87, 0x8c];

export const TOKEN_EXPIRED = 0x98;

/** @type {any} MQTT.js starts a worker for its own pings, which many pages forbid: these are ours. */
const NO_TIMER = { set: () => 0, clear: () => {} };

/**
 * @typedef {object} LinkEvents
 * @property {() => void} up
 * @property {() => void} refused the login
 * @property {(reason: number | null) => void} down for whatever other reason; MQTT 5's code where the broker gave one
 * @property {(topic: string, payload: Uint8Array) => void} arrived
 *
 * @typedef {object} Link none of its events come after `end` or `cut`
 * @property {(topic: string, done: (granted: boolean) => void) => void} subscribe `done` is not called where the connection ends before
 * @property {(topic: string) => Promise<void>} unsubscribe
 * @property {(topic: string, payload: string, qos: 0 | 1, denied?: () => void) => void} publish `denied`: the broker does not let it through
 * @property {() => void} check finds out soon whether the other end is still there
 * @property {() => Promise<void>} end says goodbye
 * @property {() => void} cut
 */

/**
 * @param {{ url: string, clientId: string, username: string, password: string, clock: import('./clock.js').Clock }} options
 * @param {LinkEvents} on
 * @returns {Link}
 */
export function openLink({ url, clientId, username, password, clock }, on) {
	const client = mqtt.connect(url, {
		clientId,
		username,
		password,
		protocolVersion: 5,
		clean: true,
		keepalive: KEEPALIVE,
		timerVariant: NO_TIMER,
		connectTimeout: CONNECT_TIMEOUT,
		reconnectPeriod: 0,
		resubscribe: false,
		queueQoSZero: false,
	});
	/** @type {number | null} */
	let reason = null;
	let ended = false;

	/** @param {() => void} tell */
	const over = (tell) => {
		if (!ended) {
			ended = true;
			keepalive.stop();
			client.end(true);
			tell();
		}
	};
	const down = () => over(() => on.down(reason));
	const keepalive = createKeepalive(clock, () => client.sendPing(), down);

	client.on('connect', () => {
		if (!ended) {
			keepalive.start();
			on.up();
		}
	});
	client.on('packetreceive', keepalive.heard);
	client.on('message', (topic, payload) => ended || on.arrived(topic, payload));
	client.on('disconnect', (packet) => {
		reason = packet.reasonCode ?? null;
	});
	client.on('error', (/** @type {Error & { code?: any }} */ { code }) => {
		if (!client.connected && LOGIN_REFUSED.includes(code)) {
			over(on.refused);
		}
	});
	client.on('close', down);

	return {
		subscribe(topic, done) {
			client.subscribe(topic, { qos: 1 }, (_error, _topics, packet) => {
				const code = /** @type {any} */ (packet)?.granted?.[0];
				if (code !== undefined && !ended) {
					done(code <= 2);
				}
			});
		},
		unsubscribe: (topic) => new Promise((resolve) => {
			client.unsubscribe(topic, () => resolve());
		}),
		publish(topic, payload, qos, denied) {
			client.publish(topic, payload, { qos }, (/** @type {any} */ error) => {
				if (error?.code >= 0x80 && !ended) {
					denied?.();
				}
			});
		},
		check: keepalive.check,
		end: () => new Promise((resolve) => {
			if (ended) {
				resolve();
				return;
			}
			ended = true;
			keepalive.stop();
			const cut = clock.after(END_TIMEOUT, () => {
				client.stream.destroy();
				resolve();
			}, true);
			client.end(false, {}, () => {
				cut();
				resolve();
			});
		}),
		cut: () => over(() => {}),
	};
}
