/**
 * The arena page: hears the display feed, and lets one scene after the other show it, sixty times a second.
 *
 * @import { FeedBeat } from '../../src/index.js'
 * @import { Asked, Words } from './asked.js'
 * @import { Scene } from './stage.js'
 */

import { display, loadEvent } from '../../src/index.js';
import { byId } from '../shared/elements.js';
import { untilLoaded } from '../shared/loading.js';
import { asked, AskedError } from './asked.js';
import { Crowd } from './crowd.js';
import { Curtain } from './curtain.js';
import { drawMarks } from './marks.js';
import { Playout, startsHidden } from './playout.js';
import { SCENES } from './scenes/index.js';
import { Stage } from './stage.js';
import { tellSummary } from './summary.js';

const SUMMARY_MS = 1_000;

/** A roster that has grown is asked for again, though not with every beat. */
const ROSTER_MS = 10_000;

/** `/arena/{event}` */
const event = location.pathname.split('/')[2];
const query = new URLSearchParams(location.search);
const overlay = query.get('overlay') === '1';
const playout = new Playout(!startsHidden({ overlay, autoplay: query.get('autoplay'), page: window }));
playout.listen(window);
document.documentElement.toggleAttribute('data-overlay', overlay);

const canvas = /** @type {HTMLCanvasElement} */ (byId('canvas'));
const calm = matchMedia('(prefers-reduced-motion: reduce)');

let info = await untilLoaded(() => loadEvent({ event }), showFailure);
complain('');
let crowd = new Crowd(info.teams);
/** @type {FeedBeat | undefined} */
let beat;
/** @type {Words} */
let words = Object.fromEntries(query);
/** @type {Asked} */
let wanted = firstWish();
/** @type {{ scene: Scene, name: string, stage: Stage } | undefined} */
let showing;
let isStale = true;
let rosterAt = performance.now();

const curtain = new Curtain(byId('stage'), playout.isOn);
const feed = display({ event, ticket: () => query.get('ticket') ?? undefined });
feed.on('beat', hear);
feed.on('state', (state) => {
  if (state.name === 'closed') complain(`The feed has ended (${state.code}): ${state.advice}.`);
});
playout.onCall = answer;
answer();
calm.addEventListener('change', () => (isStale = true));
new ResizeObserver(fit).observe(canvas);
fit();
setInterval(() => showing && tellSummary(showing.stage, crowd.at(performance.now())), SUMMARY_MS);
requestAnimationFrame(draw);

/** @param {FeedBeat} latest */
function hear(latest) {
  const now = performance.now();
  beat = latest;
  if (crowd.hear(beat, now) || now - rosterAt < ROSTER_MS) return;
  rosterAt = now;
  loadEvent({ event }).then(grow, () => {});
}

/** @param {typeof info} latest */
function grow(latest) {
  info = latest;
  crowd = new Crowd(info.teams);
  if (beat) crowd.hear(beat, performance.now());
  isStale = true;
}

/** @param {number} now */
function draw(now) {
  requestAnimationFrame(draw);
  const frame = crowd.at(now);
  const isNext = showing !== undefined && showing.name !== wanted.scene;
  const isSeen = curtain.move(now, playout.isOn && !isNext);
  // The next scene enters when the present one is out of sight; the same one anew, for another screen or wish, at once.
  const isNew = isStale || showing?.stage.isRehearsal !== frame.isRehearsal;
  if (isNext ? !isSeen : isNew) enter(frame.isRehearsal);
  if (!isSeen || showing === undefined) return;
  const { scene, stage } = showing;
  scene.draw(now, frame);
  drawMarks(stage, frame);
}

/** @param {boolean} isRehearsal */
function enter(isRehearsal) {
  if (canvas.width === 0 || canvas.height === 0) return;
  showing?.scene.leave();
  const stage = new Stage({ canvas, info, asked: wanted, overlay, isCalm: calm.matches, isRehearsal });
  showing = { scene: SCENES[wanted.scene].enter(stage), name: wanted.scene, stage };
  isStale = false;
  document.title = stage.title;
  document.documentElement.lang = wanted.lang;
}

function fit() {
  const { clientWidth, clientHeight } = canvas;
  const [width, height] = [clientWidth, clientHeight].map((length) => Math.round(length * devicePixelRatio));
  if (width === canvas.width && height === canvas.height) return;
  canvas.width = width;
  canvas.height = height;
  isStale = true;
}

/** @param {Words} wish */
function understand(wish) {
  const codes = info.teams.map(({ code }) => code);
  return asked(wish, { scenes: Object.keys(SCENES), codes, lang: navigator.language });
}

/** What the address asks for; if there is none such, the page says what there is. */
function firstWish() {
  try {
    return understand(words);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** What the playout tool has called for since it was last answered. */
function answer() {
  const names = Object.keys(SCENES);
  const step = names[(names.indexOf(wanted.scene) + playout.steps) % names.length];
  const wish = { ...words, ...(playout.steps > 0 ? { scene: step } : {}), ...playout.wished };
  playout.steps = 0;
  playout.wished = {};
  try {
    wanted = understand(wish);
    words = wish;
    isStale = true;
  } catch (error) {
    if (!(error instanceof AskedError)) throw error;
    console.warn(error.message);
  }
}

/** Over a programme nothing is said of a server that does not answer yet. */
function showFailure() {
  complain(overlay ? '' : 'Connecting');
}

/** @param {string} words */
function complain(words) {
  byId('message').textContent = words;
}
