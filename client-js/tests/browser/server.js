/**
 * A real server of its own, for as long as a test file runs; it can be killed and come back where it was.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../../target/debug/beat-server', import.meta.url));
// Not handed on: the server takes every BEAT_ variable for a key of its configuration.
const { BEAT_SERVER: BINARY = BUILT, ...env } = process.env;
const ANYWHERE = '127.0.0.1:0';

/**
 * @typedef {object} ServerOptions
 * @property {string} [config] the text of a TOML file, as in `server/beat.example.toml`; by default one event `demo`
 * @property {number} [drain_ms] over how long `stop()` sends its fans away; 0 by default
 * @property {boolean} [keeps] whether totals outlive the process, in a folder of its own; by default they do not
 */

/**
 * Resolves once it has printed where fans and operators find it.
 *
 * @param {ServerOptions} [options]
 */
export async function startServer({ config = '', drain_ms = 0, keeps = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'beat-'));
  const file = join(folder, 'beat.toml');
  await writeFile(file, config);
  const store = keeps ? `embedded:${join(folder, 'data')}` : 'memory';

  /** @param {{ listen: string, admin: string }} at */
  const start = ({ listen, admin }) =>
    run(['--config', file, '--listen', listen, '--admin', admin, '--store', store], drain_ms);
  let running = await start({ listen: ANYWHERE, admin: ANYWHERE });
  const { fans, admin } = running;

  /** @param {NodeJS.Signals} signal */
  async function end(signal) {
    running.process.kill(signal);
    await running.exited;
  }

  return {
    /** Where fans come in. */
    fans,
    /** Where operators do. */
    admin,
    /** Ends it as a power cut would. */
    kill: () => end('SIGKILL'),
    /** Ends it as planned. */
    drain: () => end('SIGTERM'),
    /** After `kill()` or `drain()`: starts it again, at the same addresses. */
    async restart() {
      running = await start({ listen: new URL(fans).host, admin: new URL(admin).host });
    },
    /**
     * What an operator asks for.
     *
     * @param {string} path such as `/v1/events/demo/close`
     */
    operate: (path) => fetch(new URL(path, admin), { method: 'POST' }),
    /**
     * The latest beat, as displays see it.
     *
     * @param {string} [event]
     * @returns {Promise<import('../../src/index.js').FeedBeat>}
     */
    beat: async (event = 'demo') => (await fetch(new URL(`/v1/events/${event}/beat`, fans))).json(),
    /** Ends it for good. */
    async stop() {
      if (running.process.exitCode === null && running.process.signalCode === null) await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * @param {string[]} flags
 * @param {number} drain_ms
 */
async function run(flags, drain_ms) {
  const server = spawn(BINARY, flags, {
    env: { ...env, BEAT_DRAIN_WINDOW_MS: String(drain_ms) },
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
  return { process: server, exited, fans: await address('fans'), admin: await address('admin') };
}
