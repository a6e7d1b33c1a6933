/**
 * What a page leaves to the next page of its tab, so that a reload goes on where it stood.
 *
 * Like a baton it is held by one at a time, and that is what keeps taps from counting twice. It is laid down when the
 * page may be about to go, and taken up once: by that page, if it stays after all, or by the next. A page in use has
 * nothing lying, so a tab duplicated from it finds nothing to copy; of one that is copied while it lies, both tabs know
 * by its id, which all tabs write down, that the other was quicker. A browser that keeps nothing starts afresh.
 *
 * @import { Carried } from './taps.js'
 * @import { Shelf, Storages } from './world.js'
 *
 * @typedef {Carried & { session?: string, id?: string }} Baton
 */

/** In `localStorage`: the ids taken up last. */
const TAKEN = 'beat:taken';

/** Of batons and of ids: far more than one tab has clients, and all tabs together reload in a minute. */
const KEPT_MAX = 64;

export class Batons {
  #storages;
  #key;

  /**
   * @param {Storages | null} storages
   * @param {string} key what the batons are good for
   */
  constructor(storages, key) {
    this.#storages = /** @type {Storages} */ (storages);
    this.#key = key;
  }

  /**
   * @param {Baton & { id: string }} baton its id is used once
   * @returns {boolean} whether it lies there now: storage may be none, forbidden or full
   */
  lay(baton) {
    try {
      const { session } = this.#storages;
      write(session, this.#key, [...read(session, this.#key), baton]);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * @param {string} [id] the first of several by default
   * @returns {Baton | undefined} undefined where there is none, or another tab has taken it up
   */
  take(id) {
    try {
      const { session, local } = this.#storages;
      const taken = read(local, TAKEN);
      const lying = read(session, this.#key).filter((baton) => !taken.includes(baton.id));
      const found = lying.find((baton) => baton.id === (id ?? baton.id));
      if (found) write(local, TAKEN, [...taken, found.id]);
      write(session, this.#key, lying.filter((baton) => baton !== found));
      return found;
    } catch {
      return undefined;
    }
  }
}

/**
 * @param {Shelf} shelf
 * @param {string} name
 * @returns {any[]}
 */
const read = (shelf, name) => JSON.parse(shelf.getItem(name) ?? '[]');

/**
 * @param {Shelf} shelf
 * @param {string} name
 * @param {unknown[]} list
 */
const write = (shelf, name, list) => shelf.setItem(name, JSON.stringify(list.slice(-KEPT_MAX)));
