/**
 * The SDK: what a page or an app imports.
 *
 * @typedef {import('./client.js').ClientEvents} ClientEvents
 * @typedef {import('./client.js').ConnectOptions} ConnectOptions
 * @typedef {import('./client.js').Welcome} Welcome
 * @typedef {import('./closing.js').Cause} Cause
 * @typedef {import('./errors.js').ErrorCode} ErrorCode
 * @typedef {import('./display.js').FeedBeat} FeedBeat
 * @typedef {import('./display.js').FeedTeam} FeedTeam
 * @typedef {import('./link.js').LinkState} LinkState
 * @typedef {import('./picture.js').Beat} Beat
 * @typedef {import('./roster.js').EventInfo} EventInfo
 * @typedef {import('./roster.js').Team} Team
 * @typedef {import('./taps.js').Count} Count
 * @typedef {import('./world.js').World} World
 */

export { Client, connect } from './client.js';
export { display } from './display.js';
export { BeatError, FrameError, TapError } from './errors.js';
export { Glide } from './glide.js';
export { levelOf, rateOf } from './level.js';
export { loadEvent, loadEvents } from './roster.js';
