// The scene of these tests: several brokers on one database, tied together, behind haproxy.

import { after, afterEach, before } from 'node:test';
import { join } from 'node:path';
import { connect } from '../e2e/client.js';
import { chatOf, newIds, roomOf, useStage } from '../e2e/stage.js';
import { startBalancer } from '../stack/balancer.js';
import { until } from '../stack/wait.js';

export { chatOf, newIds, roomOf };

/** The long forms, which take minutes to hours, are asked for by name: see tests/README.md. */
export const LONG = process.env.CHAT_CLUSTER === 'long';

/** @param {number} short @param {number} long */
export function scale(short, long) {
	return LONG ? long : short;
}

/** @param {string} id */
export const joins = (id) => (/** @type {any} */ event) => event.event === 'presence_diff' && id in event.joins;
/** @param {string} id */
export const leaves = (id) => (/** @type {any} */ event) => event.event === 'presence_diff' && id in event.leaves;

/**
 * @typedef {import('../stack/broker.js').Broker} Broker
 * @typedef {import('../e2e/client.js').Client} Client
 *
 * @typedef {object} NodeOptions
 * @property {Record<string, string | number | boolean>} [options] the plugin's, on every node
 * @property {(stage: { dir: string, cluster: import('../stack/cluster.js').Cluster }, n: number) =>
 *     Promise<Record<string, string>> | Record<string, string>} [more] the plugin's, on the n-th node (from 0)
 * @property {Record<string, string | number>} [settings] of PostgreSQL
 * @property {boolean} [balancer] haproxy in front of them
 */

/**
 * Sets the scene before the tests of the surrounding `describe`, and clears it afterwards.
 * @param {number} count of brokers
 * @param {NodeOptions} [given]
 */
export function useNodes(count, { options = {}, more, balancer: balanced = false, settings } = {}) {
	const stage = useStage({ broker: false, settings });
	/** @type {Broker[]} */
	const nodes = [];
	/** @type {Set<Broker>} */
	const frozen = new Set();
	/** @type {import('../stack/balancer.js').Balancer | undefined} */
	let balancer;

	/** @param {number} n @param {{ tcpPort?: number, wsPort?: number }} [ports] */
	async function startNode(n, ports) {
		nodes[n] = await stage.another({
			options: { cluster: true, cluster_name: `node-${n + 1}`, rate_limit: 0, ...options, ...await more?.(stage, n) },
			meets: false, ...ports,
		});
	}

	/** @param {number} n */
	const thaw = (n) => {
		if (frozen.delete(nodes[n]) && nodes[n].alive()) {
			process.kill(nodes[n].pid, 'SIGCONT');
		}
	};
	const thawAll = () => nodes.forEach((_node, n) => thaw(n));

	before(async () => {
		for (let n = 0; n < count; n++) {
			await startNode(n);
		}
		await it.allIn();
		if (balanced) {
			balancer = await startBalancer({ dir: join(stage.dir, 'haproxy'), brokers: nodes });
		}
	});
	afterEach(thawAll);
	// The stage ends the brokers in hooks of its own.
	after(async () => {
		thawAll();
		await balancer?.stop();
	});

	const it = {
		get dir() {
			return stage.dir;
		},
		get postgres() {
			return stage.cluster;
		},
		get nodes() {
			return nodes;
		},
		stored: stage.stored,
		another: stage.another,

		/** Where clients reach any of them. */
		get entrance() {
			return { secrets: nodes[0].secrets, .../** @type {import('../stack/balancer.js').Balancer} */ (balancer) };
		},

		/** Every node that runs is known to the others. */
		allIn: () => until('all nodes to be in', async () => {
			const names = await stage.cluster.query('select name from chat.nodes where in_cluster and gone_at is null order by name');
			const running = nodes.flatMap((node, n) => (options.cluster !== false && node.alive() && !frozen.has(node) ? [`node-${n + 1}`] : []));
			return names.join() === running.join();
		}, { every: 100, timeout: 40000 }),

		/** @param {number} n @param {Partial<import('../e2e/client.js').ConnectOptions>} who */
		at: (n, who) => connect({ broker: nodes[n], transport: 'tcp', ...who }),

		/** As after the power has gone. @param {number} n */
		kill: (n) => nodes[n].kill(),
		/** At its old ports, as a machine that is switched on again. @param {number} n */
		async revive(n) {
			const { tcpPort, wsPort } = nodes[n];
			await startNode(n, { tcpPort, wsPort });
		},
		/** @param {number} n */
		freeze(n) {
			frozen.add(nodes[n]);
			process.kill(nodes[n].pid, 'SIGSTOP');
		},
		thaw,

		/**
		 * Two people, in their chat, on one node each.
		 * @param {number} [first]
		 * @param {number} [second]
		 */
		async couple(first = 0, second = 1) {
			const [a, b] = newIds(2);
			const chat = chatOf(a, b);
			const ann = await it.at(first, { id: a, name: 'Ann', version: 4 });
			const bob = await it.at(second, { id: b, name: 'Bob', version: 5 });
			await ann.join(chat);
			const { history: { epoch } } = await bob.join(chat);
			await ann.next(chat, joins(b));
			await bob.next(chat, joins(b));
			ann.take(chat, 'presence_diff');
			return { ann, bob, chat, room: roomOf(chat), epoch };
		},
	};
	return it;
}

/** @typedef {ReturnType<typeof useNodes>} Nodes */
