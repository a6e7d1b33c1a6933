/**
 * The page's words in the reader's language: which one, loaded alone, said with what belongs into them.
 *
 * @typedef {typeof import('./words/en.js').words} Words
 * @typedef {{ [category: string]: string }} Plural a sentence for each plural form of the language
 * @typedef {{ [name: string]: string }} Parts by the names of the placeholders
 */

import { countIn, exact } from '../shared/numbers.js';

/** Each has a file of its own in `words/`. */
export const LANGUAGES = ['en', 'fr', 'es', 'de', 'ja', 'zh', 'ar', 'pt', 'hi'];

const RIGHT_TO_LEFT = ['ar'];

/** @type {Words} */
let words;
/** @type {Intl.PluralRules | undefined} of the language, once they are needed */
let plurals;

/** Whose page it is: the locale, once a language is chosen, is that of names, numbers and times. */
export const reader = { locale: 'en' };

/**
 * The first language of the reader that the page speaks; English where there is none.
 *
 * @param {readonly (string | null | undefined)[]} wanted by preference, such as `['pt-PT', 'en']`
 * @returns {string} a locale, with the reader's own region
 */
export function chooseLocale(wanted) {
  return wanted.find((tag) => tag && LANGUAGES.includes(languageOf(tag))) ?? 'en';
}

/**
 * Loads the words and turns the whole page to the language.
 *
 * @param {string} wanted a locale that `chooseLocale` gave
 */
export async function speak(wanted) {
  ({ words } = await import(`./words/${languageOf(wanted)}.js`));
  const locale = Intl.NumberFormat.supportedLocalesOf(wanted)[0] ?? languageOf(wanted);
  reader.locale = locale;
  plurals = undefined;
  countIn(locale);
  const page = document.documentElement;
  page.lang = locale;
  page.dir = RIGHT_TO_LEFT.includes(languageOf(locale)) ? 'rtl' : 'ltr';
  each('data-say', (element, sentence) => (element.textContent = sentence));
  each('data-label', (element, sentence) => element.setAttribute('aria-label', sentence));
  each('data-hint', (element, sentence) => element.setAttribute('placeholder', sentence));
}

/**
 * @param {string} attribute that names a sentence
 * @param {(element: Element, sentence: string) => void} put
 */
function each(attribute, put) {
  for (const element of document.querySelectorAll(`[${attribute}]`)) {
    put(element, say(/** @type {keyof Words} */ (element.getAttribute(attribute))));
  }
}

/**
 * @param {keyof Words} key
 * @param {Parts} [parts]
 */
export function say(key, parts = {}) {
  const sentence = words[key];
  return fill(typeof sentence === 'string' ? sentence : sentence.other, parts);
}

/**
 * @param {keyof Words} key of a sentence with plural forms
 * @param {number} n
 */
export function sayMany(key, n) {
  const forms = /** @type {Plural} */ (words[key]);
  plurals ??= new Intl.PluralRules(reader.locale);
  return fill(forms[plurals.select(n)] ?? forms.other, { n: exact(n) });
}

/** @param {string} tag */
export const languageOf = (tag) => tag.toLowerCase().split('-')[0];

/**
 * @param {string} sentence
 * @param {Parts} parts
 */
const fill = (sentence, parts) => sentence.replace(/\{(\w+)\}/g, (placeholder, name) => parts[name] ?? placeholder);
