/**
 * Everything a client needs of the world around it: sockets, time, chance, requests, and news of the page.
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
 * @typedef {object} World
 * @property {string} url the server's origin, with `http`, `https`, `ws` or `wss`
 * @property {(url: string, protocols: string[]) => Socket} socket
 * @property {Clock} clock
 * @property {() => number} random in [0, 1)
 * @property {(url: string) => Promise<Response>} fetch
 * @property {(listener: (news: 'awake' | 'leaving') => void) => () => void} page returns its unbind
 */

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
  page(listener) {
    if (typeof document === 'undefined') return () => {};
    const bound = new AbortController();
    const { signal } = bound;
    const awake = () => listener('awake');
    addEventListener('online', awake, { signal });
    addEventListener('pageshow', awake, { signal });
    addEventListener('pagehide', () => listener('leaving'), { signal });
    document.addEventListener('visibilitychange', () => listener(document.hidden ? 'leaving' : 'awake'), { signal });
    return () => bound.abort();
  },
};
