/**
 * The SDK: what a page or an app imports.
 *
 * @typedef {import('./client.js').Welcome} Welcome
 * @typedef {import('./display.js').FeedBeat} FeedBeat
 * @typedef {import('./display.js').FeedTeam} FeedTeam
 * @typedef {import('./link.js').LinkState} LinkState
 * @typedef {import('./picture.js').Beat} Beat
 * @typedef {import('./roster.js').EventInfo} EventInfo
 * @typedef {import('./roster.js').Team} Team
 */

export { Client, connect, TapError } from './client.js';
export { FrameError } from './codec.js';
export { display } from './display.js';
export { Glide } from './glide.js';
export { levelOf, rateOf } from './level.js';
export { loadEvent, loadEvents } from './roster.js';
