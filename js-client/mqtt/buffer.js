// As much of Node's Buffer as MQTT.js and its streams use: bytes, big-endian numbers and UTF-8.

const encoder = new TextEncoder();
/** A byte order mark is a character like others. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class Buffer extends Uint8Array {
	/** @param {string | ArrayBuffer | ArrayLike<number>} value @param {any} [from] @param {number} [length] */
	static from(value, from, length) {
		if (typeof value === 'string') {
			const bytes = encoder.encode(value);
			return new Buffer(bytes.buffer, bytes.byteOffset, bytes.length);
		}
		return value instanceof ArrayBuffer ? new Buffer(value, from, length) : new Buffer(value);
	}

	/** @param {number} length */
	static alloc(length) {
		return new Buffer(length);
	}

	/** @param {number} length */
	static allocUnsafe(length) {
		return new Buffer(length);
	}

	/** @param {unknown} it */
	static isBuffer(it) {
		return it instanceof Buffer;
	}

	/** Streams are told 'binary' beside what is bytes already. @param {string} name */
	static isEncoding(name) {
		return /^(utf-?8|binary)$/i.test(name);
	}

	/** @param {string | Uint8Array} value */
	static byteLength(value) {
		return typeof value === 'string' ? encoder.encode(value).length : value.byteLength;
	}

	/** @param {Uint8Array[]} list @param {number} [length] */
	static concat(list, length = list.reduce((sum, it) => sum + it.length, 0)) {
		const all = new Buffer(length);
		let at = 0;
		for (const it of list) {
			all.set(it, at);
			at += it.length;
		}
		return all;
	}

	/** Shares its bytes, as Node's does. @param {number} [start] @param {number} [end] */
	slice(start, end) {
		return this.subarray(start, end);
	}

	/** @param {Uint8Array} target @param {number} at @param {number} start @param {number} end */
	copy(target, at = 0, start = 0, end = this.length) {
		const part = this.subarray(start, Math.min(end, start + target.length - at));
		target.set(part, at);
		return part.length;
	}

	/** @param {string} text @param {number} at */
	write(text, at = 0) {
		return encoder.encodeInto(text, this.subarray(at)).written;
	}

	/** @param {string} [_encoding] UTF-8 @param {number} [start] @param {number} [end] */
	toString(_encoding, start, end) {
		return decoder.decode(this.subarray(start, end));
	}

	get #view() {
		return new DataView(this.buffer, this.byteOffset, this.length);
	}

	readUInt8(at = 0) {
		return this.#view.getUint8(at);
	}

	readUInt16BE(at = 0) {
		return this.#view.getUint16(at);
	}

	readUInt32BE(at = 0) {
		return this.#view.getUint32(at);
	}

	/** @param {number} value */
	writeUInt8(value, at = 0) {
		this.#view.setUint8(at, value);
		return at + 1;
	}

	/** @param {number} value */
	writeUInt16BE(value, at = 0) {
		this.#view.setUint16(at, value);
		return at + 2;
	}

	/** @param {number} value */
	writeUInt32BE(value, at = 0) {
		this.#view.setUint32(at, value);
		return at + 4;
	}
}
