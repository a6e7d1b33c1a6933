/**
 * Keeps a copy of the page for times without a network, by the service worker in `sw.js`.
 *
 * The copy is of what has just been loaded and works, all of it or nothing. A page that came from the copy asks, once it
 * is connected, whether the server has a newer one, and if so begins anew when no tap is waiting.
 *
 * @import { Client } from '../../src/client.js'
 */

/** Words and the map may still come after the page has started. */
const SETTLED_MS = 4_000;
const CALM_MS = 1_000;

/** @param {Client} client */
export async function keepShell(client) {
  if (!('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register('/sw.js');
  } catch {
    return; // not served here, or forbidden: the page does without
  }
  navigator.serviceWorker.addEventListener('message', ({ data }) => {
    if (data === 'outdated') beginAnew(client);
  });
  const unbind = client.on('state', ({ name }) => name === 'live' && settle());
  if (client.state.name === 'live') settle();

  function settle() {
    unbind();
    setTimeout(async () => (await navigator.serviceWorker.ready).active?.postMessage(loaded()), SETTLED_MS);
  }
}

/** The addresses of all that makes up this page, and nothing that moves. */
function loaded() {
  const addresses = performance.getEntriesByType('resource').map(({ name }) => new URL(name));
  const ours = addresses.filter(({ origin, pathname }) => origin === location.origin && isKept(pathname));
  const keep = [...new Set(ours.map(({ pathname, search }) => pathname + search))];
  return { page: location.pathname + location.search, keep };
}

/** @param {string} path */
const isKept = (path) => /^\/(client|v1\/events)\b/.test(path) && !/\/(ws|feed|beat)$/.test(path);

/** @param {Client} client */
function beginAnew(client) {
  const timer = setInterval(() => {
    if (client.owed > 0 || client.state.name !== 'live') return;
    clearInterval(timer);
    location.reload();
  }, CALM_MS);
}
