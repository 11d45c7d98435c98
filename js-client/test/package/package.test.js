// The package as npm would publish it: what is in it, how large it is, and that it can be used in every way.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { scratchFolder } from '../../../tests/stack/folder.js';
import { hasBrowser, openBrowser, serve } from '../browser.js';
import { eventually } from '../stage.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LARGEST = 14 * 1024;
/** The elements without what changes messages, files and the list of all conversations were, and so much these may cost a page
 *  that does not use them. */
const LARGEST_ELEMENTS = 16091 + 6 * 1024;
const FRAMEWORKS = ['preact', 'react', 'solid', 'vue'];
const LARGEST_WITH_MQTT = 80 * 1000;

/** @param {string} project */
function typescript(project) {
	const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
	execFileSync(process.execPath, [compiler, '-p', project], { stdio: ['ignore', 'inherit', 'inherit'] });
}

const modules = readdirSync(join(ROOT, 'src'), { recursive: true }).map(String).filter((file) => file.endsWith('.js'));

describe('the package', () => {
	const folder = scratchFolder('package');
	const installed = join(folder, 'node_modules', 'mosquitto-chat');
	/** @type {{ files: { path: string, size: number }[], filename: string }} */
	let packed;

	before(() => {
		// What prepack says goes to the standard output, too.
		const printed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
		[packed] = JSON.parse(printed.slice(printed.search(/^\[$/m)));
		mkdirSync(installed, { recursive: true });
		execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', installed, '--strip-components=1']);
		for (const dependency of readdirSync(join(ROOT, 'node_modules')).filter((name) => !name.startsWith('.'))) {
			symlinkSync(join(ROOT, 'node_modules', dependency), join(folder, 'node_modules', dependency));
		}
		writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
	});

	test('holds what it should and nothing else', () => {
		const bundles = ['mosquitto-chat', 'mosquitto-chat.external', 'mosquitto-chat-shared', 'mqtt', ...['', '-shared', '-more'].map((it) => `mosquitto-chat-element${it}`)];
		assert.deepEqual(packed.files.map(({ path }) => path).sort(), [
			'LICENSE', 'README.md', 'package.json',
			...['README.md', 'django.py', 'mosquitto_chat.php', 'rails.rb', 'server.cjs'].map((file) => `host/${file}`), 'types/server.d.cts',
			...modules.flatMap((file) => [`src/${file}`, `types/${file.replace(/\.js$/, '.d.ts')}`]),
			...['element', ...FRAMEWORKS].map((file) => `typings/${file}.d.ts`),
			...bundles.flatMap((file) => [`dist/${file}.js`, `dist/${file}.min.js`]),
		].sort());
	});

	/** @param {...string} files @returns {number} bytes as they travel, minified and with gzip */
	const travels = (...files) => files.map((file) => gzipSync(readFileSync(join(installed, 'dist', `${file}.min.js`))).length).reduce((sum, it) => sum + it);

	test('is small: less than 14 KB without MQTT.js, as it travels with gzip', () => {
		const length = travels('mosquitto-chat.external');
		assert.ok(length < LARGEST, `${length} bytes`);
	});

	test('has elements that cost a page little where it uses little of them', () => {
		const length = travels('mosquitto-chat-element', 'mosquitto-chat-element-shared');
		assert.ok(length < LARGEST_ELEMENTS, `${length} bytes`);
		const first = readFileSync(join(installed, 'dist', 'mosquitto-chat-element-shared.min.js'), 'utf8');
		assert.match(first, /import\("\.\/mosquitto-chat-element-more\.min\.js"\)/);
	});

	test('is less than 80 KB with the elements and MQTT.js, as it travels with gzip', () => {
		const all = travels('mosquitto-chat', 'mosquitto-chat-shared', 'mosquitto-chat-element', 'mosquitto-chat-element-shared', 'mosquitto-chat-element-more');
		assert.ok(all < LARGEST_WITH_MQTT, `${all} bytes`);
	});

	test('has one dependency, and a lockfile that names no registry', () => {
		const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
		assert.deepEqual(Object.keys(dependencies), ['mqtt']);
		assert.doesNotMatch(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'), /"resolved"/);
	});

	test('works from Node', () => {
		const script = `import * as all from 'mosquitto-chat';
			import 'mosquitto-chat/element';
			console.log(Object.keys(all).sort().join(' '), all.createChat({ url: 'ws://x/', token: 't' }).state);`;
		const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, encoding: 'utf8' });
		assert.equal(printed.trim(), 'ChatError UnauthorizedError browserStore createChat memoryStore idle');
	});

	test('has the server\'s part for import and for require', () => {
		const names = 'chatTags chatToken cleanName jwt seal signedName';
		const calls = 'console.log(Object.keys(server).filter((name) => typeof server[name] === "function" && name !== "default").sort().join(" "), chatTags(null, { url: "/mqtt" }) === "");';
		for (const [type, script] of [
			['module', `import * as server from 'mosquitto-chat/server'; import { chatTags } from 'mosquitto-chat/server'; ${calls}`],
			['commonjs', `const server = require('mosquitto-chat/server'); const { chatTags } = server; ${calls}`],
		]) {
			const printed = execFileSync(process.execPath, [`--input-type=${type}`, '-e', script], { cwd: folder, encoding: 'utf8' });
			assert.equal(printed.trim(), `${names} true`, type);
		}
	});

	test('works from a bundler', async () => {
		writeFileSync(join(folder, 'entry.js'), `import { createChat } from 'mosquitto-chat';
			import { MosquittoChat } from 'mosquitto-chat/element';
			globalThis.bundled = [typeof createChat, typeof MosquittoChat];`);
		await build({ entryPoints: [join(folder, 'entry.js')], bundle: true, format: 'esm', platform: 'browser', outfile: join(folder, 'bundle.js'), logLevel: 'warning' });
		const bundle = readFileSync(join(folder, 'bundle.js'), 'utf8');
		assert.match(bundle, /bundled/);
		// MQTT.js is in it without what only Node needs.
		assert.doesNotMatch(bundle, /SocksClient|clearIntervalInWorker|base64Slice/);
		assert.match(bundle, /MqttClient/);
	});

	test('has types that a TypeScript program compiles against, libraries checked', () => {
		writeFileSync(join(folder, 'types.ts'), readFileSync(new URL('types.ts', import.meta.url)));
		for (const moduleResolution of ['nodenext', 'bundler']) {
			const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution;
			const compilerOptions = { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [], module, moduleResolution };
			writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }));
			typescript(folder);
		}
	});

	const react18 = { react: ['./node_modules/types-react-18'], 'react/jsx-runtime': ['./node_modules/types-react-18/jsx-runtime'] };
	for (const [what, file, options] of /** @type {const} */ ([
		['a page', 'element.ts', {}],
		['React 19', 'react.tsx', { jsx: 'react-jsx' }],
		['React 18', 'react.tsx', { jsx: 'react-jsx', paths: react18 }],
		['Preact', 'preact.tsx', { jsx: 'react-jsx', jsxImportSource: 'preact' }],
		['Solid', 'solid.tsx', { jsx: 'preserve', jsxImportSource: 'solid-js' }],
		['Vue', 'vue.ts', {}],
	])) {
		test(`has types of the elements for ${what}`, () => {
			writeFileSync(join(folder, file), readFileSync(new URL(`types/${file}`, import.meta.url)));
			const compilerOptions = {
				strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [],
				module: 'esnext', moduleResolution: 'bundler', skipLibCheck: true, ...options,
			};
			writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
			typescript(folder);
		});
	}

	test('has sources that its own types agree with', () => {
		typescript(ROOT);
	});

	test('knows HTML in the elements alone, and parses it nowhere', () => {
		for (const file of modules) {
			const text = readFileSync(join(ROOT, 'src', file), 'utf8');
			assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b/, file);
			if (!file.startsWith('element/')) {
				assert.doesNotMatch(text, /createElement|querySelector|textContent|\bwindow\./, file);
			}
		}
	});
});

describe('the bundles', { skip: hasBrowser ? false : 'there is no chromium here' }, () => {
	/** @type {Awaited<ReturnType<typeof openBrowser>>} */
	let browser;
	/** @type {Awaited<ReturnType<typeof serve>>} */
	let server;
	before(async () => {
		browser = await openBrowser();
		server = await serve(ROOT, {
			'/module.html': '<!doctype html><script type="module" src="/module.js"></script>',
			'/module.js': `import { createChat } from '/dist/mosquitto-chat.min.js';
				import * as element from '/dist/mosquitto-chat-element.min.js';
				window.works = createChat({ url: '/mqtt', token: 't' }).state + (element.createChat === createChat)
					+ Boolean(customElements.get('mosquitto-chat'))
					+ Object.keys(await import('/dist/mosquitto-chat-element-more.min.js')).sort();`,
		});
	});
	after(async () => {
		await browser?.close();
		await server?.close();
	});

	test('work from <script type="module">, both in one page with one MQTT.js', async () => {
		const page = await browser.page(`${server.origin}/module.html`);
		await eventually('the module to run', () => page.evaluate('window.works === "idletruetrueActions,PeerMenu,Uploads"'));
		assert.deepEqual(browser.complaints, []);
	});
});
