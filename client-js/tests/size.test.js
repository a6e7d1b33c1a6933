/**
 * What a page that imports the SDK ships, as a bundler leaves it: the budget of `package.json`, in bytes gzipped.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** @type {Record<string, number>} */
const BUDGET = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).budget;

/** @param {string} contents of a page's script */
async function shipped(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

test.each([
  ['connect', "import { connect } from './src/index.js'; globalThis.client = connect({ event: 'demo' });"],
  ['display', "import { display } from './src/index.js'; globalThis.feed = display({ event: 'demo' });"],
  ['all', "export * from './src/index.js';"],
])('%s fits its budget', async (name, page) => {
  const bytes = await shipped(page);
  console.log(`${name}: ${bytes} bytes gzipped`);
  expect(bytes).toBeLessThanOrEqual(BUDGET[name]);
  // A bundle of nothing would fit any budget.
  expect(bytes).toBeGreaterThan(1_000);
});
