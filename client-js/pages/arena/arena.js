/**
 * The arena page: hands the display feed to the wall, and says how far it can be trusted.
 *
 * @import { FeedBeat, LinkState } from '../../src/index.js'
 */

import { display, loadEvent } from '../../src/index.js';
import { isHeld, strength } from '../shared/calm.js';
import { byId } from '../shared/elements.js';
import { untilLoaded } from '../shared/loading.js';
import { briefPerSecond, exact } from '../shared/numbers.js';
import { Wall } from './wall.js';

/** As often as beats come; what is drawn is always the newest of them. */
const DRAW_MS = 100;
const ORDER_MS = 1_000;

/** `/arena/{event}` */
const event = location.pathname.split('/')[2];

const info = await untilLoaded(
  () => loadEvent({ event }),
  (error) => showLine(error instanceof Error ? error.message : String(error), true),
);
const wall = new Wall(info.teams);
const feed = display({ event });

/** @type {FeedBeat | undefined} */
let beat;
let freshAt = performance.now();
let orderedAt = -Infinity;

byId('event').textContent = info.name;
document.title = info.name;
setInterval(draw, DRAW_MS);

feed.on('beat', (latest) => {
  beat = latest;
  if (!beat.flags.includes('stale')) freshAt = performance.now();
});

function draw() {
  const now = performance.now();
  const silence_ms = now - freshAt;
  const isFinal = beat?.flags.includes('closed') ?? false;
  const held = !isFinal && isHeld(silence_ms);
  showLine(wordsFor(feed.state, held), held);
  if (beat === undefined) return;

  const part = strength(silence_ms);
  if (now - orderedAt >= ORDER_MS) {
    orderedAt = now;
    wall.order(beat.teams, part);
  }
  wall.draw(beat.teams, part);
  byId('total').textContent = exact(beat.total);
  byId('rate').textContent = briefPerSecond(beat.rate * part);
  byId('rehearsal').hidden = !beat.flags.includes('rehearsal');
}

/**
 * @param {LinkState} state
 * @param {boolean} held
 */
function wordsFor(state, held) {
  if (state.name === 'closed') return `Ended: ${state.advice}`;
  if (beat === undefined) return 'Connecting';
  if (beat.flags.includes('closed')) return 'Final';
  if (held) return 'Signal held';
  return beat.state === 'scheduled' ? 'Opens soon' : 'Live';
}

/**
 * @param {string} words
 * @param {boolean} held
 */
function showLine(words, held) {
  const line = byId('line');
  // Said again, the same words would be read out again.
  if (line.textContent !== words) line.textContent = words;
  line.toggleAttribute('data-held', held);
  document.body.toggleAttribute('data-held', held);
}
