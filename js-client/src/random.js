// Names that nobody else has made.

/** @returns {string} of a length that does not matter: they have to be different, not secret */
const part = () => Math.random().toString(36).slice(2);

/** @returns {string} */
export const randomId = () => part() + part();
