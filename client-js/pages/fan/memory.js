/**
 * What this browser remembers from visit to visit: the team chosen, how often it has cheered for each, and the settings.
 *
 * For the eye only: what counts is counted by the server. A browser that keeps nothing starts afresh each time.
 */

const TEAM = 'beat:team';

/** @returns {string | null} */
export const rememberedTeam = () => read(TEAM);

/** @param {string} code */
export const rememberTeam = (code) => write(TEAM, code);

/**
 * @param {string} event
 * @param {string} code
 */
export const rememberedCheers = (event, code) => Number(read(cheersOf(event, code)) ?? 0);

/**
 * @param {string} event
 * @param {string} code
 * @param {number} cheers
 */
export const rememberCheers = (event, code, cheers) => write(cheersOf(event, code), String(cheers));

/** @param {string} name such as `sound` */
export const rememberedSetting = (name) => read(`beat:${name}`);

/**
 * @param {string} name
 * @param {string} value
 */
export const rememberSetting = (name, value) => write(`beat:${name}`, value);

/**
 * @param {string} event
 * @param {string} code
 */
const cheersOf = (event, code) => `beat:cheers:${event}:${code}`;

/** @param {string} name */
function read(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
function write(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A full or forbidden storage costs the memory, not the cheer.
  }
}
