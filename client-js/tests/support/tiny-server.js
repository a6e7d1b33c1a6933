/**
 * The smallest server a client can talk to over real sockets: it greets, beats, and remembers the totals it is told.
 *
 * For shells that are not browsers; what it says is built apart from `src/`.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';

import { WebSocketServer } from 'ws';

import { INFO } from './fan.js';
import { heard, key } from './wire.js';

const BEAT_MS = 100;

const WELCOME = {
  event: 'demo',
  state: 'open',
  session: 'first-session-of-22-ch',
  resumed: false,
  roster: INFO.roster,
  t0_ms: 0,
  beat_ms: BEAT_MS,
  taps_per_second: 16,
  teams_max: 8,
  team: null,
};

export async function tinyServer() {
  const http = createServer((_, answer) => {
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify(INFO));
  });
  const sockets = new WebSocketServer({ server: http, handleProtocols: () => 'cheer.v1' });
  /** @type {Map<number, number>} */
  const totals = new Map();
  sockets.on('connection', (socket) => {
    let number = 0;
    const beat = () => socket.send(key({ number: ++number, levels: [1, 2, 3] }));
    socket.send(JSON.stringify({ welcome: WELCOME }));
    beat();
    const beats = setInterval(beat, BEAT_MS);
    socket.on('close', () => clearInterval(beats));
    socket.on('message', (/** @type {Buffer} */ bytes) => {
      const { records } = heard(new Uint8Array(bytes).buffer);
      for (const [team, total] of records) totals.set(team, Math.max(total, totals.get(team) ?? 0));
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (http.address());
  return {
    url: `http://127.0.0.1:${port}`,
    /** The highest total it was told, by index of the team. */
    totals,
    async stop() {
      sockets.clients.forEach((socket) => socket.terminate());
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}
