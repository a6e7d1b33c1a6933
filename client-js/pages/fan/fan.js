/**
 * The fan page: chooses the language, the event and the team, hands taps to the SDK, and shows what comes back.
 *
 * @import { Beat, Team } from '../../src/index.js'
 */

import { connect, rateOf, TapError } from '../../src/index.js';
import { answer } from './answer.js';
import { isHeld, strength } from '../shared/calm.js';
import { offer, openChooser } from './chooser.js';
import { moment, ServerClock } from './countdown.js';
import { byId } from '../shared/elements.js';
import { findEvent, whenItTurns } from './event.js';
import { showFlag } from '../shared/flag.js';
import { guessTeam, zoneCountry } from './guess.js';
import { chooseLocale, reader, say, sayMany, speak } from './language.js';
import { frame, untilLoaded } from '../shared/loading.js';
import { rememberCheers, rememberedCheers, rememberedSetting, rememberedTeam, rememberTeam } from './memory.js';
import { teamName } from '../shared/names.js';
import { onNoticeAct, paintNotice, paintStanding } from './notice.js';
import { exact, roughly } from '../shared/numbers.js';
import { Pad } from './pad.js';
import { Pulse } from './pulse.js';
import { ranking } from './ranking.js';
import { fillOf } from '../shared/scale.js';
import { paintRanking, paintRate, paintTeam, put, worldTotal } from './scene.js';
import { offerSettings } from './settings.js';
import { keepShell } from './shell.js';
import { canTap, standingOf } from './standing.js';
import { tellNowAndThen } from './summary.js';
import { tint } from '../shared/tint.js';
import { World } from './world.js';

/** The own team's beat goes on by itself, twice a second, whether anything new comes or not. */
const TICK_MS = 500;

const query = new URLSearchParams(location.search);
const spoken = speak(chooseLocale([query.get('lang'), rememberedSetting('language'), ...navigator.languages]));
const loading = untilLoaded(() => findEvent(query.get('event')), () => void spoken.then(showFailure));
const [info] = await Promise.all([loading, spoken]);

const client = connect({ event: info.id, info, ticket: () => query.get('ticket') ?? undefined });
const clock = new ServerClock(Date.now() - performance.now());
const pad = /** @type {HTMLButtonElement} */ (byId('pad'));
const fingers = new Pad(pad, byId('cheers'), byId('marks'), tap);

/** What is only to be seen is made once the button can be tapped. */
/** @type {Pulse | undefined} */
let pulse;
/** @type {World | undefined} */
let world;
/** @type {Team | undefined} */
let team;
/** Cheers of earlier visits. */
let cheersBefore = 0;
let eventState = info.state;
/** @type {Beat | undefined} */
let beat;
/** @type {{ t0_ms: number, beat_ms: number, teams_max: number, team: string | null }} */
let welcomed = { t0_ms: 0, beat_ms: 0, teams_max: 8, team: null };
let freshAt = performance.now();
let beatenAt = 0;
let wasLive = false;
let isHolding = false;
let refusal = '';

put(byId('event'), info.name);
document.title = info.name;
offer(info.teams, choose);
byId('change').onclick = () => openChooser(team?.code);
onNoticeAct((act) => (act === 'choose' ? openChooser(team?.code) : location.reload()));
addEventListener('pagehide', remember);

client.on('state', ({ name }) => {
  wasLive ||= name === 'live';
  show();
});
client.on('teams', (teams) => offer(teams, choose));
client.on('error', (error) => {
  if (error instanceof TapError && client.state.name !== 'closed') refuse();
});
client.on('welcome', (welcome) => {
  eventState = welcome.state;
  welcomed = welcome;
  const only = client.teams.find(({ code }) => code === welcome.team);
  if (only && only !== team) choose(only);
});
client.on('beat', (latest) => {
  beat = latest;
  if (!beat.flags.stale) {
    freshAt = performance.now();
    clock.hear(welcomed.t0_ms + beat.number * welcomed.beat_ms, freshAt);
  }
  // Nothing tells a fan that an event has opened, but that somebody is heard.
  if (eventState === 'scheduled' && beat.levels.some((level) => level > 0)) eventState = 'open';
  world?.beat(beat.levels, ownIndex());
  beatOnce();
  show();
});

choose(await firstTeam());

await frame();
pulse = new Pulse(/** @type {HTMLCanvasElement} */ (byId('pulse')), byId('ring'));
world = new World(info.teams);
repaint();
offerSettings({
  holding(isOn) {
    isHolding = fingers.holding = isOn;
    show();
  },
  language: (language) => void speak(language).then(repaint),
});
setInterval(tick, TICK_MS);
tellNowAndThen(summary);
keepShell(client);
whenItTurns(() => eventState, info, clock, (state) => {
  if (eventState === 'closed') location.reload();
  eventState = state;
  show();
});

