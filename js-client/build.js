// Makes dist/: MQTT.js as browsers need it, and what pages without a bundler load.

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { withoutNode } from './mqtt/bundle.js';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** The oldest browsers that we promise: those of 2022. */
const TARGET = 'es2022';

const { name, version, license } = JSON.parse(readFileSync(here('package.json'), 'utf8'));

const MQTT = here('mqtt/index.js');
const MAIN = { 'mosquitto-chat': here('src/index.js') };

/** @type {import('esbuild').BuildOptions[]} what is built together shares a file, with all that more than one of them needs */
const BUNDLES = [
	{ entryPoints: { ...MAIN, 'mosquitto-chat-element': here('src/element/index.js') }, splitting: true, chunkNames: 'mosquitto-chat-shared' },
	{ entryPoints: MAIN, entryNames: '[name].external', external: ['mqtt'], alias: { '#mqtt': 'mqtt' } },
	// For bundlers, by package.json's `imports`.
	{ entryPoints: { mqtt: MQTT } },
];

/** @type {import('esbuild').BuildOptions} what a page needs of its bundler, where it loads src/ as it is in the repository */
export const SETTINGS = {
	alias: { '#mqtt': MQTT },
	plugins: [withoutNode],
	inject: [here('mqtt/globals.js')],
	define: { global: 'globalThis' },
	bundle: true,
	format: 'esm',
	platform: 'browser',
	target: TARGET,
	banner: { js: `/*! ${name} ${version}, ${license} licence */` },
	legalComments: 'eof',
	logLevel: 'warning',
};

/**
 * @param {string} target
 * @returns {Promise<Record<string, number>>} the files and their sizes
 */
export async function buildAll(target) {
	rmSync(target, { recursive: true, force: true });
	for (const { entryNames = '[name]', chunkNames, ...bundle } of BUNDLES) {
		for (const end of ['', '.min']) {
			await build({
				...SETTINGS,
				...bundle,
				entryNames: entryNames + end,
				chunkNames: chunkNames && chunkNames + end,
				outdir: target,
				minify: end !== '',
			});
		}
	}
	return Object.fromEntries(readdirSync(target).sort().map((file) => [file, statSync(join(target, file)).size]));
}

/** @returns {Promise<string>} MQTT.js as in dist/, for a page that loads src/ */
export async function bundleMqtt() {
	const { outputFiles } = await build({ ...SETTINGS, entryPoints: [MQTT], write: false });
	return outputFiles[0].text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const target = process.argv[2] ?? here('dist');
	for (const [file, size] of Object.entries(await buildAll(target))) {
		console.log(`${file}: ${size} bytes`);
	}
}
