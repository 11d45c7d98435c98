// The scene of a test file whose people have plain MQTT clients.

import { chatOf, newIds, roomOf, setStage } from '../stack/stage.js';
import { connect, endClients } from './client.js';
import { endRaw } from './raw.js';

export { chatOf, newIds, roomOf };

/** What a lobby is owed says that broker and database have met. @param {import('../stack/broker.js').Broker} broker */
async function meets(broker) {
	const probe = await connect({ broker, id: 'probe', transport: 'tcp' });
	await probe.enterLobby();
	await probe.end();
}

async function leave() {
	endRaw();
	await endClients();
}

/**
 * Sets the scene before the tests of the surrounding `describe`, and clears it afterwards.
 * @param {import('../stack/stage.js').StageOptions} [given]
 */
export function useStage(given = {}) {
	const stage = setStage(given, { meets, leave });

	/** @param {Partial<import('./client.js').ConnectOptions>} who */
	const enter = (who) => connect({ broker: stage.broker, ...who });

	/**
	 * Two people, connected, both in their chat.
	 * @param {Partial<import('./client.js').ConnectOptions>} [both]
	 */
	async function couple(both = {}) {
		const [first, second] = newIds(2);
		const chat = chatOf(first, second);
		const ann = await enter({ id: first, name: 'Ann', version: 4, transport: 'ws', ...both });
		const bob = await enter({ id: second, name: 'Bob', version: 5, transport: 'tcp', ...both });
		await ann.join(chat);
		await bob.join(chat);
		await ann.next(chat, (event) => event.event === 'presence_diff' && second in event.joins);
		await bob.next(chat, 'presence_diff');
		ann.take(chat, 'presence_diff');
		return { ann, bob, chat, room: roomOf(chat) };
	}

	return Object.assign(stage, { connect: enter, couple });
}

/** @typedef {ReturnType<typeof useStage>} Stage */
