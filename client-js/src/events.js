/**
 * Who listens to what.
 *
 * @template {{ [name: string]: any }} Map each event's name and what its listeners are given
 */
export class Events {
  /** @type {{ [Name in keyof Map]?: Set<(value: Map[Name]) => void> }} */
  #listeners = {};

  /**
   * @template {keyof Map} Name
   * @param {Name} name
   * @param {(value: Map[Name]) => void} listener
   * @returns {() => void} its unbind
   */
  on(name, listener) {
    const listeners = (this.#listeners[name] ??= new Set());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /**
   * One that throws harms neither the others nor the connection: its error ends as an unhandled rejection.
   *
   * @template {keyof Map} Name
   * @param {Name} name
   * @param {Map[Name]} value
   */
  emit(name, value) {
    this.#listeners[name]?.forEach(async (listener) => listener(value));
  }
}
