/**
 * The list of teams to choose from, found by name or by code.
 *
 * @import { Team } from '../../src/index.js'
 */

import { byId, make } from '../shared/elements.js';

const dialog = /** @type {HTMLDialogElement} */ (byId('chooser'));
const search = /** @type {HTMLInputElement} */ (byId('search'));
const list = byId('teams');
byId('close').onclick = () => dialog.close();

/**
 * @param {readonly Team[]} teams
 * @param {(team: Team) => void} onChoice
 */
export function offer(teams, onChoice) {
  const rows = [...teams].sort((a, b) => a.name.localeCompare(b.name)).map((team) => row(team, onChoice));
  list.replaceChildren(...rows.map(({ element }) => element));
  search.oninput = () => {
    const wanted = plain(search.value);
    for (const { element, text } of rows) element.hidden = !text.includes(wanted);
  };
  // Enter takes the first that is found.
  byId('finder').onsubmit = (event) => {
    event.preventDefault();
    rows.find(({ element }) => !element.hidden)?.button.click();
  };
}

/** Opens the list, whole. */
export function openChooser() {
  search.value = '';
  search.dispatchEvent(new Event('input'));
  dialog.showModal();
}

/**
 * @param {Team} team
 * @param {(team: Team) => void} onChoice
 */
function row(team, onChoice) {
  const element = make('li', '');
  const button = make('button', '');
  button.dataset.code = team.code;
  button.append(make('span', 'flag', team.flag), make('span', 'name', team.name), make('span', 'soft', team.code));
  button.onclick = () => {
    dialog.close();
    onChoice(team);
  };
  element.append(button);
  return { element, button, text: plain(`${team.name} ${team.code}`) };
}

/** @param {string} text without its accents: nobody types Å on the way to their seat */
const plain = (text) => text.normalize('NFD').replace(/\p{Mark}/gu, '').toLowerCase().trim();
