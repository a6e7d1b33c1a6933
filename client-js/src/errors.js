/**
 * What can go wrong without ending anything: a code for programs, and what to do, for people.
 *
 * @typedef {keyof typeof ADVICE} ErrorCode
 */

const ADVICE = {
  no_team: 'name a team',
  unknown_team: 'use a code of client.teams',
  other_team: 'use the team of the ticket',
  too_many_teams: 'use one tapped before',
  closed: 'see state.advice',
  bad_frame: 'nothing, or update',
  no_roster: 'nothing: asked again',
};

/** Anything an `error` listener is given. */
export class BeatError extends Error {
  /** @override */
  name = 'BeatError';

  /**
   * @param {ErrorCode} code
   * @param {unknown} [detail] which team, how many; or the error that is the cause
   */
  constructor(code, detail = '') {
    super(`${code} ${detail}: ${ADVICE[code]}`, { cause: detail });
    this.code = code;
    /** What to do. */
    this.advice = ADVICE[code];
  }
}

/** A tap that cannot count. */
export class TapError extends BeatError {}

/** A message of the server that cannot be read: its `cause` says why. */
export class FrameError extends BeatError {}
