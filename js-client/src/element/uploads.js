// Files on their way to the application that keeps them: how far each is, and a way to stop it.

import { MOST } from './attachments.js';
import { icon, ICONS, make, setText } from './dom.js';
import { texts } from './texts.js';

/**
 * What the page gives: brings a file to where it will be found, and says where that is.
 * @typedef {(file: File, how: { signal: AbortSignal, onProgress: (fraction: number) => void }) =>
 *   Promise<import('./attachments.js').Attachment>} Upload
 *
 * @typedef {object} Item
 * @property {HTMLElement} chip
 * @property {AbortController} abort
 * @property {import('./attachments.js').Attachment | null} attachment null: it is on its way
 */

export class Uploads {
	element = make('ul', { class: 'uploads', part: 'uploads', role: 'list', hidden: true });
	/** @type {Item[]} */
	#items = [];

	/** @param {() => void} changed */
	constructor(changed) {
		this.changed = changed;
	}

	/** Whether one of them is still on its way. */
	get busy() {
		return this.#items.some(({ attachment }) => !attachment);
	}

	/** Those that have arrived. */
	get attachments() {
		return this.#items.flatMap(({ attachment }) => attachment ?? []);
	}

	/**
	 * @param {Iterable<File>} files
	 * @param {Upload} upload
	 */
	add(files, upload) {
		[...files].slice(0, MOST - this.#items.length).forEach((file) => this.#begin(file, upload));
	}

	clear() {
		this.#items.forEach(({ abort, attachment }) => attachment || abort.abort());
		this.#items = [];
		this.element.replaceChildren();
		this.#tell();
	}

	#tell() {
		this.element.hidden = this.element.childElementCount === 0;
		this.changed();
	}

	/** @param {File} file @param {Upload} upload */
	async #begin(file, upload) {
		const text = make('bdi', { class: 'cut' }, texts.uploading(file.name, 0));
		const bar = make('progress', { max: '1', value: '0', 'aria-label': file.name });
		const stop = make('button', { type: 'button', 'aria-label': `${texts.cancel}: ${file.name}`, onclick: () => this.#drop(item) }, icon(ICONS.close));
		/** @type {Item} */
		const item = { chip: make('li', {}, text, bar, stop), abort: new AbortController(), attachment: null };
		const { signal } = item.abort;
		this.#items.push(item);
		this.element.append(item.chip);
		this.#tell();
		try {
			const attachment = await upload(file, {
				signal,
				onProgress(fraction) {
					bar.setAttribute('value', String(fraction));
					setText(text, texts.uploading(file.name, Math.round(fraction * 100)));
				},
			});
			if (typeof attachment?.url !== 'string') {
				throw new TypeError('upload() has to resolve with { url }');
			}
			item.attachment = attachment;
			bar.remove();
			setText(text, file.name);
		} catch (error) {
			if (!signal.aborted) {
				this.#failed(item, file.name, error);
			}
		}
		this.#tell();
	}

	/** @param {Item} item @param {string} name @param {unknown} error */
	#failed(item, name, error) {
		this.#items = this.#items.filter((it) => it !== item);
		item.chip.classList.add('bad');
		item.chip.querySelector('progress')?.remove();
		setText(/** @type {Node} */ (item.chip.querySelector('bdi')), texts.uploadFailed(name));
		console.warn('mosquitto-chat: upload', error);
	}

	/** @param {Item} item */
	#drop(item) {
		item.abort.abort();
		item.chip.remove();
		this.#items = this.#items.filter((it) => it !== item);
		this.#tell();
	}
}
