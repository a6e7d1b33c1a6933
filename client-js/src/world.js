/**
 * Everything a client needs of the world around it: sockets, time, chance, requests, storage, and news of the page.
 *
 * The only module that touches a global. Tests, or a shell that is not a browser, hand in their own.
 *
 * @typedef {object} Socket the part of a `WebSocket` that is used
 * @property {string} binaryType
 * @property {number} bufferedAmount bytes handed over and not yet sent
 * @property {((event: any) => void) | null} onmessage with `data`
 * @property {((event: any) => void) | null} onclose with `code` and `reason`
 * @property {(data: ArrayBuffer) => void} send
 * @property {(code: number) => void} close
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds, never backwards
 * @property {(ms: number, task: () => void) => () => void} after runs the task once, later; returns its cancel
 *
 * @typedef {object} Shelf the part of a `Storage` that is used
 * @property {(name: string) => string | null} getItem
 * @property {(name: string, value: string) => void} setItem
 *
 * @typedef {object} Answer the part of a `Response` that is used
 * @property {boolean} ok
 * @property {number} status
 * @property {() => Promise<any>} json
 *
 * @typedef {{ session: Shelf, local: Shelf }} Storages what a tab keeps over a reload, and what all tabs share
 *
 * @typedef {object} World
 * @property {string} url the server's origin, with `http`, `https`, `ws` or `wss`
 * @property {(url: string, protocols: string[]) => Socket} socket
 * @property {Clock} clock
 * @property {() => number} random in [0, 1)
 * @property {(url: string) => Promise<Answer>} fetch
 * @property {() => string | undefined} [ticket] what the organiser's site signed last, where the server asks for it
 * @property {Storages | null} storage null: a reload starts afresh
 * @property {(listener: (news: 'awake' | 'leaving') => void) => () => void} page returns its unbind
 */

const NEWS = ['online', 'pageshow', 'pagehide', 'visibilitychange'];

/** @type {World} */
export const browser = {
  url: globalThis.location?.origin ?? '',
  socket: (url, protocols) => new WebSocket(url, protocols),
  clock: {
    now: () => performance.now(),
    after(ms, task) {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  },
  random: () => Math.random(),
  fetch: (url) => fetch(url),
  get storage() {
    try {
      return { session: sessionStorage, local: localStorage };
    } catch {
      // A page that may keep nothing, or no page at all.
      return null;
    }
  },
  page(listener) {
    if (typeof document === 'undefined') return () => {};
    /** @param {{ type: string }} event */
    const look = ({ type }) => listener(document.hidden || type === 'pagehide' ? 'leaving' : 'awake');
    NEWS.forEach((type) => addEventListener(type, look));
    return () => NEWS.forEach((type) => removeEventListener(type, look));
  },
};
