// Makes dist/: MQTT.js as browsers need it, and what pages without a bundler load.

import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
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
	{ entryPoints: { ...MAIN, 'mosquitto-chat-element': here('src/element/index.js') }, splitting: true },
	{ entryPoints: MAIN, entryNames: '[name].external', external: ['mqtt'], alias: { '#mqtt': 'mqtt' } },
	// For bundlers, by package.json's `imports`.
	{ entryPoints: { mqtt: MQTT } },
];

/** What the files with shared parts are called, by a module that is in each of them alone. */
const SHARED = /** @type {const} */ ([
	['src/chat.js', 'mosquitto-chat-shared'],
	['src/element/dom.js', 'mosquitto-chat-element-shared'],
	['src/element/actions.js', 'mosquitto-chat-element-more'],
]);

/** @type {import('esbuild').Plugin} what comes later needs all that is there by then: so that is one file, and not two */
const later = {
	name: 'what comes later',
	setup({ onLoad }) {
		onLoad({ filter: /element.more\.js$/ }, ({ path }) => ({ contents: `${readFileSync(path, 'utf8')}import './index.js';` }));
	},
};

/** @type {import('esbuild').Plugin} */
const smallStyles = {
	name: 'styles without what is for people',
	setup({ onLoad }) {
		const small = (/** @type {string} */ css) => css.replace(/\/\*.*?\*\//gs, '').replace(/\s*([{};,])\s*/g, '$1').replace(/([a-z-]): /g, '$1:');
		onLoad({ filter: /element.style(-more)?\.js$/ }, ({ path }) => ({ contents: readFileSync(path, 'utf8').replace(/(?<== )`.*?`(?=;$)/gms, small) }));
	},
};

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
 * One bundle, as files with names that stay: esbuild's for shared parts change with what is in them.
 * @param {import('esbuild').BuildOptions} bundle
 * @param {string} end of the names
 * @param {string} target
 */
async function write(bundle, end, target) {
	const { entryNames = '[name]', ...rest } = bundle;
	const { outputFiles, metafile } = await build({
		...SETTINGS, ...rest, entryNames: entryNames + end, chunkNames: 'chunk-[hash]', outdir: target, absWorkingDir: here('.'),
		plugins: [...SETTINGS.plugins ?? [], later, ...(end ? [smallStyles] : [])],
		minify: end !== '', metafile: true, write: false,
	});
	const names = new Map(Object.entries(metafile.outputs).map(([path, { inputs }]) =>
		[basename(path), SHARED.find(([module]) => module in inputs)?.[1] ?? '']));
	const named = (/** @type {string} */ text) => text.replace(/\bchunk-\w{8}\.js\b/g, (chunk) => `${names.get(chunk)}${end}.js`);
	for (const { path, text } of outputFiles ?? []) {
		writeFileSync(join(target, named(basename(path))), named(text));
	}
}

/**
 * @param {string} target
 * @returns {Promise<Record<string, number>>} the files and their sizes
 */
export async function buildAll(target) {
	rmSync(target, { recursive: true, force: true });
	mkdirSync(target, { recursive: true });
	for (const bundle of BUNDLES) {
		await write(bundle, '', target);
		await write(bundle, '.min', target);
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
