/**
 * What the button's half says: the call to tap, what becomes of taps without a network, and, where there is nothing to
 * tap, why not and what to do instead.
 *
 * @import { Standing } from './standing.js'
 * @import { Words } from './language.js'
 *
 * @typedef {object} Facts
 * @property {boolean} isHolding
 * @property {number} cheers of this fan
 * @property {string} [rank] of the own team
 * @property {number} owed taps that no server has been handed
 * @property {number} retry_ms until the next try
 * @property {number | undefined} opensIn_ms
 * @property {string | undefined} opensAt the moment, for people
 * @property {string} refusal why the last tap could not count, or nothing
 *
 * @typedef {{ title: string, big?: string, hint?: string, act?: Act }} Notice
 * @typedef {'choose' | 'here' | 'reload'} Act what its button does
 */

import { seconds, untilThen } from './countdown.js';
import { byId } from '../shared/elements.js';
import { reader, say, sayMany } from './language.js';
import { put } from './scene.js';
import { canTap } from './standing.js';

/** Fewer taps than this are on their way in the next frame: not worth a word. */
const OWED_WORTH_SAYING = 24;

/** @type {{ [standing in Standing]: keyof Words & string }} */
const LINE = {
  choose: 'live',
  connecting: 'connecting',
  live: 'live',
  held: 'held',
  offline: 'offline',
  full: 'busy',
  early: 'early',
  ended: 'ended',
  taken: 'closed',
  ticket: 'closed',
  refused: 'closed',
  missing: 'closed',
  outdated: 'closed',
};

/** @type {(act: Act) => void} */
let onAct = () => {};
/** @type {Act | undefined} */
let act;
byId('act').onclick = () => void (act && onAct(act));

/** @param {(act: Act) => void} listener */
export function onNoticeAct(listener) {
  onAct = listener;
}

/**
 * @param {Standing} standing
 * @param {Facts} facts
 */
export function paintStanding(standing, facts) {
  document.body.dataset.standing = standing;
  put(byId('line'), say(LINE[standing]));
  const isTapping = canTap(standing);
  byId('pad').hidden = !isTapping;
  byId('notice').hidden = isTapping;
  if (isTapping) paintPad(standing, facts);
  else {
    byId('chip').hidden = true;
    paintNotice(noticeOf(standing, facts));
  }
}

/**
 * @param {Standing} standing
 * @param {Facts} facts
 */
function paintPad(standing, { isHolding, owed, retry_ms, refusal }) {
  put(byId('call'), refusal || say(isHolding ? 'hold' : 'tap'));
  const chip = chipOf(standing, owed, retry_ms);
  byId('chip').hidden = chip === undefined;
  put(byId('chip-title'), chip?.[0] ?? '');
  put(byId('chip-hint'), chip?.[1] ?? '');
}

/**
 * @param {Standing} standing
 * @param {number} owed
 * @param {number} retry_ms
 * @returns {[title: string, hint: string] | undefined}
 */
function chipOf(standing, owed, retry_ms) {
  if (standing === 'full') return [say('full'), say('retryIn', { time: seconds(retry_ms, reader.locale) })];
  if (standing === 'offline' || standing === 'held') {
    return owed > 0 ? [sayMany('waiting', owed), say('kept')] : [say('kept'), ''];
  }
  return standing === 'live' && owed >= OWED_WORTH_SAYING ? [sayMany('catchingUp', owed), ''] : undefined;
}

/**
 * @param {Standing} standing
 * @param {Facts} facts
 * @returns {Notice}
 */
function noticeOf(standing, { cheers, rank, opensIn_ms, opensAt }) {
  switch (standing) {
    case 'early':
      if (opensIn_ms === undefined || opensIn_ms <= 0) return { title: say('opensSoon'), hint: say('ready') };
      return { title: say('opensIn'), big: untilThen(opensIn_ms, reader.locale), hint: opensAt };
    case 'ended':
      if (cheers === 0) return { title: say('over'), hint: say('thanks') };
      return { title: say('over'), big: sayMany('gave', cheers), hint: [rank, say('thanks')].filter(Boolean).join(' · ') };
    case 'taken':
      return { title: say('taken'), act: 'here' };
    case 'ticket':
      return { title: say('ticket'), hint: say('ticketHint') };
    case 'refused':
      return { title: say('refused'), hint: say('refusedHint') };
    case 'missing':
      return { title: say('missing'), hint: say('missingHint') };
    case 'outdated':
      return { title: say('outdated'), act: 'reload' };
    default:
      return { title: '', act: 'choose' };
  }
}

/** @param {Notice} notice */
export function paintNotice({ title, big = '', hint = '', act: does }) {
  for (const [id, words] of [['title', title], ['big', big], ['hint', hint]]) {
    put(byId(id), words);
    byId(id).hidden = words === '';
  }
  act = does;
  byId('act').hidden = does === undefined;
  if (does) put(byId('act'), say(does));
}
