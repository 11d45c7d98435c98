// What a page's time has gone into, by Chromium's own trace.

/** By the names of its events: what is none of these is the browser's own. */
const KINDS = /** @type {[string, RegExp][]} */ ([
	['script', /^(FunctionCall|EventDispatch|TimerFire|FireAnimationFrame|FireIdleCallback|RunMicrotasks|EvaluateScript|MinorGC|MajorGC|V8\.GC.*|WebSocketReceive)$/],
	['style', /^(UpdateLayoutTree|RecalculateStyles)$/],
	['layout', /^Layout$/],
	['pre-paint', /^PrePaint$/],
	['paint', /^(Paint|Layerize|UpdateLayer|UpdateLayerTree)$/],
	['commit', /^Commit$/],
	['hit test', /^HitTest$/],
]);
const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'];

/**
 * @typedef {object} TraceEvent
 * @property {string} name
 * @property {string} ph
 * @property {number} pid
 * @property {number} tid
 * @property {number} ts microseconds, as are the next two
 * @property {number} dur
 * @property {number} [tdur] of the processor's own time
 * @property {any} [args]
 *
 * @typedef {object} Cost in milliseconds of a processor's time
 * @property {{ all: number, kinds: Map<string, number> }[]} frames the main thread's tasks that have drawn, by what they were for
 * @property {number} others all other tasks of the main thread
 * @property {number} raster what other threads have done to put the page on the screen: a graphics card's work, where there is one
 */

/**
 * @param {import('playwright-core').Page} page
 * @param {() => Promise<unknown>} what
 * @returns {Promise<Cost>} of all that happens meanwhile
 */
export async function traced(page, what) {
	const browser = /** @type {import('playwright-core').Browser} */ (page.context().browser());
	await browser.startTracing(page, { categories: ['-*', ...CATEGORIES] });
	await what();
	const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
	return costOf(traceEvents);
}

/** @param {TraceEvent} event */
const time = ({ tdur, dur }) => (tdur ?? dur) / 1000;

/** @param {TraceEvent[]} events @returns {Cost} */
function costOf(events) {
	const spans = events.filter(({ ph }) => ph === 'X');
	const drawn = spans.find(({ name }) => name === 'FireAnimationFrame');
	const main = spans.filter(({ pid, tid }) => pid === drawn?.pid && tid === drawn.tid).sort((a, b) => a.ts - b.ts || b.dur - a.dur);
	const tasks = main.filter(({ name }) => name === 'RunTask').map((task) => {
		const within = main.filter(({ ts }) => ts >= task.ts && ts < task.ts + task.dur);
		return { all: time(task), kinds: kindsOf(within), draws: within.some(({ name }) => name === 'FireAnimationFrame') };
	});
	const threads = new Map(events.filter(({ name, ph }) => name === 'thread_name' && ph === 'M').map(({ pid, tid, args }) => [`${pid} ${tid}`, args.name]));
	const raster = spans.filter(({ name, pid, tid }) => name === 'RasterTask' && threads.get(`${pid} ${tid}`) !== 'CrRendererMain');
	const sum = (/** @type {number[]} */ all) => all.reduce((so, it) => so + it, 0);
	return {
		frames: tasks.filter(({ draws }) => draws),
		others: sum(tasks.filter(({ draws }) => !draws).map(({ all }) => all)),
		raster: sum(raster.map(time)),
	};
}

/** @param {TraceEvent[]} events of one thread, in their order */
function kindsOf(events) {
	/** @type {Map<string, number>} */
	const kinds = new Map();
	const add = (/** @type {string} */ kind, /** @type {number} */ ms) => kinds.set(kind, (kinds.get(kind) ?? 0) + ms);
	/** The events that the next one may be within. @type {{ end: number, kind: string }[]} */
	const around = [];
	for (const event of events) {
		while (around.length > 0 && around[around.length - 1].end <= event.ts) {
			around.pop();
		}
		const outer = around[around.length - 1];
		const [kind] = KINDS.find(([, names]) => names.test(event.name)) ?? [outer?.kind ?? 'other'];
		// What is within another event is not that one's own.
		add(kind, time(event));
		add(outer?.kind ?? kind, outer ? -time(event) : 0);
		around.push({ end: event.ts + event.dur, kind });
	}
	return kinds;
}
