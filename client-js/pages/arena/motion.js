/**
 * How things move: towards where they belong without ever swinging past it, and in the beat of a heart.
 *
 * Time is an argument. Nothing here can flash: see MAX_HZ.
 */

/** A frame that took longer was a pause (a hidden tab, a busy machine): nobody saw the way, so it is not made up for. */
const STEP_MAX_MS = 100;

/** The time between two frames, as far as it may move anything. */
export class Pace {
  #last = NaN;

  /** @param {number} now */
  step(now) {
    const step_ms = now - this.#last;
    this.#last = now;
    return step_ms > 0 ? Math.min(STEP_MAX_MS, step_ms) : 0;
  }
}

/** Critically damped: the quickest way that does not overshoot. */
export class Spring {
  #speed = 0;

  /**
   * @param {number} at where it stands
   * @param {number} span_ms about how long it is on its way
   */
  constructor(at, span_ms) {
    this.at = at;
    this.span_ms = span_ms;
  }

  /**
   * @param {number} target
   * @param {number} step_ms
   */
  toward(target, step_ms) {
    const pull = 2 / this.span_ms;
    const x = pull * step_ms;
    // e^-x, near enough and never above 1 (Game Programming Gems 4, 1.10).
    const fade = 1 / (1 + x + 0.48 * x * x + 0.235 * x * x * x);
    const away = this.at - target;
    const drift = (this.#speed + pull * away) * step_ms;
    this.#speed = (this.#speed - pull * drift) * fade;
    this.at = target + (away + drift) * fade;
    return this.at;
  }
}

const REST_HZ = 0.7;

/**
 * The fastest a wall may beat: 120 a minute. WCAG 2.2 (2.3.1) and the broadcasters' rules (ITU-R BT.1702) draw the line
 * at three flashes a second; one beat is one rise and one fall, and so at most one flash.
 */
export const MAX_HZ = 2;

/** The part of a beat in which it rises. */
const RISE = 0.3;

/** A heart that beats faster the louder it gets, and steps from beat to beat without a jump. */
export class Heart {
  /** Beats so far, the present one in part. */
  beats = 0;

  /**
   * @param {number} step_ms
   * @param {number} loudness 0 to 1
   * @returns {number} how far it is raised, 0 to 1
   */
  beat(step_ms, loudness) {
    const hz = REST_HZ + (MAX_HZ - REST_HZ) * Math.min(1, Math.max(0, loudness));
    this.beats += (hz * step_ms) / 1000;
    const way = this.beats % 1;
    if (way < RISE) return (1 - Math.cos((Math.PI * way) / RISE)) / 2;
    return (1 + Math.cos((Math.PI * (way - RISE)) / (1 - RISE))) / 2;
  }
}