/** Asked for, remembered, or guessed. */
async function firstTeam() {
  const known = (/** @type {string | null} */ wanted) => info.teams.find(({ code }) => code === wanted);
  const chosen = known(query.get('team')) ?? known(rememberedTeam());
  return chosen ?? guessTeam(info.teams, navigator.languages, () => zoneCountry().catch(() => undefined));
}

/** @param {Team | undefined} chosen */
function choose(chosen) {
  remember();
  team = chosen;
  refusal = '';
  if (team) {
    cheersBefore = rememberedCheers(info.id, team.code) - client.total(team.code);
    rememberTeam(team.code);
  }
  pulse?.clear();
  repaint();
}

/** All that depends on the team or the language. */
function repaint() {
  paintTeam(team);
  if (pulse) dress(pulse);
  offer(client.teams.length > 0 ? client.teams : info.teams, choose);
  show();
}

/** @param {Pulse} pulse */
function dress(pulse) {
  const style = getComputedStyle(document.documentElement);
  const ground = style.getPropertyValue('--raised').trim();
  pulse.paint(tint(team?.color || style.getPropertyValue('--pulse').trim(), ground), style.getPropertyValue('--soft'));
  fingers.dress((element) => team && showFlag(element, team));
}

function tap() {
  if (team === undefined) return;
  if (client.tap(team.code)) pulse?.tap();
  answer(team.code);
  put(byId('cheers'), exact(cheers()));
}

/** The last tap cannot count: too many teams, or not the ticket's. */
function refuse() {
  const only = client.teams.find(({ code }) => code === welcomed.team);
  refusal = only ? say('only', { team: teamName(only, reader.locale) }) : sayMany('tooMany', welcomed.teams_max);
  show();
}

function cheers() {
  return team ? cheersBefore + client.total(team.code) : 0;
}

function remember() {
  // What was given to a rehearsal is no memory.
  if (team && !beat?.flags.rehearsal) rememberCheers(info.id, team.code, cheers());
}

function ownIndex() {
  return client.teams.findIndex(({ code }) => code === team?.code);
}

function silence() {
  return performance.now() - freshAt;
}

function beatOnce() {
  beatenAt = performance.now();
  const part = strength(silence());
  const level = (beat?.levels[ownIndex()] ?? 0) * part;
  pulse?.beat(fillOf(level, Math.max(...(beat?.levels ?? [0]))));
  paintRate(beat && team ? rateOf(level) : undefined);
}

/** A heart goes on beating when a beat is late; it stops when it has long been silent. */
function tick() {
  if (performance.now() - beatenAt > TICK_MS * 1.3) beatOnce();
  show();
}

function standing() {
  const isSilent = isHeld(silence());
  const known = { event: eventState, hasTeam: team !== undefined, link: client.state, wasLive };
  return standingOf({ ...known, isOnline: navigator.onLine, isHeld: isSilent });
}

function show() {
  const now = standing();
  const places = beat ? ranking(client.teams, beat) : [];
  const mine = places.find((place) => place.team === team);
  put(byId('cheers'), exact(cheers()));
  byId('rehearsal').hidden = !beat?.flags.rehearsal;
  if (beat) paintRanking(places, team?.code);
  pad.disabled = !canTap(now);
  paintStanding(now, {
    isHolding,
    refusal,
    cheers: cheers(),
    owed: client.owed,
    rank: mine && `${say('finalRank')}: ${say('place', { n: exact(mine.rank) })}`,
    retry_ms: client.state.name === 'waiting' ? client.state.until - performance.now() : 0,
    opensIn_ms: info.opens_at_ms && info.opens_at_ms - clock.at(performance.now()),
    opensAt: info.opens_at_ms ? moment(info.opens_at_ms, reader.locale) : undefined,
  });
}

function summary() {
  if (!beat || !team || !canTap(standing())) return '';
  const places = ranking(client.teams, beat);
  const at = ownIndex();
  return say('summary', {
    team: teamName(team, reader.locale),
    rank: exact(places.findIndex((place) => place.team.code === team?.code) + 1),
    rate: roughly(rateOf(beat.levels[at] ?? 0)),
    own: exact(cheers()),
    world: exact(worldTotal(places)),
  });
}

function showFailure() {
  paintNotice({ title: say('noAnswer') });
}
