/**
 * Where the server's addresses are, whichever of `http`, `https`, `ws` and `wss` its origin was given with.
 *
 * @param {string} origin such as `wss://cheer.example`; anything after the host is left out
 * @param {'http' | 'ws'} scheme secure where the origin is
 * @param {string} path
 * @param {{ [name: string]: string | number | undefined }} [query] what is undefined is left out
 * @returns {string}
 */
export function address(origin, scheme, path, query = {}) {
  const url = new URL(path, origin.replace(/^(ws|http)/, scheme));
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}
