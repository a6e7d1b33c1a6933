/**
 * What a fan can set: sound, vibration, holding instead of tapping, the language. Each is remembered.
 */

import { canVibrate, setSound, setVibration } from './answer.js';
import { byId, make } from '../shared/elements.js';
import { languageOf, LANGUAGES, reader } from './language.js';
import { rememberedSetting, rememberSetting } from './memory.js';

const dialog = /** @type {HTMLDialogElement} */ (byId('settings'));
const languages = /** @type {HTMLSelectElement} */ (byId('language'));

/**
 * @param {object} told
 * @param {(isOn: boolean) => void} told.holding
 * @param {(language: string) => void} told.language
 */
export function offerSettings({ holding, language }) {
  byId('open-settings').onclick = () => dialog.showModal();
  byId('close-settings').onclick = () => dialog.close();
  dialog.addEventListener('click', (event) => void (event.target === dialog && dialog.close()));

  bind('sound', false, setSound);
  bind('vibration', true, setVibration);
  bind('holding', false, holding);
  byId('vibration').closest('label')?.toggleAttribute('hidden', !canVibrate);

  languages.append(...LANGUAGES.map(option));
  languages.value = languageOf(reader.locale);
  languages.onchange = () => {
    rememberSetting('language', languages.value);
    language(languages.value);
  };
}

/**
 * @param {string} name
 * @param {boolean} isOnAtFirst
 * @param {(isOn: boolean) => void} set
 */
function bind(name, isOnAtFirst, set) {
  const box = /** @type {HTMLInputElement} */ (byId(name));
  const remembered = rememberedSetting(name);
  box.checked = remembered === null ? isOnAtFirst : remembered === 'on';
  box.onchange = () => {
    rememberSetting(name, box.checked ? 'on' : 'off');
    set(box.checked);
  };
  set(box.checked);
}

/** @param {string} language called as those who speak it call it */
function option(language) {
  const name = new Intl.DisplayNames(language, { type: 'language' }).of(language) ?? language;
  const element = make('option', '', name);
  element.value = language;
  element.lang = language;
  return element;
}
