/**
 * The line on top of a scene: what this is, and how much the whole world has cheered.
 *
 * @import { Frame } from './crowd.js'
 * @import { Stage } from './stage.js'
 */

import { HOUSE, INK, SOFT, VEIL } from './stage.js';
import { CAPITAL } from './type.js';

const TITLE = 5;
const TOTAL = 9;
const RATE = 6;
const LABEL = 3.2;

/** The three bars of the house's mark, as parts of its height. */
const MARK = [0.55, 1, 0.75];

/** @param {Stage} stage */
export const headerHeight = ({ u }) => TOTAL * CAPITAL * u + 3.5 * u;

/**
 * @param {Stage} stage
 * @param {Frame} frame
 */
export function drawHeader(stage, frame) {
  const { type, u, safe, words, numbers, overlay } = stage;
  const feet = safe.y + TOTAL * CAPITAL * u;
  if (overlay) {
    const air = 2 * u;
    const veil = { x: safe.x - air, y: safe.y - air, w: safe.w + 2 * air, h: TOTAL * CAPITAL * u + 2 * air };
    stage.plate(veil, 2 * u, VEIL);
  }
  const label = frame.phase === 'waiting' ? '' : words.cheers;
  const total = frame.phase === 'waiting' ? '' : numbers.exact(frame.total);
  const right = safe.x + safe.w;
  const labelWidth = type.width(label, LABEL * u, 600);
  type.words(label, right, feet, LABEL * u, { color: SOFT, weight: 600, align: 'right' });
  type.figures(total, right - labelWidth - 1.2 * u, feet, TOTAL * u, { color: INK, align: 'right', max: safe.w * 0.5 });

  let totalWidth = Math.min(safe.w * 0.5, type.figuresWidth(total, TOTAL * u)) + labelWidth + 5 * u;
  const unit = stage.unit(frame);
  if (unit && stage.isWide) {
    const rate = stage.tell(frame, frame.told.rate);
    type.figures(rate, right - totalWidth, feet, RATE * u, { color: SOFT, align: 'right', unit });
    totalWidth += type.figuresWidth(rate, RATE * u, unit) + 4 * u;
  }
  const left = safe.x + drawMark(stage, safe.x, feet, TITLE * u * CAPITAL) + 1.6 * u;
  const state = stateOf(stage, frame);
  const stateWidth = state ? type.width(state, LABEL * u, 700) + 2 * u : 0;
  const room = right - totalWidth - left - stateWidth;
  type.words(stage.title, left, feet, TITLE * u, { color: INK, weight: 700, max: room });
  if (state) {
    const fit = type.fit(stage.title, TITLE * u, 700, room);
    type.words(state, left + type.width(fit.words, fit.size, 700) + 2 * u, feet, LABEL * u, { color: HOUSE, weight: 700 });
  }
}

/**
 * @param {Stage} stage
 * @param {number} x
 * @param {number} feet
 * @param {number} height
 * @returns {number} its width
 */
export function drawMark({ pen }, x, feet, height) {
  const bar = height * 0.26;
  pen.fillStyle = HOUSE;
  MARK.forEach((part, at) => {
    pen.beginPath();
    pen.roundRect(x + at * bar * 1.55, feet - height * part, bar, height * part, bar / 2);
    pen.fill();
  });
  return bar * 4.1;
}

/**
 * What must be said of the event, if anything: a live one speaks for itself.
 *
 * @param {Stage} stage
 * @param {Frame} frame
 */
function stateOf({ words }, { phase }) {
  if (phase === 'final') return words.final;
  if (phase === 'scheduled') return words.soon;
  return phase === 'waiting' ? words.connecting : '';
}
