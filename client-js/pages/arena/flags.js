/**
 * Flags as pictures of the height they are drawn at: to set an emoji anew in each frame would take longer than all else.
 *
 * @import { Team } from '../../src/index.js'
 */

import { showFlag } from '../shared/flag.js';
import { inkOn } from '../shared/team.js';
import { CAPITAL } from './type.js';

const FACE = '"Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif';

/** The room a flag is given, its width by its height; most flags are as wide, or a little less. */
export const FLAG_RATIO = 1.4;

/** Beside it nothing of a flag is seen. */
const ALPHA_MIN = 24;

export class Flags {
  /** @type {Map<string, HTMLCanvasElement>} */
  #drawn = new Map();

  /**
   * @param {Team} team
   * @param {number} height in device pixels
   * @returns {HTMLCanvasElement} within that height, and FLAG_RATIO times it in width, without air around it
   */
  of(team, height) {
    const rounded = Math.max(1, Math.round(height));
    const key = `${team.code}|${rounded}`;
    const known = this.#drawn.get(key);
    if (known) return known;
    const made = draw(team, rounded);
    this.#drawn.set(key, made);
    return made;
  }
}

/**
 * @param {Team} team
 * @param {number} height
 */
function draw(team, height) {
  const probe = document.createElement('span');
  showFlag(probe, team);
  if (!probe.classList.contains('badge')) return emoji(team.flag, height);
  const pen = penOn(Math.round(height * FLAG_RATIO), height);
  badge(pen, team);
  return pen.canvas;
}

/**
 * As large as it fits: platforms leave very different air around their flags, so what was drawn is looked at.
 *
 * @param {string} flag
 * @param {number} height
 */
function emoji(flag, height) {
  const side = Math.ceil(height * 2.4);
  const rough = penOn(side, side);
  rough.font = `${height}px ${FACE}`;
  rough.textAlign = 'center';
  rough.fillText(flag, side / 2, side * 0.66);
  const { x, y, w, h } = inked(rough);
  const scale = Math.min((height * FLAG_RATIO) / w, height / h);
  const pen = penOn(Math.max(1, Math.round(w * scale)), Math.max(1, Math.round(h * scale)));
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(rough.canvas, x, y, w, h, 0, 0, pen.canvas.width, pen.canvas.height);
  return pen.canvas;
}

/**
 * The smallest box around all that was drawn.
 *
 * @param {CanvasRenderingContext2D} pen
 */
function inked(pen) {
  const { width, height } = pen.canvas;
  const { data } = pen.getImageData(0, 0, width, height);
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[(y * width + x) * 4 + 3] < ALPHA_MIN) continue;
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  }
  if (right < left) return { x: 0, y: 0, w: width, h: height };
  return { x: left, y: top, w: right - left + 1, h: bottom - top + 1 };
}

/**
 * @param {number} width
 * @param {number} height
 */
function penOn(width, height) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Team} team
 */
function badge(pen, { code, color = '#9ca3b0' }) {
  const { width, height } = pen.canvas;
  pen.fillStyle = color;
  pen.beginPath();
  pen.roundRect(0, height * 0.08, width, height * 0.84, height * 0.12);
  pen.fill();
  pen.strokeStyle = inkOn(color);
  pen.globalAlpha = 0.5;
  pen.lineWidth = height * 0.04;
  pen.stroke();
  pen.globalAlpha = 1;
  const size = height * 0.46;
  pen.font = `800 ${size}px system-ui, sans-serif`;
  pen.textAlign = 'center';
  pen.fillStyle = inkOn(color);
  pen.fillText(code.slice(0, 3), width / 2, height / 2 + (size * CAPITAL) / 2, width * 0.86);
}
