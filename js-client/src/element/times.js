// Days and times as one says them in a language.

/** @type {Map<string | undefined, ReturnType<typeof timesOf>>} */
const known = new Map();

/** @param {string | undefined} language undefined: the browser's */
export function timesIn(language) {
	const times = known.get(language) ?? timesOf(language);
	known.set(language, times);
	return times;
}

/** @param {Date} date @returns {number} how many midnights lie between it and now */
function daysAgo(date) {
	const midnight = (/** @type {Date} */ it) => Date.UTC(it.getFullYear(), it.getMonth(), it.getDate());
	return Math.round((midnight(new Date()) - midnight(date)) / 86400000);
}

/** @param {string | undefined} language */
function timesOf(language) {
	const clock = new Intl.DateTimeFormat(language, { timeStyle: 'short' });
	const full = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'medium' });
	const near = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
	const day = new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' });
	const dayOfYear = new Intl.DateTimeFormat(language, { dateStyle: 'long' });
	const dayOfMonth = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
	const capital = (/** @type {string} */ text) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
	const isNear = (/** @type {number} */ ago) => ago === 0 || ago === 1;
	return {
		time: (/** @type {Date} */ date) => clock.format(date),
		moment: (/** @type {Date} */ date) => full.format(date),
		/** As a heading. @param {Date} date */
		day(date) {
			const ago = daysAgo(date);
			if (isNear(ago)) {
				return capital(near.format(-ago, 'day'));
			}
			return (date.getFullYear() === new Date().getFullYear() ? day : dayOfYear).format(date);
		},
		/** In a narrow place: the time of today, else the day. @param {Date} date */
		short: (date) => (daysAgo(date) === 0 ? clock : dayOfMonth).format(date),
		/** Within a sentence. @param {Date} date */
		lately(date) {
			const ago = daysAgo(date);
			const which = isNear(ago) ? near.format(-ago, 'day') : dayOfMonth.format(date);
			return ago === 0 ? clock.format(date) : `${which} ${clock.format(date)}`;
		},
	};
}
