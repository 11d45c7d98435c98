// Names that nobody else has made.

/**
 * 96 bits in hexadecimal. They have to be different, not secret, so that Math.random() will do where
 * there is nothing better (Node 18 has no global `crypto`).
 * @returns {string}
 */
export function randomId() {
	const bytes = new Uint8Array(12);
	if (typeof crypto !== 'undefined') {
		crypto.getRandomValues(bytes);
	} else {
		bytes.forEach((_, index) => {
			bytes[index] = Math.random() * 256;
		});
	}
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
