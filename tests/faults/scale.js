// Short forms run with all other tests; `CHAT_FAULTS=long` asks for the long ones.

export const LONG = process.env.CHAT_FAULTS === 'long';

/** @param {number} short @param {number} long */
export function scale(short, long) {
	return LONG ? long : short;
}
