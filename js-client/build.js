// Makes dist/: what pages without a bundler load.

import { readFileSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** The oldest browsers that we promise: those of 2022. */
const TARGET = 'es2022';

const { name, version, license } = JSON.parse(readFileSync(here('package.json'), 'utf8'));

/** @type {[string, string, string[]][]} the file, what it is made of, what it leaves to the page */
const BUNDLES = [
	['mosquitto-chat', 'src/index.js', []],
	['mosquitto-chat.external', 'src/index.js', ['mqtt']],
	['mosquitto-chat-element', 'src/element/index.js', []],
];

/**
 * @param {string} target
 * @returns {Promise<Record<string, number>>} the files and their sizes
 */
export async function buildAll(target) {
	/** @type {Record<string, number>} */
	const sizes = {};
	rmSync(target, { recursive: true, force: true });
	for (const [file, entry, external] of BUNDLES) {
		for (const minify of [false, true]) {
			const outfile = `${target}/${file}${minify ? '.min' : ''}.js`;
			await build({
				entryPoints: [here(entry)],
				outfile,
				external,
				minify,
				bundle: true,
				format: 'esm',
				platform: 'browser',
				target: TARGET,
				banner: { js: `/*! ${name} ${version}, ${license} licence */` },
				legalComments: 'eof',
				logLevel: 'warning',
			});
			sizes[`${file}${minify ? '.min' : ''}.js`] = statSync(outfile).size;
		}
	}
	return sizes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const target = process.argv[2] ?? here('dist');
	for (const [file, size] of Object.entries(await buildAll(target))) {
		console.log(`${file}: ${size} bytes`);
	}
}
