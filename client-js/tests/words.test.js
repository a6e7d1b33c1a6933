import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

import { LANGUAGES, chooseLocale } from '../pages/fan/language.js';
import { words as english } from '../pages/fan/words/en.js';

/** @typedef {{ [key: string]: string | { [category: string]: string } }} Words */

const OTHERS = LANGUAGES.filter((language) => language !== 'en');

/**
 * @param {string} language
 * @returns {Promise<Words>}
 */
const wordsOf = async (language) => (await import(`../pages/fan/words/${language}.js`)).words;

/** @param {string} sentence */
const placeholders = (sentence) => [...new Set(sentence.match(/\{\w+\}/g))].sort();

test('each language has a file, each file is a language', () => {
  const files = readdirSync(new URL('../pages/fan/words/', import.meta.url));
  expect(files.sort()).toEqual(LANGUAGES.map((language) => `${language}.js`).sort());
});

test.each(OTHERS)('%s says all that English says, in the same order', async (language) => {
  expect(Object.keys(await wordsOf(language))).toEqual(Object.keys(english));
});

test.each(OTHERS)('%s has the placeholders of English, and nothing left untranslated by an empty word', async (language) => {
  const words = await wordsOf(language);
  for (const [key, sentence] of Object.entries(/** @type {Words} */ (english))) {
    const there = words[key];
    expect(typeof there, key).toBe(typeof sentence);
    if (typeof sentence === 'string' && typeof there === 'string') {
      expect(there.trim(), key).not.toBe('');
      expect(placeholders(there), key).toEqual(placeholders(sentence));
    }
  }
});

test.each(LANGUAGES)('%s has each plural form that its language has, and a number in it where one is needed', async (language) => {
  const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
  for (const [key, forms] of Object.entries(await wordsOf(language))) {
    if (typeof forms === 'string') continue;
    expect(Object.keys(forms).sort(), key).toEqual(categories);
    for (const [category, sentence] of Object.entries(forms)) {
      // Arabic has words for none, one and two.
      if (!['zero', 'one', 'two'].includes(category)) expect(sentence, `${key}.${category}`).toContain('{n}');
    }
  }
});

test.each([
  [['pt-PT', 'en'], 'pt-PT'],
  [['it-IT', 'de-AT', 'en'], 'de-AT'],
  [['it'], 'en'],
  [[null, 'zh-Hant-TW'], 'zh-Hant-TW'],
  [['AR', 'en'], 'AR'],
  [[], 'en'],
])('who reads %j reads %s', (wanted, locale) => expect(chooseLocale(wanted)).toBe(locale));
