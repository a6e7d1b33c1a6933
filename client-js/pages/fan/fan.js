/**
 * The fan page: chooses the event and the team, hands taps to the SDK, and shows what comes back.
 *
 * @import { Beat, LinkState, Team } from '../../src/index.js'
 */

import { connect, loadEvent, loadEvents, TapError } from '../../src/index.js';
import { isHeld, strength } from '../shared/calm.js';
import { offer, openChooser } from './chooser.js';
import { byId } from '../shared/elements.js';
import { pause, untilLoaded } from '../shared/loading.js';
import { rememberCheers, rememberedCheers, rememberedTeam, rememberTeam } from './memory.js';
import { exact } from '../shared/numbers.js';
import { listen } from './pad.js';
import { ranking } from './ranking.js';
import { beatOnce, paintRanking, paintTeam } from './scene.js';

/** The own team's beat goes on by itself, twice a second, whether anything new comes or not. */
const TICK_MS = 500;

/** How soon a page that came early asks whether the event has opened; up to twice that, so that not all ask as one. */
const OPEN_YET_MS = 5_000;

const LINE_WORDS = { idle: 'Connecting', connecting: 'Connecting', live: 'Live', waiting: 'Offline, taps are kept', closed: 'Ended' };

/** @type {{ [closeCode: number]: string }} */
const ENDINGS = {
  4509: 'You cheer somewhere else now. Reload to cheer here.',
  4510: 'The cheering has ended. Thank you!',
};

const pad = /** @type {HTMLButtonElement} */ (byId('pad'));
const query = new URLSearchParams(location.search);

const info = await untilLoaded(findEvent, showFailure);
const client = connect({ event: info.id, info, ticket: () => query.get('ticket') ?? undefined });

/** @type {Team | undefined} */
let team;
/** Cheers of earlier visits. */
let cheersBefore = 0;
let eventState = info.state;
/** @type {Beat | undefined} */
let beat;
let freshAt = performance.now();
let refusal = '';

byId('event').textContent = info.name;
document.title = info.name;
offer(info.teams, choose);
byId('change').onclick = openChooser;
listen(pad, byId('cheers'), tap);
addEventListener('pagehide', remember);
setInterval(tick, TICK_MS);

client.on('state', show);
client.on('teams', (teams) => offer(teams, choose));
client.on('error', (error) => {
  if (error instanceof TapError) refusal = error.message;
});
client.on('welcome', (welcome) => {
  eventState = welcome.state;
  const only = client.teams.find(({ code }) => code === welcome.team);
  if (only) choose(only);
});
client.on('beat', (latest) => {
  beat = latest;
  if (!beat.flags.stale) freshAt = performance.now();
  show();
});

const wanted = query.get('team') ?? rememberedTeam();
const known = info.teams.find(({ code }) => code === wanted);
if (known) choose(known);
else openChooser();
untilOpen();

/** @param {Team} chosen */
function choose(chosen) {
  remember();
  team = chosen;
  refusal = '';
  cheersBefore = rememberedCheers(info.id, team.code) - client.total(team.code);
  rememberTeam(team.code);
  paintTeam(team);
  show();
}

function tap() {
  if (team) client.tap(team.code);
  showCheers();
}

function cheers() {
  return team ? cheersBefore + client.total(team.code) : 0;
}

function remember() {
  if (team) rememberCheers(info.id, team.code, cheers());
}

function tick() {
  const at = client.teams.findIndex(({ code }) => code === team?.code);
  const silence_ms = performance.now() - freshAt;
  beatOnce(beat?.levels[at] ?? 0, strength(silence_ms), isHeld(silence_ms));
  show();
}

function show() {
  showCheers();
  showLine(client.state);
  byId('rehearsal').hidden = !beat?.flags.rehearsal;
  if (beat) paintRanking(ranking(client.teams, beat), team?.code);
  pad.disabled = team === undefined || eventState !== 'open' || client.state.name === 'closed';
  byId('call').textContent = callFor(client.state);
}

function showCheers() {
  byId('cheers').textContent = exact(cheers());
}

/** @param {LinkState} state */
function showLine({ name }) {
  const isSilent = name === 'live' && isHeld(performance.now() - freshAt);
  const line = byId('line');
  const words = isSilent ? 'Signal held' : LINE_WORDS[name];
  line.dataset.state = isSilent ? 'held' : name;
  // Said again, the same words would be read out again.
  if (line.textContent !== words) line.textContent = words;
}

/** @param {LinkState} state */
function callFor(state) {
  if (state.name === 'closed') return ENDINGS[state.code] ?? 'This page can cheer no more. Reload it to try again.';
  if (refusal) return refusal;
  if (eventState === 'scheduled') return 'Opens soon';
  if (eventState === 'closed') return ENDINGS[4510];
  return team ? `Tap to cheer for ${team.name}` : 'Choose your team to cheer';
}

/** The event asked for; else the first that is open; else the first. */
async function findEvent() {
  const asked = query.get('event');
  if (asked) return loadEvent({ event: asked });
  const events = await loadEvents();
  const event = events.find(({ state }) => state === 'open') ?? events[0];
  if (event === undefined) throw new Error('no event yet');
  return loadEvent({ event: event.id });
}

async function untilOpen() {
  while (eventState === 'scheduled') {
    await pause(OPEN_YET_MS * (1 + Math.random()));
    eventState = (await untilLoaded(() => loadEvent({ event: info.id }), showFailure)).state;
  }
  show();
}

/** @param {unknown} error */
function showFailure(error) {
  byId('line').textContent = error instanceof Error ? error.message : String(error);
}
