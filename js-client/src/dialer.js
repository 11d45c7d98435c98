// Opens a connection with a login, once there is one.

import { randomId } from './random.js';

/**
 * @param {import('./credentials.js').Credentials} credentials
 * @param {() => unknown} login we know who we are; is waited for
 * @param {(login: import('./credentials.js').Login, clientId: string) => void} open
 * @param {(error: unknown) => void} failed
 */
export function createDialer(credentials, login, open, failed) {
	const tab = `chat-${randomId()}`;
	/** Of client ids: connections that are there at the same time have different ones. */
	let generation = 0;
	/** What began before a cancel() finds out that it is over. */
	let run = 0;
	/** @param {() => boolean} [wanted] still, by then */
	const dial = async (wanted = () => true) => {
		const began = run;
		try {
			const found = await credentials.get();
			await (began === run && login());
			if (began === run && wanted()) {
				open(found, `${tab}-${generation}`);
			}
		} catch (error) {
			if (began === run) {
				failed(error);
			}
		}
	};
	return {
		dial,
		/** The next connection, beside the current one. @param {() => boolean} wanted still, by then */
		dialNext(wanted) {
			generation++;
			dial(wanted);
		},
		cancel() {
			run++;
		},
	};
}
