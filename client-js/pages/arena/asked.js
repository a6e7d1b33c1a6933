/**
 * What the page is asked to show: the words of its address, or of a playout tool's update, told apart and checked.
 *
 * @typedef {object} Asked
 * @property {string} scene
 * @property {string[]} teams two, or none: the two loudest
 * @property {string | undefined} team one, or none: the loudest
 * @property {string} lang such as `fr`
 * @property {number | undefined} top how many teams a list shows; each scene has its own number
 * @property {string | undefined} title instead of the event's name
 * @property {number} scale of type, and of what goes along with it
 * @property {{ [code: string]: string }} colours instead of the roster's
 *
 * @typedef {{ [name: string]: string }} Words as they were written
 */

const TOP_MAX = 20;
const SCALE = { min: 0.5, max: 2 };

/** Something was asked for that there is not; the message says what there is. */
export class AskedError extends Error {}

/**
 * @param {Words} words
 * @param {{ scenes: string[], codes: string[], lang: string }} there what there is to choose from
 * @returns {Asked}
 */
export function asked(words, { scenes, codes, lang }) {
  const scene = words.scene || scenes[0];
  if (!scenes.includes(scene)) throw new AskedError(`There is no scene “${scene}”. There are: ${scenes.join(', ')}.`);
  const teams = listOf(words.teams).map((code) => known(code, codes));
  if (teams.length > 0 && (teams.length !== 2 || teams[0] === teams[1])) {
    throw new AskedError(`A battle has two teams, such as teams=JPN,FRA: “${words.teams}” does not name two.`);
  }
  return {
    scene,
    teams,
    team: words.team ? known(words.team.trim(), codes) : undefined,
    lang: languageOf(words.lang, lang),
    top: words.top ? within('top', Number(words.top), 1, TOP_MAX, Number.isInteger) : undefined,
    title: words.title || undefined,
    scale: words.scale ? within('scale', Number(words.scale), SCALE.min, SCALE.max, Number.isFinite) : 1,
    colours: coloursOf(words.colours, codes),
  };
}

/**
 * What a playout tool's `update()` hands over: JSON, or CasparCG's `templateData` in XML. Nothing at all is nothing new.
 *
 * @param {unknown} data text, or an object of its own
 * @returns {Words}
 */
export function wordsOf(data) {
  if (data === undefined || data === null) return {};
  if (typeof data === 'object') return plain(data);
  const text = String(data).trim();
  if (text === '') return {};
  if (text.startsWith('<')) return ofTemplateData(text);
  try {
    return plain(JSON.parse(text));
  } catch {
    throw new AskedError(`update() takes JSON or templateData XML, not “${text.slice(0, 40)}”.`);
  }
}

/** @param {string} text */
function ofTemplateData(text) {
  const xml = new DOMParser().parseFromString(text, 'application/xml');
  if (xml.querySelector('parsererror')) throw new AskedError('update() was given XML that is not well formed.');
  const words = [...xml.querySelectorAll('componentData')].map((component) => {
    const data = component.querySelector('data');
    return [component.id || component.getAttribute('id'), data?.getAttribute('value') ?? component.textContent?.trim()];
  });
  return Object.fromEntries(words);
}

/**
 * A list may be an array, colours an object: both become words as the address has them.
 *
 * @param {any} data
 * @returns {Words}
 */
function plain(data) {
  return Object.fromEntries(
    Object.entries(data)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => {
        if (Array.isArray(value)) return [name, value.join(',')];
        if (typeof value !== 'object') return [name, String(value)];
        return [name, Object.entries(value).map((pair) => pair.join('=')).join(',')];
      }),
  );
}

/** @param {string | undefined} text */
const listOf = (text) => (text ? text.split(',').map((part) => part.trim()).filter(Boolean) : []);

/**
 * @param {string} code
 * @param {string[]} codes
 */
function known(code, codes) {
  const found = codes.find((one) => one.toUpperCase() === code.toUpperCase());
  if (found === undefined) throw new AskedError(`There is no team “${code}”. There are: ${codes.join(', ')}.`);
  return found;
}

/**
 * @param {string | undefined} text such as `JPN=#bb002c,FRA=#012897`
 * @param {string[]} codes
 */
function coloursOf(text, codes) {
  const pairs = listOf(text).map((pair) => {
    const [code, color = ''] = pair.split('=').map((part) => part.trim());
    if (!/^#[0-9a-f]{6}$/i.test(color)) throw new AskedError(`“${pair}” is no colour: write JPN=#bb002c.`);
    return [known(code, codes), color.toLowerCase()];
  });
  return Object.fromEntries(pairs);
}

/**
 * @param {string | undefined} wanted
 * @param {string} fallback
 */
function languageOf(wanted, fallback) {
  if (!wanted) return fallback;
  try {
    return Intl.getCanonicalLocales(wanted)[0];
  } catch {
    throw new AskedError(`“${wanted}” is no language: write lang=fr.`);
  }
}

/**
 * @param {string} name
 * @param {number} value
 * @param {number} min
 * @param {number} max
 * @param {(value: number) => boolean} isFit
 */
function within(name, value, min, max, isFit) {
  if (isFit(value) && value >= min && value <= max) return value;
  throw new AskedError(`${name} goes from ${min} to ${max}.`);
}
