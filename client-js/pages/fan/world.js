/**
 * The map of the world, once somebody wants to see it: its land is loaded then, and bubbles glide from beat to beat.
 *
 * @import { Team } from '../../src/index.js'
 */

import { Glide } from '../../src/index.js';
import { byId } from '../shared/elements.js';

const BETWEEN_MS = 500;

/** Bubbles grow slowly: a phone draws them every other frame and nobody sees it. */
const FRAME_MS = 30;

const list = byId('ranking');
const canvas = /** @type {HTMLCanvasElement} */ (byId('map'));
/** Both fit beside each other: no tabs then. */
const isWide = matchMedia('(min-width: 900px) and (min-height: 560px)');
const isDark = matchMedia('(prefers-color-scheme: dark)');
const isCalm = matchMedia('(prefers-reduced-motion: reduce)');

export class World {
  /** @type {import('../shared/map/map.js').BubbleMap | undefined} */
  #map;
  #glide = new Glide(BETWEEN_MS);
  #own = -1;
  #drawnAt = 0;
  #frame = 0;
  #arrivedAt = 0;
  #isChosen = false;
  #teams;

  /** @param {readonly Team[]} teams in the order of the roster */
  constructor(teams) {
    this.#teams = teams;
    byId('show-top').onclick = () => this.#choose(false);
    byId('show-map').onclick = () => this.#choose(true);
    isWide.onchange = () => this.#show();
    isDark.onchange = () => this.#map?.paint(colours());
    document.addEventListener('visibilitychange', () => this.#go());
    this.#show();
  }

  /**
   * @param {ArrayLike<number>} levels
   * @param {number} own index of the own team, -1: none
   */
  beat(levels, own) {
    this.#own = own;
    this.#arrivedAt = performance.now();
    this.#glide.toward(levels, this.#arrivedAt);
    this.#go();
  }

  /** @param {boolean} isMap */
  #choose(isMap) {
    this.#isChosen = isMap;
    this.#show();
  }

  #show() {
    byId('show-top').ariaPressed = String(!this.#isChosen);
    byId('show-map').ariaPressed = String(this.#isChosen);
    list.hidden = this.#isChosen && !isWide.matches;
    canvas.hidden = !this.#isChosen && !isWide.matches;
    if (!canvas.hidden) void this.#load();
  }

  async #load() {
    if (this.#map === undefined) {
      const { BubbleMap } = await import('../shared/map/map.js').catch(() => ({ BubbleMap: undefined }));
      if (BubbleMap === undefined) return; // without a network: the next look at the map asks again
      this.#map ??= new BubbleMap(canvas, this.#teams, colours());
    }
    this.#go();
  }

  #go() {
    if (this.#frame !== 0 || this.#map === undefined || canvas.hidden || document.hidden) return;
    this.#frame = requestAnimationFrame((now_ms) => {
      this.#frame = 0;
      const rests = performance.now() - this.#arrivedAt > BETWEEN_MS;
      if (rests || now_ms - this.#drawnAt >= FRAME_MS) {
        this.#drawnAt = now_ms;
        // Without motion bubbles jump to where they belong, twice a second.
        this.#map?.draw(this.#glide.at(isCalm.matches ? Infinity : performance.now()), this.#own);
      }
      if (!rests && !isCalm.matches) this.#go();
    });
  }
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const color = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return { ground: color('--raised'), land: color('--land'), ring: color('--ink'), house: color('--pulse') };
}
