/**
 * The arena page over a programme: transparent, without a trace of a browser, and led by a playout tool.
 *
 * @import { Page } from 'playwright-core'
 * @import { Stage } from '../harness.js'
 */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { raise, screenshot, WALL } from '../harness.js';
import { between, cheer, clear, colorAt, FRA, homeOf, JPN, shows } from './crowd.js';

/** @type {Stage} */
let stage;
/** @type {Page} */
let hall;

beforeAll(async () => {
  stage = await raise();
  hall = await cheer(stage, { JPN: 96, FRA: 48 }, { lasting: true });
});
afterEach(() => clear(stage, hall));
afterAll(() => stage.strike());

/** @param {string} query */
const overlay = (query) => stage.open(WALL, `/arena/demo?overlay=1${query}`);

/** What a playout tool calls. @param {Page} page @param {string} call */
const call = (page, call) => page.evaluate(call);

/** @param {Page} page */
const opacity = (page) => page.evaluate(() => document.getElementById('stage')?.style.opacity);

/** @param {Page} page @param {'0' | '1'} value */
const becomes = (page, value) =>
  page.waitForFunction((value) => document.getElementById('stage')?.style.opacity === value, value);

/**
 * The alpha of a screenshot's corners, as a mixer would get it.
 *
 * @param {Page} page
 * @param {string} path where it is kept
 */
async function corners(page, path) {
  const picture = (await page.screenshot({ omitBackground: true, path })).toString('base64');
  const other = await stage.browser.newPage();
  const alphas = await other.evaluate(async (picture) => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    pen.drawImage(image, 0, 0);
    const [right, foot] = [image.width - 1, image.height - 1];
    return [[0, 0], [right, 0], [0, foot], [right, foot]].map(([x, y]) => pen.getImageData(x, y, 1, 1).data[3]);
  }, picture);
  await other.close();
  return alphas;
}

test.each(['wall', 'battle', 'ranking', 'map', 'pulse', 'ticker'])('%s leaves the corners to the programme', async (scene) => {
  const page = await overlay(`&scene=${scene}`);
  await page.waitForFunction(() => document.querySelector('#top li'));
  expect(await corners(page, `screenshots/arena-${scene}-overlay.png`)).toEqual([0, 0, 0, 0]);
});

test('nothing of a browser is seen: no scroll bar, no cursor, no selection', async () => {
  const page = await overlay('&scene=wall');
  const found = await page.evaluate(() => {
    const { cursor, userSelect, overflow, backgroundColor } = getComputedStyle(document.body);
    const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement;
    return { cursor, userSelect, overflow, backgroundColor, fits: scrollWidth === clientWidth && scrollHeight === clientHeight };
  });
  expect(found).toEqual({ cursor: 'none', userSelect: 'none', overflow: 'hidden', backgroundColor: 'rgba(0, 0, 0, 0)', fits: true });
});

test('OBS and vMix, which never call play, see it at once', async () => {
  const page = await overlay('&scene=battle');
  await becomes(page, '1');
  await shows(page, 0.056, 0.82, JPN);
});

test('CasparCG sees nothing before play, and nothing after stop', async () => {
  const context = await stage.browser.newContext(WALL);
  // What its browser alone has: a window that can be removed.
  await context.addInitScript('window.remove = () => {}');
  const page = await context.newPage();
  await page.goto(new URL('/arena/demo?overlay=1&scene=battle', stage.server.fans).href);
  await page.waitForFunction(() => document.querySelector('#top li'));
  expect(await opacity(page)).toBe('0');
  await call(page, 'play()');
  await becomes(page, '1');
  await shows(page, 0.056, 0.82, JPN);
  await call(page, 'stop()');
  await becomes(page, '0');
});

test('what is called before the roster has come is done once it has', async () => {
  const context = await stage.browser.newContext(WALL);
  const page = await context.newPage();
  /** @type {() => void} */
  let answer = () => {};
  const asked = new Promise((resolve) => {
    page.route('**/v1/events/demo', async (route) => {
      resolve(undefined);
      await new Promise((go) => (answer = () => go(undefined)));
      await route.continue();
    });
  });
  await page.goto(new URL('/arena/demo?overlay=1&autoplay=0', stage.server.fans).href);
  await asked;
  await call(page, `update('{"scene":"battle","teams":["FRA","JPN"]}'); play()`);
  answer();
  await becomes(page, '1');
  await shows(page, 0.056, 0.82, FRA);
});

test('update takes JSON and templateData, next goes through the scenes', async () => {
  const page = await overlay('&scene=ticker');
  await call(page, `update('{"scene":"battle","teams":"FRA,JPN","title":"Semi-final"}')`);
  await shows(page, 0.056, 0.82, FRA);
  expect(await page.title()).toBe('Semi-final');
  await call(
    page,
    `update('<templateData><componentData id="teams"><data id="text" value="JPN,FRA"/></componentData>' +
      '<componentData id="colours"><data id="text" value="JPN=#00aa55"/></componentData></templateData>')`,
  );
  await shows(page, 0.056, 0.82, '#00aa55');
  // Some clients call it with nothing at all.
  await call(page, `update('')`);
  await call(page, 'next()');
  await shows(page, 0.2, 0.52, '#00aa55');
  await call(page, 'next()');
  await shows(page, ...homeOf('JPN'), '#00aa55');
});

test('a wrong update leaves what is on air, and tells the tool’s log', async () => {
  const page = await overlay('&scene=battle');
  await shows(page, 0.056, 0.82, JPN);
  const warned = page.waitForEvent('console', (message) => message.type() === 'warning');
  await call(page, `update('{"scene":"karaoke"}')`);
  expect((await warned).text()).toMatch(/no scene “karaoke”/);
  expect(await page.textContent('#message')).toBe('');
  await shows(page, 0.056, 0.82, JPN);
});

test('a rehearsal is marked across the picture, and no style sheet takes the mark away', async () => {
  const context = await stage.browser.newContext(WALL);
  const page = await context.newPage();
  await between(page, (beat) => ({ ...beat, flags: ['rehearsal'] }));
  await page.goto(new URL('/arena/demo?overlay=1&scene=battle', stage.server.fans).href);
  await page.waitForFunction(() => document.querySelector('#top li'));
  // What OBS lets its users add; every class and id there is.
  await page.addStyleTag({ content: '#rehearsal, .rehearsal, main, p { display: none !important }' }).catch(() => {});
  const [red, green, blue, alpha] = await colorAt(page, 0.003, 0.06);
  expect([red > 230, green > 170, blue < 30, alpha]).toEqual([true, true, true, 255]);
  await shows(page, 0.056, 0.82, JPN);
  await screenshot(page, 'arena-rehearsal-overlay');
});

test('no page has complained', () => {
  expect(stage.complaints()).toEqual([]);
});
