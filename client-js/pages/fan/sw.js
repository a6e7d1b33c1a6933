/**
 * The page without a network: a service worker that keeps one copy of it, whole, and uses it only when the network fails.
 *
 * A page is made of modules that fit each other. So each load is served from one place: what begins on the network stays
 * on it, and what begins from the copy is served from the copy. A copy is named by a digest of its files' tags and valid
 * once its last entry is written; the one before it goes then. Knows nothing of what the files are for.
 */

const COPY = 'shell:';
const COMPLETE = '/complete';

/** A network that has not even begun to answer by then is taken for none. */
const PATIENCE_MS = 4_000;

/** @type {any} */
const worker = self;

/** Pages that began from the copy, by their clients' ids. */
const fromCopy = new Set();

worker.addEventListener('install', () => worker.skipWaiting());
worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request, clientId, resultingClientId } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate' && pathname === '/') event.respondWith(begin(request, resultingClientId));
  else if (fromCopy.has(clientId)) event.respondWith(found(pathname + search).then((kept) => kept ?? fetch(request)));
});

worker.addEventListener('message', (/** @type {any} */ event) => {
  if (event.data.keep) event.waitUntil(keep(event.data, event.source));
});

/**
 * @param {Request} request
 * @param {string} client
 */
async function begin(request, client) {
  const copy = await found('/');
  try {
    return await (copy ? Promise.race([fetch(request), impatience()]) : fetch(request));
  } catch (error) {
    if (copy === undefined) throw error;
    fromCopy.add(client);
    return copy;
  }
}

const impatience = () => new Promise((_, fail) => setTimeout(() => fail(new Error('no answer yet')), PATIENCE_MS));

/**
 * Copies what a page has just loaded from the browser's own cache, where it still lies; for a page that came from the
 * copy, asks the server for each file whether there is a newer one, and tells the page if there was.
 *
 * @param {{ page: string, keep: string[] }} loaded the page's own address, and those of all it has loaded
 * @param {any} client
 */
async function keep({ page, keep: addresses }, client) {
  const cache = fromCopy.has(client.id) ? 'no-cache' : 'force-cache';
  const files = await Promise.all(
    [page, ...addresses].map(async (address, at) => {
      const response = await fetch(address, { cache });
      return { address: at === 0 ? '/' : address, response, tag: await tagOf(response) };
    }),
  );
  if (!files.every(({ response }) => response.ok)) return;
  // Events open and close: they are kept, but make no page another one.
  const code = files.filter(({ address }) => !address.startsWith('/v1/'));
  const known = await Promise.all(code.map(async ({ address }) => tagOf(await found(address))));
  const name = COPY + (await digest(code.map(({ address, tag }) => `${address} ${tag}`).join()));
  const before = await copies();

  const copy = await caches.open(name);
  await Promise.all(files.map(({ address, response }) => copy.put(address, response)));
  await copy.put(COMPLETE, new Response());
  await Promise.all(before.filter((old) => old !== name).map((old) => caches.delete(old)));
  const isOutdated = code.some(({ tag }, at) => known[at] !== undefined && known[at] !== tag);
  if (cache === 'no-cache' && isOutdated) client.postMessage('outdated');
}

/**
 * What tells a file from a newer one: its tag, or of a page the digest of all but the event that it carries.
 *
 * @param {Response | undefined} file
 */
async function tagOf(file) {
  if (!file?.headers.get('content-type')?.startsWith('text/html')) return file?.headers.get('etag');
  return digest((await file.clone().text()).replace(/(<script [^>]*id="info">)[^<]*/, '$1'));
}

/** @param {string} address */
async function found(address) {
  for (const name of await copies()) {
    const copy = await caches.open(name);
    const response = (await copy.match(COMPLETE)) && (await copy.match(address));
    if (response) return response;
  }
  return undefined;
}

const copies = async () => (await caches.keys()).filter((name) => name.startsWith(COPY));

/** @param {string} text */
async function digest(text) {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(bytes, 0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
