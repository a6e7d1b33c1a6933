/**
 * Draws the world map that both pages show: run it with `node scripts/world.js` after changing anything beside it.
 *
 * Natural Earth (public domain) in, two modules out. What it writes is kept in the repository, so that neither a page
 * nor the server needs any of this; a test writes it again and compares.
 */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { fitted } from './world/frame.js';
import { landRings } from './world/natural-earth.js';
import { outlineModule } from './world/outline.js';
import { placesModule } from './world/places.js';

const MAP = new URL('../pages/shared/map/', import.meta.url);

/** @returns {{ [file: string]: string }} what the map's folder must hold */
export function generate() {
  const frame = fitted(landRings());
  return { 'outline.js': outlineModule(frame), 'places.js': placesModule(frame) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of Object.entries(generate())) writeFileSync(new URL(file, MAP), text);
}
