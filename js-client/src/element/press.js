// A finger that stays where it is.

/** What counts as a long press, and how far a finger may slip meanwhile. */
const LONG = 450;
const SLIP = 10;

/**
 * @param {HTMLElement} place
 * @param {(target: EventTarget | null) => void} pressed
 * @returns {() => void} ends the press that is under way: what was under the finger has moved
 */
export function onLongPress(place, pressed) {
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let press;
	let start = { x: 0, y: 0 };
	const end = () => clearTimeout(press);
	place.addEventListener('pointerdown', (event) => {
		end();
		if (event.pointerType !== 'mouse') {
			start = event;
			const { target } = event;
			press = setTimeout(() => pressed(target), LONG);
		}
	});
	place.addEventListener('pointermove', ({ x, y }) => Math.hypot(x - start.x, y - start.y) > SLIP && end());
	['pointerup', 'pointercancel'].forEach((it) => place.addEventListener(it, end));
	// Where a long press would have opened the system's.
	place.addEventListener('contextmenu', (event) => /** @type {PointerEvent} */ (event).pointerType === 'touch' && event.preventDefault());
	return end;
}
