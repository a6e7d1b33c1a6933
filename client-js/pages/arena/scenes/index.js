/**
 * The scenes there are, by the name that an address gives them, in the order that `next()` goes through.
 *
 * @import { Scene, Stage } from '../stage.js'
 */

import * as battle from './battle.js';
import * as map from './map.js';
import * as pulse from './pulse.js';
import * as ranking from './ranking.js';
import * as ticker from './ticker.js';
import * as wall from './wall.js';

/** @type {{ [name: string]: { enter: (stage: Stage) => Scene } }} */
export const SCENES = { wall, battle, ranking, map, pulse, ticker };
