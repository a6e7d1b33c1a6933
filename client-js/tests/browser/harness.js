/**
 * What every browser test stands on: a server, a browser, pages on devices, what they complain of, and pictures.
 *
 * ```js
 * const stage = await raise({ config, keeps: true });    // in beforeAll
 * const fan = await stage.open(PHONE, '/?team=JPN');     // a page in a context of its own
 * await says(fan, '#line', /^Live$/);
 * await screenshot(fan, 'fan-live');                     // screenshots/fan-live.png
 * await stage.server.kill();
 * await stage.server.restart();
 * expect(stage.complaints(/WebSocket/)).toEqual([]);     // of any page, but for those that are expected
 * await stage.strike();                                  // in afterAll
 * ```
 *
 * @import { BrowserContextOptions, Page } from 'playwright-core'
 * @import { ServerOptions } from './server.js'
 */

import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { startServer } from './server.js';

const PICTURES = fileURLToPath(new URL('../../screenshots/', import.meta.url));
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const TOUCH = { hasTouch: true, isMobile: true };

/** Devices: what `open` takes, and more of a browser context's options with them (`{ ...PHONE, locale: 'ar' }`). */
export const PHONE = { viewport: { width: 360, height: 740 }, ...TOUCH };
export const SMALL_PHONE = { viewport: { width: 320, height: 568 }, ...TOUCH };
export const LANDSCAPE = { viewport: { width: 740, height: 360 }, ...TOUCH };
export const TABLET = { viewport: { width: 820, height: 1180 }, ...TOUCH };
export const DESKTOP = { viewport: { width: 1440, height: 900 } };
export const WALL = { viewport: { width: 1920, height: 1080 } };
export const WALL_4K = { viewport: { width: 3840, height: 2160 } };

/** @typedef {Awaited<ReturnType<typeof raise>>} Stage */

/** @param {ServerOptions} [options] */
export async function raise(options) {
  const server = await startServer(options);
  const browser = await chromium.launch({ executablePath, args });
  /** @type {string[]} */
  const complaints = [];

  /** @param {Page} page */
  function listen(page) {
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  }

  return {
    server,
    browser,
    /**
     * A page in a context of its own; `page.context().newPage()` is another tab beside it, listened to as well.
     *
     * @param {BrowserContextOptions} device
     * @param {string} path on the server, or a whole address
     */
    async open(device, path) {
      const context = await browser.newContext(device);
      context.on('page', listen);
      const page = await context.newPage();
      await page.goto(new URL(path, server.fans).href);
      return page;
    },
    /**
     * What the consoles of all pages have complained of so far.
     *
     * @param {RegExp} [expected] complaints that the test brought about itself
     */
    complaints: (expected) => complaints.filter((complaint) => !expected?.test(complaint)),
    async strike() {
      await browser.close();
      await server.stop();
    },
  };
}

/**
 * Waits until an element says so.
 *
 * @param {Page} page
 * @param {string} selector
 * @param {RegExp} words
 */
export const says = (page, selector, words) => page.locator(selector).filter({ hasText: words }).waitFor();

/**
 * A picture of what the page shows, to be looked at: `screenshots/<name>.png`.
 *
 * @param {Page} page
 * @param {string} name
 */
export const screenshot = (page, name) => page.screenshot({ path: `${PICTURES}${name}.png` });
