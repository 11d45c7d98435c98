// Pictures and files that people send each other. What they upload is shown as a picture, or saved, and never
// runs as a page of this site; a real application keeps it on a host of its own.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const LARGEST = 5 * 1024 * 1024;
/** By the end of its name here. */
const PICTURES = /** @type {Record<string, string>} */ ({ png: 'image/png', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', avif: 'image/avif' });

/**
 * @param {import('./application.js').Application} application
 * @param {string} folder where they are kept
 */
export function addFiles(application, folder) {
	mkdirSync(folder, { recursive: true });
	/** Nobody finds it who has not been told its name. @param {string} name */
	const serve = (name) => application.on(`GET /files/${name}`, async (_request, response) => {
		const picture = PICTURES[name.split('.')[1]];
		response.setHeader('Content-Type', picture ?? 'application/octet-stream');
		response.setHeader('Content-Disposition', picture ? 'inline' : 'attachment');
		response.setHeader('Content-Security-Policy', 'default-src \'none\'; sandbox');
		response.end(await readFile(join(folder, name)));
	});
	readdirSync(folder).forEach(serve);

	application.on('POST /files', async (request, response) => {
		if (!application.user(request)) {
			response.writeHead(401).end();
			return;
		}
		const chunks = [];
		let length = 0;
		for await (const chunk of request) {
			chunks.push(chunk);
			length += chunk.length;
			if (length > LARGEST) {
				response.writeHead(413, { Connection: 'close' }).end();
				return;
			}
		}
		const type = request.headers['content-type'] ?? '';
		const end = Object.keys(PICTURES).find((it) => PICTURES[it] === type) ?? 'bin';
		const name = `${randomBytes(16).toString('hex')}.${end}`;
		await writeFile(join(folder, name), Buffer.concat(chunks));
		serve(name);
		response.setHeader('Content-Type', 'application/json');
		response.end(JSON.stringify({ url: `/files/${name}` }));
	});
}
