/**
 * The own team's heartbeat: a line that runs from right to left and beats as high as the team is loud, and a ring on
 * the button that beats with it.
 *
 * One path of a few dozen points a frame, one transform; nothing is drawn while the page is hidden, and nothing moves
 * for who wants no motion: the line is then drawn anew with each beat. Knows no server: it is told each beat.
 */

import { Glide } from '../../src/index.js';

/** How long a beat is seen, from its coming to its leaving. */
const SPAN_MS = 5_000;

/** A level glides to the next one over the time between two beats. */
const BETWEEN_MS = 500;

/** Own taps that are marked on the line: those of the quickest thumbs within the span. */
const MARKS_MAX = 80;

/**
 * A heart's beat as everybody has seen it: milliseconds after it came, and how high, from -1 to 1.
 *
 * @type {readonly [number, number][]}
 */
const HEARTBEAT = [
  [0, 0],
  [40, 0.12],
  [80, 0],
  [100, -0.14],
  [140, 1],
  [185, -0.3],
  [220, 0],
  [290, 0.2],
  [360, 0],
];

/** From the beginning of a beat to its end, and a little. */
const APART_MS = 380;

const RING_FADE_MS = 320;
const RATIO_MAX = 2;
const isCalm = matchMedia('(prefers-reduced-motion: reduce)');

export class Pulse {
  #canvas;
  #pen;
  #ring;
  #glide = new Glide(BETWEEN_MS);
  /** @type {{ at_ms: number, height: number }[]} */
  #beats = [];
  /** @type {number[]} */
  #taps = [];
  #color = '#888888';
  #soft = '#888888';
  #ratio = 1;
  #frame = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} ring
   */
  constructor(canvas, ring) {
    this.#canvas = canvas;
    this.#pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.#ring = ring;
    new ResizeObserver(() => this.#fit()).observe(canvas);
    document.addEventListener('visibilitychange', () => this.#go());
    this.#fit();
  }

  /**
   * @param {string} color of the line
   * @param {string} soft of the ground line
   */
  paint(color, soft) {
    this.#color = color;
    this.#soft = soft;
    this.#go();
  }

  /** Another team: its line begins anew. */
  clear() {
    this.#beats = [];
    this.#taps = [];
  }

  /** @param {number} height 0 to 1 */
  beat(height) {
    const now_ms = performance.now();
    this.#beats = this.#beats.filter(({ at_ms }) => now_ms - at_ms < SPAN_MS);
    const last = this.#beats.at(-1);
    // Two beats at once, as after a pause, are one to a heart.
    if (last && now_ms - last.at_ms < APART_MS) last.height = height;
    else this.#beats.push({ at_ms: now_ms, height });
    this.#glide.toward([height], now_ms);
    if (isCalm.matches && !document.hidden) this.#draw(now_ms + HEARTBEAT[HEARTBEAT.length - 1][0]);
    else this.#go();
  }

  tap() {
    this.#taps.push(performance.now());
    if (this.#taps.length > MARKS_MAX) this.#taps.shift();
    if (!isCalm.matches) this.#go();
  }

  #go() {
    if (this.#frame !== 0 || document.hidden || isCalm.matches) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const now_ms = performance.now();
      this.#draw(now_ms);
      // A line without a beat lies still, and costs nothing.
      const newest_ms = Math.max(this.#beats.at(-1)?.at_ms ?? 0, this.#taps.at(-1) ?? 0);
      if (now_ms - newest_ms < SPAN_MS) this.#go();
    });
  }

  /** @param {number} now_ms */
  #draw(now_ms) {
    const pen = this.#pen;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ground = height * 0.74;
    const tall = height * 0.64;
    /** @param {number} at_ms */
    const x = (at_ms) => width - 9 - ((now_ms - at_ms) * (width - 9)) / SPAN_MS;
    pen.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    pen.clearRect(0, 0, width, height);

    this.#markTaps(x, now_ms, height);

    pen.beginPath();
    pen.moveTo(0, ground);
    let end = ground;
    for (const { at_ms, height: loud } of this.#beats) {
      for (let i = 0; i < HEARTBEAT.length; i++) {
        const [after_ms, part] = HEARTBEAT[i];
        const y = ground - part * loud * tall;
        if (at_ms + after_ms > now_ms) {
          // The part of the stroke that has come so far.
          const [before_ms, before] = HEARTBEAT[Math.max(0, i - 1)];
          const way = (now_ms - at_ms - before_ms) / Math.max(1, after_ms - before_ms);
          end = ground - (before + (part - before) * Math.min(1, Math.max(0, way))) * loud * tall;
          break;
        }
        pen.lineTo(x(at_ms + after_ms), y);
        end = y;
      }
    }
    pen.lineTo(width - 9, end);
    pen.lineJoin = 'round';
    pen.lineCap = 'round';
    pen.lineWidth = 2.5;
    pen.strokeStyle = this.#color;
    pen.stroke();

    pen.fillStyle = this.#color;
    pen.beginPath();
    pen.arc(width - 9, end, 4.5, 0, 2 * Math.PI);
    pen.fill();
    this.#beatRing(now_ms);
  }

  /**
   * The fan's own part in it: a stroke beneath the line for each tap.
   *
   * @param {(at_ms: number) => number} x
   * @param {number} now_ms
   * @param {number} height
   */
  #markTaps(x, now_ms, height) {
    const pen = this.#pen;
    pen.beginPath();
    for (const at_ms of this.#taps) {
      if (now_ms - at_ms > SPAN_MS) continue;
      pen.moveTo(x(at_ms), height - 2);
      pen.lineTo(x(at_ms), height - 7);
    }
    pen.lineCap = 'butt';
    pen.lineWidth = 2;
    pen.strokeStyle = this.#soft;
    pen.stroke();
  }

  /** @param {number} now_ms */
  #beatRing(now_ms) {
    if (isCalm.matches) return;
    const loud = this.#glide.at(now_ms)[0] ?? 0;
    const since_ms = now_ms - (this.#beats.at(-1)?.at_ms ?? -Infinity);
    const kick = Math.exp(-since_ms / RING_FADE_MS);
    this.#ring.style.transform = `scale(${(0.72 + 0.34 * loud + 0.1 * kick * Math.min(1, loud * 3)).toFixed(4)})`;
  }

  #fit() {
    this.#ratio = Math.min(RATIO_MAX, devicePixelRatio);
    this.#canvas.width = Math.round(this.#canvas.clientWidth * this.#ratio);
    this.#canvas.height = Math.round(this.#canvas.clientHeight * this.#ratio);
    this.#go();
    if (isCalm.matches) this.#draw(performance.now());
  }
}
