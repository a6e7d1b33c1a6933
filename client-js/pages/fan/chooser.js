/**
 * The list of teams to choose from, found by any of their names or by code.
 *
 * Made when it is first opened: who never changes the team pays nothing for it.
 *
 * @import { Team } from '../../src/index.js'
 */

import { byId, make } from '../shared/elements.js';
import { showFlag } from '../shared/flag.js';
import { teamName, teamNames } from '../shared/names.js';
import { reader } from './language.js';

const dialog = /** @type {HTMLDialogElement} */ (byId('chooser'));
const search = /** @type {HTMLInputElement} */ (byId('search'));
const list = byId('teams');

/** @type {ReturnType<typeof row>[]} */
let rows = [];
/** @type {readonly Team[]} */
let offered = [];
/** @type {(team: Team) => void} */
let choose = () => {};
let own = '';

byId('close').onclick = () => dialog.close();
search.oninput = find;
// Enter takes the first that is found.
byId('finder').onsubmit = (event) => {
  event.preventDefault();
  rows.find(({ element }) => !element.hidden)?.button.click();
};
// A tap beside the sheet closes it.
dialog.addEventListener('click', (event) => void (event.target === dialog && dialog.close()));

/**
 * @param {readonly Team[]} teams
 * @param {(team: Team) => void} onChoice
 */
export function offer(teams, onChoice) {
  offered = teams;
  choose = onChoice;
  rows = [];
  if (dialog.open) fill();
}

/** @param {string | undefined} code of the team chosen so far: it stands first */
export function openChooser(code) {
  own = code ?? '';
  fill();
  search.value = '';
  find();
  dialog.showModal();
  list.scrollTop = 0;
}

function fill() {
  if (rows.length === 0) {
    const { compare } = new Intl.Collator(reader.locale);
    rows = offered
      .map((team) => ({ team, name: teamName(team, reader.locale) }))
      .sort((a, b) => compare(a.name, b.name))
      .map(({ team, name }) => row(team, name));
  }
  for (const { element, button, code } of rows) {
    button.ariaCurrent = code === own ? 'true' : null;
    element.classList.toggle('own', code === own);
  }
  const elements = rows.map(({ element }) => element);
  list.replaceChildren(...elements.filter(isOwn), ...elements.filter((element) => !isOwn(element)));
}

/** @param {HTMLElement} element */
const isOwn = (element) => element.classList.contains('own');

function find() {
  const wanted = plain(search.value);
  for (const { element, text } of rows) element.hidden = !text.includes(wanted);
  byId('none').hidden = rows.some(({ element }) => !element.hidden);
}

/**
 * @param {Team} team
 * @param {string} name
 */
function row(team, name) {
  const element = make('li', '');
  const button = make('button', '');
  const flag = make('span', 'flag');
  showFlag(flag, team);
  flag.ariaHidden = 'true';
  button.dataset.code = team.code;
  button.append(flag, make('span', 'name', name), make('span', 'soft', team.code));
  button.onclick = () => {
    dialog.close();
    choose(team);
  };
  element.append(button);
  return { element, button, code: team.code, text: plain(teamNames(team, reader.locale).join(' ')) };
}

/** @param {string} text without its accents: nobody types Å on the way to their seat */
const plain = (text) => text.normalize('NFD').replace(/\p{Mark}/gu, '').toLowerCase().trim();
