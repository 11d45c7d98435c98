// Files on their way to the application that keeps them: chosen, dropped or pasted; how far each is, and a way to stop it.

import { MOST } from './attachments.js';
import { icon, ICONS, make, setAttributes, setText } from './dom.js';
import { addStyle } from './style.js';
import { MORE } from './style-more.js';
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
	#list = make('ul', { class: 'uploads', part: 'uploads', role: 'list', hidden: true });
	#picker = /** @type {HTMLInputElement} */ (make('input', { type: 'file', multiple: true, hidden: true, onchange: () => this.#pick() }));
	#clip = make('button', { class: 'clip', part: 'attach', type: 'button', onclick: () => this.#picker.click() }, icon(ICONS.clip));
	#dropZone = make('div', { class: 'drop', part: 'drop', hidden: true });
	/** @type {Item[]} */
	#items = [];

	/**
	 * @param {HTMLElement} form where one writes
	 * @param {HTMLElement} text the field in it
	 * @param {object} ports
	 * @param {() => Upload | null} ports.upload null: no file can be sent now
	 * @param {() => void} ports.changed
	 */
	constructor(form, text, { upload, changed }) {
		this.text = text;
		this.upload = upload;
		this.changed = changed;
		addStyle(form, MORE);
		form.before(this.#list);
		form.prepend(this.#picker, this.#clip);
		text.addEventListener('paste', (event) => this.#take(event, event.clipboardData));
		const root = /** @type {ShadowRoot} */ (form.getRootNode());
		root.append(this.#dropZone);
		this.#hearDrops(/** @type {HTMLElement} */ (root.host), root);
	}

	/** @param {HTMLElement} host @param {ShadowRoot} root */
	#hearDrops(host, root) {
		const zone = this.#dropZone;
		host.addEventListener('dragover', (event) => {
			if (this.upload() && event.dataTransfer?.types.includes('Files')) {
				event.preventDefault();
				setText(zone, texts.dropHere);
				zone.hidden = false;
			}
		});
		host.addEventListener('dragleave', ({ relatedTarget }) => {
			const to = /** @type {Node | null} */ (relatedTarget);
			zone.hidden ||= !host.contains(to) && !root.contains(to);
		});
		host.addEventListener('drop', (event) => {
			zone.hidden = true;
			this.#take(event, event.dataTransfer);
		});
	}

	/** @param {Event} event @param {DataTransfer | null} given */
	#take(event, given) {
		const upload = this.upload();
		if (upload && given?.files.length) {
			event.preventDefault();
			this.#add(given.files, upload);
		}
	}

	#pick() {
		const upload = this.upload();
		if (upload && this.#picker.files) {
			this.#add(this.#picker.files, upload);
		}
		this.#picker.value = '';
		this.text.focus();
	}

	/** Shows the paper clip, in the words that are in force, or hides it. @param {boolean} offered */
	show(offered) {
		this.#clip.hidden = !offered;
		setAttributes(this.#clip, { 'aria-label': texts.attach, title: texts.attach });
		setAttributes(this.#picker, { 'aria-label': texts.attach });
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
	#add(files, upload) {
		[...files].slice(0, MOST - this.#items.length).forEach((file) => this.#begin(file, upload));
	}

	clear() {
		this.#items.forEach(({ abort, attachment }) => attachment || abort.abort());
		this.#items = [];
		this.#list.replaceChildren();
		this.#tell();
	}

	#tell() {
		this.#list.hidden = this.#list.childElementCount === 0;
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
		this.#list.append(item.chip);
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
		const text = /** @type {HTMLElement} */ (item.chip.querySelector('bdi'));
		text.setAttribute('role', 'alert');
		setText(text, texts.uploadFailed(name));
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
