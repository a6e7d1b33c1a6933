/**
 * The package as those get it who install it: packed, installed in an empty project, imported from there.
 */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { tinyServer } from './support/tiny-server.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** @type {string} */
let project;
/** @type {string[]} */
let files;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'beat-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: ROOT });
  const [packed] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))));
  files = packed.files.map((/** @type {{ path: string }} */ { path }) => path);
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(project, packed.filename)], { cwd: project });
}, 60_000);

afterAll(() => rm(project, { recursive: true, force: true }));

/** @param {string} name */
const inHere = (name) => join(ROOT, 'node_modules', name);

test('it brings code and types, no test, no page, and needs nothing else', async () => {
  expect(files).toEqual(expect.arrayContaining(['src/index.js', 'widget/element.js', 'types/src/index.d.ts', 'README.md']));
  expect(files.filter((path) => !/^(src|types|widget)\/|^(package\.json|README\.md)$/.test(path))).toEqual([]);
  const { dependencies } = JSON.parse(await readFile(join(project, 'node_modules/make-the-beat/package.json'), 'utf8'));
  expect(dependencies).toBeUndefined();
});

/** @param {string} source */
async function compile(source) {
  await writeFile(join(project, 'main.ts'), source);
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom', '--types', ''];
  const compiler = join(inHere('typescript'), 'bin/tsc');
  return run(process.execPath, [compiler, ...options, 'main.ts'], { cwd: project }).then(
    () => '',
    ({ stdout }) => stdout,
  );
}

test('TypeScript at its strictest knows its types', async () => {
  const good = `
    import { BeatError, connect, display, Glide, rateOf, type Beat, type ErrorCode, type LinkState } from 'make-the-beat';
    import 'make-the-beat/widget';

    const client = connect({ event: 'demo', team: 'JPN', url: 'wss://cheer.example', start: false });
    const unbind: () => void = client.on('beat', ({ levels, totals, age_ms }: Beat) => {
      const rate: number = rateOf(levels[0]) + totals[0] + age_ms;
    });
    client.on('error', (error: BeatError) => {
      const code: ErrorCode = error.code;
      const what: string = error.advice;
    });
    client.on('counted', ({ team, told, owed, confirmed }) => { const sum: number = told + owed + confirmed; });
    client.on('state', (state: LinkState) => {
      if (state.name === 'closed') { const why: 'event_closed' | (typeof state)['cause'] = state.cause; }
      if (state.name === 'waiting') { const until: number = state.until; }
    });
    const counts: boolean = client.tap('FRA');
    client.open();
    unbind();
    const feed = display({ event: 'demo', top: 10 });
    feed.on('beat', ({ teams }) => { const first: string = teams[0].code; });
    const glide = new Glide(100);
    const shown: Float32Array = glide.at(0);
  `;
  expect(await compile(good)).toBe('');
  expect(await compile(`import { connect } from 'make-the-beat';\nconnect({ event: 7 });`)).toMatch(/number.*string/);
  expect(await compile(`import { connect } from 'make-the-beat';\nconnect({ event: 'demo' }).on('beet', () => {});`)).toMatch(
    'beet',
  );
}, 60_000);

test('a plain script in Node counts with a socket handed in', async () => {
  const server = await tinyServer();
  await mkdir(join(project, 'node_modules'), { recursive: true });
  await symlink(inHere('ws'), join(project, 'node_modules/ws'));
  await writeFile(
    join(project, 'main.js'),
    `import WebSocket from 'ws';
     import { connect } from 'make-the-beat';

     const client = connect({
       url: process.argv[2], event: 'demo', team: 'JPN',
       socket: (url, protocols) => new WebSocket(url, protocols),
     });
     client.on('error', (error) => { throw error; });
     client.tap();
     client.tap();
     client.on('beat', ({ levels }) => {
       const { tapped, told, owed } = client.counted();
       if (owed > 0) return;
       console.log(JSON.stringify({ tapped, told, teams: client.teams.length, levels: [...levels] }));
       client.close();
     });`,
  );
  const { stdout } = await run(process.execPath, ['main.js', server.url], { cwd: project, timeout: 20_000 });
  await server.stop();
  // It ends by itself: nothing of a closed client keeps a process alive.
  expect(JSON.parse(stdout)).toEqual({ tapped: 2, told: 2, teams: 3, levels: [1, 2, 3] });
  expect(server.totals.get(0)).toBe(2);
}, 30_000);
