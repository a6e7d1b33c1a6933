/**
 * The sound of a tap: a small drum, made on the spot, tuned to the team.
 *
 * Loaded only once a fan has turned sound on. Knows nothing of taps but that there was one.
 */

/** Voices that may sound at once; a tap beyond is silent, not late. */
const VOICES_MAX = 6;
const RINGS_S = 0.16;

/** A scale without a wrong note: whoever sits beside whom, their drums agree. */
const PENTATONIC_HZ = [98, 110, 130.8, 146.8, 164.8, 196];

export class Drum {
  #audio = new AudioContext({ latencyHint: 'interactive' });
  #out = this.#audio.createGain();
  #voices = 0;

  constructor() {
    this.#out.gain.value = 0.5;
    this.#out.connect(this.#audio.destination);
  }

  /** @param {string} code of the team */
  hit(code) {
    if (this.#audio.state === 'suspended') void this.#audio.resume();
    if (this.#voices >= VOICES_MAX) return;
    this.#voices++;
    const now = this.#audio.currentTime;
    const pitch = PENTATONIC_HZ[[...code].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % PENTATONIC_HZ.length];
    const skin = this.#audio.createOscillator();
    const blow = this.#audio.createGain();
    skin.type = 'triangle';
    skin.frequency.setValueAtTime(pitch * 2.2, now);
    skin.frequency.exponentialRampToValueAtTime(pitch, now + 0.05);
    blow.gain.setValueAtTime(0.9, now);
    blow.gain.exponentialRampToValueAtTime(0.001, now + RINGS_S);
    skin.connect(blow).connect(this.#out);
    skin.onended = () => this.#voices--;
    skin.start(now);
    skin.stop(now + RINGS_S);
  }

  close() {
    return this.#audio.close();
  }
}
