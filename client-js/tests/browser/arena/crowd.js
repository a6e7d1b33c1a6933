/**
 * A crowd for the arena page: real fans on real sockets, a feed between server and page, and an eye for its pixels.
 *
 * @import { Page } from 'playwright-core'
 * @import { FeedBeat } from '../../../src/index.js'
 * @import { Stage } from '../harness.js'
 */

import { fitted } from '../../../pages/shared/map/bubbles.js';
import { PLACES } from '../../../pages/shared/map/places.js';
import { WALL } from '../harness.js';

/** What a fan may tap at once (PROTOCOL.md): more would be shadowed. */
const TAPS_AT_START = 24;

/**
 * So many cheers for each team, from as many fans as that takes, each on a socket of its own with the JSON wire.
 *
 * @param {Stage} stage
 * @param {{ [code: string]: number }} cheers
 * @param {{ lasting?: boolean }} [options] lasting: and ten more a second from each of them, until the page is closed
 * @returns {Promise<Page>} where the fans sit
 */
export async function cheer(stage, cheers, { lasting = false } = {}) {
  const hall = await stage.browser.newPage();
  await hall.goto(new URL('/v1/events', stage.server.fans).href);
  await hall.evaluate(
    async ({ cheers, most, lasting }) => {
      /** @param {string} code @param {number} taps */
      const fan = (code, taps) =>
        new Promise((resolve) => {
          const socket = new WebSocket(`ws://${location.host}/v1/events/demo/ws`, 'cheer.v1.json');
          let total = taps;
          const tell = () => socket.send(JSON.stringify({ cheer: { [code]: total } }));
          socket.onmessage = () => {
            socket.onmessage = null;
            tell();
            if (lasting) setInterval(() => (total++, tell()), 100);
            resolve(undefined);
          };
        });
      const fans = Object.entries(cheers).flatMap(([code, taps]) =>
        Array.from({ length: Math.ceil(taps / most) }, (_, at) => fan(code, Math.min(most, taps - at * most))),
      );
      await Promise.all(fans);
    },
    { cheers, most: TAPS_AT_START, lasting },
  );
  return hall;
}

/**
 * Closes all pages but that of the fans: a browser that draws by software has no time for walls that nobody looks at.
 *
 * @param {Stage} stage
 * @param {Page} [hall]
 */
export async function clear(stage, hall) {
  const others = stage.browser.contexts().filter((context) => context !== hall?.context());
  await Promise.all(others.map((context) => context.close()));
}

/**
 * A page whose feed is the server's, changed on its way: for what no operator of a test can bring about.
 *
 * @param {Page} page before it opens the arena
 * @param {(beat: FeedBeat) => FeedBeat} change
 */
export const between = (page, change) =>
  page.routeWebSocket(/\/feed/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => socket.send(JSON.stringify(change(JSON.parse(String(message))))));
  });

/**
 * As loud as a crowd can be: a level of 255 for one team.
 *
 * @param {string} loudest
 * @param {Partial<FeedBeat>} [more]
 * @returns {(beat: FeedBeat) => FeedBeat}
 */
export const roar = (loudest, more = {}) => (beat) => ({
  ...beat,
  rate: 9e6,
  teams: beat.teams.map((team) => (team.code === loudest ? { ...team, level: 255, rate: 9e6 } : team)),
  ...more,
});

/** Who cheers in pictures, and how much: what a crowd looks like. */
export const CROWD = Object.fromEntries(
  'JPN FRA BRA USA GER IND KEN GBR ITA AUS NGR MEX KOR CAN ESP ARG EGY NED JAM RSA'
    .split(' ')
    .map((code, at) => [code, at === 0 ? 144 : TAPS_AT_START * Math.ceil((21 - at) / 5)]),
);

/** A stadium's worth: a few dozen sockets stand for as many thousand people. @param {FeedBeat} beat @returns {FeedBeat} */
export function stadium(beat) {
  const teams = beat.teams.map((team) => {
    const rate = Math.round(team.rate * 15.3);
    return { ...team, rate, total: team.total * 915, level: Math.round(32 * Math.log10(1 + rate)) };
  });
  const sum = (/** @type {'rate' | 'total'} */ what) => teams.reduce((all, team) => all + team[what], 0);
  return { ...beat, teams, rate: sum('rate'), total: sum('total') };
}

/**
 * The colour at a place of the canvas, in parts of its width and height.
 *
 * @param {Page} page
 * @param {number} x
 * @param {number} y
 * @param {string} [selector]
 * @returns {Promise<number[]>} red, green, blue, alpha
 */
export const colorAt = (page, x, y, selector = '#canvas') =>
  page.evaluate(
    ({ x, y, selector }) => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(selector));
      const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
      return [...pen.getImageData(Math.round(x * canvas.width), Math.round(y * canvas.height), 1, 1).data];
    },
    { x, y, selector },
  );

/**
 * Waits until a place of the canvas has a colour.
 *
 * @param {Page} page
 * @param {number} x
 * @param {number} y
 * @param {string} color `#rrggbb`
 * @param {string} [selector]
 */
export async function shows(page, x, y, color, selector = '#canvas') {
  const want = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  await page.waitForFunction(
    ({ x, y, want, selector }) => {
      const canvas = /** @type {HTMLCanvasElement | null} */ (document.querySelector(selector));
      if (!canvas?.width) return false;
      const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
      const { data } = pen.getImageData(Math.round(x * canvas.width), Math.round(y * canvas.height), 1, 1);
      return want.every((part, at) => Math.abs(part - data[at]) <= 16);
    },
    { x, y, want, selector },
  );
}

/**
 * Where a team is at home on the map of a wall, in parts of the screen's width and height.
 *
 * @param {string} code
 * @returns {[x: number, y: number]}
 */
export function homeOf(code) {
  const { width, height } = WALL.viewport;
  const [x, y] = /** @type {[number, number]} */ (PLACES[code]);
  const { left, top, scale } = fitted({ x: 0.1 * width, y: 0.13 * height, w: 0.895 * width, h: (0.985 - 0.13) * height });
  return [(left + x * scale) / width, (top + y * scale) / height];
}

/** What lies below all else on a wall. */
export const GROUND = '#0b0d12';

/** Colours of the roster, as they are drawn on the dark of the wall. */
export const JPN = '#be0d37';
export const FRA = '#415eb1';
