/**
 * The same in words, for who does not see the wall: the page's own text, once a second, beside the loop that draws.
 *
 * @import { Frame, Phase } from './crowd.js'
 * @import { Stage } from './stage.js'
 */

import { byId, make } from '../shared/elements.js';

const TOP = 10;

/** @type {{ [phase in Phase]: string }} */
const LINE = {
  waiting: 'Connecting',
  scheduled: 'Opens soon',
  live: 'Live',
  held: 'Signal held',
  lost: 'Signal lost',
  final: 'Final',
};

/**
 * @param {Stage} stage
 * @param {Frame} frame
 */
export function tellSummary(stage, frame) {
  const { teams, numbers, title } = stage;
  say('event', title);
  say('line', LINE[frame.phase]);
  byId('rehearsal').hidden = !frame.isRehearsal;
  if (frame.phase === 'waiting') return;
  say('total', numbers.exact(frame.total));
  say('rate', `${stage.tell(frame, frame.told.rate)}${stage.unit(frame)}`);
  const list = byId('top');
  for (let rank = 0; rank < TOP && rank < teams.length; rank++) {
    const team = frame.told.order[rank];
    const row = list.children[rank] ?? list.appendChild(makeRow());
    const [place, name, rate, total] = row.children;
    place.textContent = String(rank + 1);
    name.textContent = teams[team].name;
    rate.textContent = `${stage.tell(frame, frame.told.values[team])}${stage.unit(frame)}`;
    total.textContent = numbers.exact(frame.totals[team]);
  }
}

/**
 * Said again, the same words would be read out again.
 *
 * @param {string} id
 * @param {string} words
 */
function say(id, words) {
  const element = byId(id);
  if (element.textContent !== words) element.textContent = words;
}

function makeRow() {
  const row = make('li', '');
  row.append(...['rank', 'name', 'rate', 'total'].map((part) => make('span', part)));
  return row;
}
