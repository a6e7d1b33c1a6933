/**
 * How a fan page is looked at: by a picture, by axe, and for words that do not fit.
 *
 * @import { Page } from 'playwright-core'
 */

import { createRequire } from 'node:module';

import { expect } from 'vitest';

import { screenshot } from '../harness.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What of axe's rules is in WCAG 2.2 AA, and what everybody should do. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * A picture of the page; then nobody should find fault with what it shows.
 *
 * @param {Page} page
 * @param {string} name
 */
export async function look(page, name) {
  await screenshot(page, name);
  expect(await tooWide(page), `${name}: wider than the screen`).toEqual([]);
  expect(await faults(page), `${name}: what axe finds`).toEqual([]);
}

/**
 * @param {Page} page
 * @returns {Promise<string[]>} the serious and the critical, and what is moderate too
 */
export async function faults(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(await source());
  return page.evaluate(async (rules) => {
    const { violations } = await /** @type {any} */ (window).axe.run(document, { runOnly: rules, resultTypes: ['violations'] });
    return violations
      .filter((/** @type {any} */ { impact }) => impact !== 'minor')
      .map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ node) => `${node.target} ${node.failureSummary}`)}`);
  }, RULES);
}

/** @type {Promise<string> | undefined} */
let read;
const source = () => (read ??= import('node:fs/promises').then(({ readFile }) => readFile(axe, 'utf8')));

/**
 * What sticks out of the screen, and what a button or a label says and cannot show.
 *
 * @param {Page} page
 */
export const tooWide = (page) =>
  page.evaluate(() => {
    const width = innerWidth;
    /** @param {Element} element */
    const named = (element) => `${element.tagName} #${element.id} .${element.className} "${element.textContent?.trim().slice(0, 30)}"`;
    const shown = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility?.());
    const out = shown.filter((element) => {
      if (element.matches('.splash, .spark, .ring, .unseen, option')) return false;
      const { left, right } = element.getBoundingClientRect();
      return right > width + 1 || left < -1;
    });
    const cut = shown.filter((element) => element.matches('#call, #title, #big, #hint, #act, .tabs button, dt, .chip *, label span, #line') && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline');
    return [...(document.documentElement.scrollWidth > width ? ['the page scrolls'] : []), ...out.map(named), ...cut.map(named)];
  });
