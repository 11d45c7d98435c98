// A client that sends packets exactly as told: repeats itself, stops pinging, stops reading.

import { connect as connectSocket } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { signName } from '../stack/tokens.js';
import { until, within } from '../stack/wait.js';

let count = 0;

/** @type {Set<import('node:net').Socket>} */
const open = new Set();

/** Cuts every connection that a test has left open. */
export function endRaw() {
	for (const socket of open) {
		socket.destroy();
	}
}

/**
 * @param {{ broker: import('../stack/broker.js').Broker, id: string, name?: string, version?: 4 | 5,
 *           clientId?: string, keepalive?: number, connect?: object }} options
 *   `connect` overrides members of the CONNECT packet
 */
export async function connectRaw({ broker, id, name = id, version = 4, clientId = `raw-${process.pid}-${++count}`, keepalive = 60, connect = {} }) {
	const socket = connectSocket({ host: broker.host, port: broker.tcpPort, noDelay: true });
	open.add(socket);
	/** @type {any[]} */
	const packets = [];
	const parser = mqttPacket.parser({ protocolVersion: version });
	parser.on('packet', (packet) => {
		packets.push(packet);
		if (packet.cmd === 'publish' && packet.qos === 1) {
			send({ cmd: 'puback', messageId: packet.messageId });
		}
	});
	socket.on('data', (chunk) => parser.parse(chunk));
	socket.on('error', () => {});
	const closed = new Promise((resolve) => {
		socket.once('close', () => {
			open.delete(socket);
			resolve(undefined);
		});
	});

	/** @param {any[]} list sent as one piece */
	function send(...list) {
		socket.write(Buffer.concat(list.map((packet) => mqttPacket.generate(packet, { protocolVersion: version }))));
	}

	/**
	 * @param {string} cmd
	 * @param {(packet: any) => unknown} [match]
	 * @param {{ timeout?: number }} [options]
	 */
	function packet(cmd, match = () => true, options = {}) {
		return until(`a ${cmd} for ${clientId}`, () => {
			const at = packets.findIndex((candidate) => candidate.cmd === cmd && match(candidate));
			return at >= 0 && packets.splice(at, 1)[0];
		}, options);
	}

	const { username, password } = signName(broker.secrets[0], id, name);
	send({
		cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clean: true, clientId, keepalive,
		username, password: Buffer.from(password), ...connect,
	});
	const answer = await packet('connack');

	return {
		clientId,
		connack: version === 5 ? answer.reasonCode : answer.returnCode,
		packets,
		send,
		packet,
		/** @param {string} topic */
		async subscribe(topic) {
			const messageId = 60000 + ++count % 5000;
			send({ cmd: 'subscribe', messageId, subscriptions: [{ topic, qos: 1 }] });
			return (await packet('suback', (it) => it.messageId === messageId)).granted[0];
		},
		/** Takes no more bytes from now on. */
		stopReading: () => socket.pause(),
		readOn: () => socket.resume(),
		destroy: () => socket.destroy(),
		/** @param {number} [timeout] */
		ended: (timeout) => within(`the end of ${clientId}'s connection`, closed, timeout),
	};
}
