/**
 * What a tap gives back besides the picture: a sound where it is wanted, a touch where the phone can.
 */

/** Felt, and over before the next tap of the quickest thumbs. */
const TOUCH_MS = 12;

export const canVibrate = 'vibrate' in navigator && matchMedia('(pointer: coarse)').matches;

/** @type {import('./sound.js').Drum | undefined} */
let drum;
let vibrates = false;

/** @param {boolean} isOn called from a gesture, or it stays silent until the next one */
export async function setSound(isOn) {
  if (isOn) drum ??= new (await import('./sound.js')).Drum();
  else {
    void drum?.close();
    drum = undefined;
  }
}

/** @param {boolean} isOn */
export function setVibration(isOn) {
  vibrates = isOn && canVibrate;
}

/** @param {string} code of the team */
export function answer(code) {
  drum?.hit(code);
  // Before the first whole gesture a browser refuses, and says so on its console.
  if (vibrates && navigator.userActivation?.hasBeenActive !== false) navigator.vibrate(TOUCH_MS);
}
