// An authority and a server's certificate for 127.0.0.1, made by openssl for a test.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../stack/children.js';
import { give, serviceUser } from '../stack/users.js';

const DAYS = '7';

/**
 * @param {string} dir
 * @returns {Promise<{ authority: string, certificate: string, key: string }>} files; the broker's user can read them
 */
export async function makeCertificates(dir) {
	const file = (/** @type {string} */ name) => join(dir, name);
	/** @param {string[]} args */
	async function openssl(...args) {
		const { code, stderr } = await run('openssl', args);
		if (code !== 0) {
			throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
		}
	}
	const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
	await openssl('req', '-x509', ...newKey, '-keyout', file('authority.key'), '-out', file('authority.pem'), '-days', DAYS, '-subj', '/CN=a test');
	await openssl('req', ...newKey, '-keyout', file('server.key'), '-out', file('server.csr'), '-subj', '/CN=127.0.0.1');
	writeFileSync(file('server.ext'), 'subjectAltName = IP:127.0.0.1\n');
	await openssl('x509', '-req', '-in', file('server.csr'), '-CA', file('authority.pem'), '-CAkey', file('authority.key'),
		'-CAcreateserial', '-out', file('server.pem'), '-days', DAYS, '-extfile', file('server.ext'));
	for (const name of ['authority.pem', 'server.pem', 'server.key']) {
		give(serviceUser('mosquitto'), file(name));
	}
	return { authority: file('authority.pem'), certificate: file('server.pem'), key: file('server.key') };
}
