/**
 * What a team is called in a language: a country as the browser knows it, else as the roster has it.
 *
 * The browser's names are those of countries (`Intl.DisplayNames`); where National Olympic Committees are called
 * otherwise, the names below hold. Clubs, athletes and whatever else a roster holds keep the name it gives them.
 *
 * @import { Team } from '../../src/index.js'
 */

import { regionOf } from './flag.js';
import { NOCS } from './nocs.js';

/** In this order in the table below. */
const LANGUAGES = ['en', 'fr', 'es', 'de', 'ja', 'zh', 'ar', 'pt', 'hi'];

/** @type {{ [code: string]: string }} */
const OVERRIDES = {
  TPE: 'Chinese Taipei|Taipei chinois|Chinese Taipei|Chinese Taipei|チャイニーズ・タイペイ|中华台北|تايبيه الصينية|Taipé Chinesa|चीनी ताइपे',
  HKG: 'Hong Kong, China|Hong Kong, Chine|Hong Kong, China|Hongkong, China|ホンコン・チャイナ|中国香港|هونغ كونغ، الصين|Hong Kong, China|हांगकांग, चीन',
  PRK: 'DPR Korea|RPD de Corée|RPD de Corea|DVR Korea|朝鮮民主主義人民共和国|朝鲜|كوريا الديمقراطية الشعبية|RPD da Coreia|डीपीआर कोरिया',
  KOR: 'Republic of Korea|République de Corée|República de Corea|Republik Korea|大韓民国|韩国|جمهورية كوريا|República da Coreia|कोरिया गणराज्य',
  KOS: 'Kosovo|Kosovo|Kosovo|Kosovo|コソボ|科索沃|كوسوفو|Kosovo|कोसोवो',
  GBR: 'Great Britain|Grande-Bretagne|Gran Bretaña|Großbritannien|英国|英国|بريطانيا العظمى|Grã-Bretanha|ग्रेट ब्रिटेन',
  PLE: 'Palestine|Palestine|Palestina|Palästina|パレスチナ|巴勒斯坦|فلسطين|Palestina|फ़िलिस्तीन',
  CGO: 'Congo|Congo|Congo|Kongo|コンゴ|刚果|الكونغو|Congo|कांगो',
  COD: 'DR Congo|RD Congo|RD Congo|DR Kongo|コンゴ民主共和国|刚果民主共和国|الكونغو الديمقراطية|RD Congo|कांगो लोकतांत्रिक गणराज्य',
  MYA: 'Myanmar|Myanmar|Myanmar|Myanmar|ミャンマー|缅甸|ميانمار|Mianmar|म्यांमार',
  EOR: 'Refugee Team|Équipe des réfugiés|Equipo de Refugiados|Flüchtlingsteam|難民選手団|难民代表团|فريق اللاجئين|Equipe de Refugiados|शरणार्थी टीम',
  AIN: 'Individual Neutral Athletes|Athlètes individuels neutres|Atletas Neutrales Individuales|Individuelle Neutrale Athleten|個人資格の中立選手|个人中立运动员|رياضيون محايدون فرديون|Atletas Neutros Individuais|व्यक्तिगत तटस्थ खिलाड़ी',
};

/** Committees' entries without a country: known by code, and by having no country's flag. */
const WITHOUT_COUNTRY = ['EOR', 'AIN'];

/** @type {Map<string, Intl.DisplayNames>} by locale: to make one takes a phone a millisecond */
const regions = new Map();

/**
 * @param {Pick<Team, 'code' | 'name' | 'flag'>} team
 * @param {string} locale such as `pt-BR`
 */
export function teamName(team, locale) {
  const region = regionOf(team.flag);
  if (!isCommittee(team.code, region)) return team.name;
  return override(team.code, locale) ?? countryName(region, locale) ?? team.name;
}

/**
 * Every name somebody may look for: the shown one, the country's, the roster's, and the code.
 *
 * @param {Pick<Team, 'code' | 'name' | 'flag'>} team
 * @param {string} locale
 */
export function teamNames(team, locale) {
  const region = regionOf(team.flag);
  const country = isCommittee(team.code, region) ? countryName(region, locale) : undefined;
  return [...new Set([teamName(team, locale), country, team.name, team.code])].filter((name) => name !== undefined);
}

/**
 * Whether a team stands for the country whose flag it flies.
 *
 * @param {Pick<Team, 'code' | 'flag'>} team
 */
export function isCountry({ code, flag }) {
  const region = regionOf(flag);
  return region !== undefined && isCommittee(code, region);
}

/**
 * @param {string} code
 * @param {string | undefined} region
 */
function isCommittee(code, region) {
  if (region === undefined) return WITHOUT_COUNTRY.includes(code);
  return code.length === 3 && ` ${NOCS} `.includes(` ${code}${region} `);
}

/**
 * @param {string} code
 * @param {string} locale
 * @returns {string | undefined}
 */
function override(code, locale) {
  return OVERRIDES[code]?.split('|')[LANGUAGES.indexOf(locale.split('-')[0])];
}

/**
 * @param {string | undefined} region
 * @param {string} locale
 * @returns {string | undefined}
 */
function countryName(region, locale) {
  if (region === undefined) return undefined;
  try {
    if (!regions.has(locale)) regions.set(locale, new Intl.DisplayNames(locale, { type: 'region', fallback: 'none' }));
    return regions.get(locale)?.of(region);
  } catch {
    return undefined; // no such locale
  }
}
