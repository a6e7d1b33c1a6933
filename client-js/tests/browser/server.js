/**
 * A real server of its own, for as long as a test file runs.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../../target/debug/beat-server', import.meta.url));
// Not handed on: the server takes every BEAT_ variable for a key of its configuration.
const { BEAT_SERVER: BINARY = BUILT, ...env } = process.env;
const ANYWHERE = '127.0.0.1:0';

/** Resolves once it has printed where fans and operators find it. */
export async function startServer() {
  const server = spawn(BINARY, ['--listen', ANYWHERE, '--admin', ANYWHERE, '--store', 'memory'], {
    env: { ...env, BEAT_DRAIN_WINDOW_MS: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  /** @param {string} name */
  const address = async (name) => {
    const { value = '' } = await lines.next();
    const [found, url] = value.split(/\s+/);
    if (found !== name) throw new Error(`${BINARY} said "${value}" where its address for ${name} was due`);
    return url;
  };
  return {
    fans: await address('fans'),
    admin: await address('admin'),
    async stop() {
      server.kill('SIGTERM');
      await exited;
    },
  };
}
