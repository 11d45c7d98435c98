// Somebody who has nothing to do with the fault: how long the broker takes to answer them.

import { connect as connectSocket } from 'node:net';
import { performance } from 'node:perf_hooks';
import mqttPacket from 'mqtt-packet';
import { signName } from '../stack/tokens.js';
import { pause } from '../stack/wait.js';

/** @typedef {{ connack: number[], suback: number[], pingresp: number[] }} Samples ms */

/**
 * Comes, subscribes, pings and goes, again and again, until `over` says so.
 * @param {import('../stack/broker.js').Broker} broker
 * @param {string} id
 * @param {() => boolean} over
 * @returns {Promise<Samples>}
 */
export async function watch(broker, id, over) {
	/** @type {Samples} */
	const samples = { connack: [], suback: [], pingresp: [] };
	for (let round = 0; !over(); round++) {
		const socket = connectSocket({ host: broker.host, port: broker.tcpPort, noDelay: true });
		const parser = mqttPacket.parser({ protocolVersion: 4 });
		/** @type {(() => void) | undefined} */
		let wake;
		let awaited = '';
		parser.on('packet', (/** @type {any} */ packet) => packet.cmd === awaited && wake?.());
		socket.on('data', (chunk) => parser.parse(chunk));
		const closed = new Promise((resolve) => {
			socket.once('close', resolve);
		});
		socket.on('error', () => {});
		/** @param {'connack' | 'suback' | 'pingresp'} answer @param {any} packet */
		const ask = async (answer, packet) => {
			const since = performance.now();
			awaited = answer;
			const came = new Promise((resolve) => {
				wake = () => resolve(undefined);
			});
			socket.write(mqttPacket.generate(packet, { protocolVersion: 4 }));
			await Promise.race([came, closed]);
			samples[answer].push(performance.now() - since);
		};
		const { username, password } = signName(broker.secrets[0], id, id);
		await ask('connack', {
			cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60,
			clientId: `bystander-${id}-${round}`, username, password: Buffer.from(password),
		});
		await ask('suback', { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `user/${id}`, qos: 1 }] });
		for (let i = 0; i < 5; i++) {
			await ask('pingresp', { cmd: 'pingreq' });
			await pause(4);
		}
		socket.destroy();
		await closed;
	}
	return samples;
}

/** @param {number[]} values */
function p99(values) {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))];
}

/**
 * Side by side: without the fault / with it.
 * @param {Samples} without
 * @param {Samples} during
 */
export function compare(without, during) {
	return Object.fromEntries(/** @type {const} */ (['connack', 'suback', 'pingresp']).map((answer) =>
		[`${answer}_p99_ms`, `${p99(without[answer]).toFixed(1)} / ${p99(during[answer]).toFixed(1)}`]));
}
