/**
 * What stands over every scene: that the crowd is not a real one, or that nothing is heard of it any more.
 *
 * Both are drawn into the picture itself, last, so that no style sheet of a playout tool and no word of an address can
 * take them away.
 *
 * @import { Frame } from './crowd.js'
 * @import { Stage } from './stage.js'
 */

import { AMBER, REHEARSAL_ROOM } from './stage.js';
import { CAPITAL } from './type.js';

const STRIPES = ['#ffd000', '#f2b900'];
const ON_STRIPES = '#1a1400';

/**
 * @param {Stage} stage
 * @param {Frame} frame
 */
export function drawMarks(stage, frame) {
  if (frame.isRehearsal) rehearsal(stage);
  if (frame.phase === 'held' || frame.phase === 'lost') lost(stage);
}

/** @param {Stage} stage */
function rehearsal({ pen, type, width, height, screen, words }) {
  const room = REHEARSAL_ROOM * screen;
  const top = height * 0.05 - screen * 1.5;
  pen.save();
  pen.beginPath();
  pen.rect(0, top, width, room);
  pen.clip();
  pen.fillStyle = STRIPES[0];
  pen.fillRect(0, top, width, room);
  pen.fillStyle = STRIPES[1];
  for (let x = -room; x < width; x += room) {
    pen.beginPath();
    pen.moveTo(x, top + room);
    pen.lineTo(x + room, top);
    pen.lineTo(x + room * 1.5, top);
    pen.lineTo(x + room * 0.5, top + room);
    pen.fill();
  }
  pen.restore();
  const size = room * 0.62;
  type.words(words.rehearsal.toLocaleUpperCase(), width / 2, top + room / 2 + (size * CAPITAL) / 2, size, {
    color: ON_STRIPES,
    align: 'center',
    max: width * 0.9,
  });
}

/** A dot, and on a page of our own, where it is nobody's programme, what it means. @param {Stage} stage */
function lost({ pen, type, width, height, screen, words, overlay }) {
  const [size, dot] = [screen * 2.2, screen * 0.8];
  const [right, middle] = [width * 0.95, height * 0.975];
  pen.fillStyle = AMBER;
  pen.beginPath();
  pen.arc(right - dot, middle, dot, 0, 2 * Math.PI);
  pen.fill();
  if (overlay) return;
  type.words(words.lost, right - dot * 3, middle + (size * CAPITAL) / 2, size, { color: AMBER, align: 'right', weight: 600 });
}
