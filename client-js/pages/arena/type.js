/**
 * Writing on the canvas: words that fit, and figures that stand still.
 *
 * Every size is that of the font in device pixels; places are where a capital's foot stands. Figures are set in cells of
 * one width, since a platform's own face may have none such and a canvas cannot ask for them.
 */

/** The height of a capital, as a part of the size of its font: 0.70 to 0.73 in the faces that systems come with. */
export const CAPITAL = 0.72;

const FACE = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** No word is made smaller than this to fit; what is longer still ends in an ellipsis. */
const SHRINK_MIN = 0.7;

const DIGIT = /\p{Nd}/u;

/** How many fitted words are remembered: a roster in a few sizes. */
const FITS_MAX = 2_000;

/** How large a unit is beside its figures. */
const UNIT = 0.52;

/**
 * @typedef {{ color?: string, weight?: number, align?: 'left' | 'right' | 'center', max?: number }} Look `max`: width
 * @typedef {Look & { unit?: string }} FiguresLook `unit`: small, behind the figures
 */

export class Type {
  #pen;
  /** @type {Map<string, { words: string, size: number }>} */
  #fits = new Map();
  /** @type {Map<string, number>} the widest digit of a font */
  #cells = new Map();
  /** @type {string[]} of the language */
  #digits;

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {string} lang
   */
  constructor(pen, lang) {
    this.#pen = pen;
    const tell = new Intl.NumberFormat(lang);
    this.#digits = Array.from({ length: 10 }, (_, digit) => tell.format(digit));
  }

  /**
   * @param {string} words
   * @param {number} x of the edge, or the middle, that `align` names
   * @param {number} y of the feet of its capitals
   * @param {number} size
   * @param {Look} [look]
   */
  words(words, x, y, size, { color, weight = 800, align = 'left', max = Infinity } = {}) {
    const pen = this.#pen;
    const fit = max < Infinity ? this.fit(words, size, weight, max) : { words, size };
    pen.font = font(fit.size, weight);
    pen.textAlign = align;
    if (color) pen.fillStyle = color;
    pen.fillText(fit.words, x, y);
  }

  /**
   * @param {string} words
   * @param {number} size
   * @param {number} [weight]
   */
  width(words, size, weight = 800) {
    this.#pen.font = font(size, weight);
    return this.#pen.measureText(words).width;
  }

  /**
   * @param {string} figures may hold letters too, such as `1.2K`
   * @param {number} x
   * @param {number} y
   * @param {number} size
   * @param {FiguresLook} [look]
   */
  figures(figures, x, y, size, { color, weight = 800, align = 'left', max = Infinity, unit = '' } = {}) {
    const pen = this.#pen;
    let width = this.figuresWidth(figures, size, unit, weight);
    if (width > max) {
      size *= max / width;
      width = this.figuresWidth(figures, size, unit, weight);
    }
    const cell = this.#cell(size, weight);
    pen.font = font(size, weight);
    pen.textAlign = 'left';
    if (color) pen.fillStyle = color;
    let at = x - (align === 'right' ? width : align === 'center' ? width / 2 : 0);
    for (const sign of figures) {
      const own = pen.measureText(sign).width;
      const room = DIGIT.test(sign) ? cell : own;
      pen.fillText(sign, at + (room - own) / 2, y);
      at += room;
    }
    if (unit === '') return;
    pen.font = font(size * UNIT, weight);
    pen.fillText(unit, at + size * UNIT * 0.1, y);
  }

  /**
   * @param {string} figures
   * @param {number} size
   * @param {string} [unit]
   * @param {number} [weight]
   */
  figuresWidth(figures, size, unit = '', weight = 800) {
    const cell = this.#cell(size, weight);
    let width = unit === '' ? 0 : this.width(unit, size * UNIT, weight) + size * UNIT * 0.1;
    this.#pen.font = font(size, weight);
    for (const sign of figures) width += DIGIT.test(sign) ? cell : this.#pen.measureText(sign).width;
    return width;
  }

  /**
   * The size at which words are no wider than that, and where that would be too small, fewer of them.
   *
   * @param {string} words
   * @param {number} size
   * @param {number} weight
   * @param {number} max
   */
  fit(words, size, weight, max) {
    const key = `${words}|${Math.round(size)}|${weight}|${Math.round(max)}`;
    const known = this.#fits.get(key);
    if (known) return known;
    if (this.#fits.size >= FITS_MAX) this.#fits.clear();
    const width = this.width(words, size, weight);
    const fitted = { words, size: width > max ? Math.max(size * SHRINK_MIN, (size * max) / width) : size };
    const letters = [...words];
    while (letters.length > 1 && this.width(fitted.words, fitted.size, weight) > max) {
      letters.pop();
      fitted.words = `${letters.join('').trimEnd()}…`;
    }
    this.#fits.set(key, fitted);
    return fitted;
  }

  /**
   * @param {number} size
   * @param {number} weight
   */
  #cell(size, weight) {
    const name = font(size, weight);
    const known = this.#cells.get(name);
    if (known) return known;
    if (this.#cells.size >= FITS_MAX) this.#cells.clear();
    this.#pen.font = name;
    const cell = Math.max(...this.#digits.map((digit) => this.#pen.measureText(digit).width));
    this.#cells.set(name, cell);
    return cell;
  }
}

/**
 * @param {number} size
 * @param {number} weight
 */
const font = (size, weight) => `${weight} ${Math.round(size)}px ${FACE}`;
