/**
 * What Natural Earth says: where land is, and where each country's is. Longitudes and latitudes, in degrees.
 *
 * Knows no projection. The data set is the public domain one of naturalearthdata.com, as the package `world-atlas`
 * carries it: land at 1:50 million, which is finer than any screen here shows, and countries at 1:10 million, the only
 * scale that has every island which sends a team.
 *
 * @import { GeometryCollection, Topology } from 'topojson-specification'
 * @import { FeatureCollection, MultiPolygon, Polygon, Position } from 'geojson'
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { geoArea } from 'd3-geo';
import countries from 'i18n-iso-countries';
import { feature } from 'topojson-client';

/** No team comes from south of here, and it would take a fifth of the picture. */
const ANTARCTICA_LATITUDE = -60;

/** Natural Earth gives it no number: ISO has none. */
const KOSOVO = { alpha2: 'XK', name: 'Kosovo' };

const require = createRequire(import.meta.url);

/** @returns {Position[][][]} polygons of rings, without Antarctica */
export function landRings() {
  return polygons('land-50m.json', 'land')
    .flatMap(({ rings }) => rings)
    .filter(([outer]) => outer.some(([, latitude]) => latitude > ANTARCTICA_LATITUDE));
}

/** @returns {(alpha2: string) => Position[][] | undefined} a country's largest piece of land */
export function countryLand() {
  /** @type {Map<string, { piece: Position[][], area: number }>} the largest piece, by ISO number or by name */
  const largest = new Map();
  for (const { id, name, rings } of polygons('countries-10m.json', 'countries')) {
    const key = id ?? name;
    for (const piece of rings) {
      const area = geoArea({ type: 'Polygon', coordinates: piece });
      if (area > (largest.get(key)?.area ?? 0)) largest.set(key, { piece, area });
    }
  }
  return (alpha2) =>
    largest.get(alpha2 === KOSOVO.alpha2 ? KOSOVO.name : String(countries.alpha2ToNumeric(alpha2)))?.piece;
}

/**
 * @param {string} file
 * @param {string} object
 */
function polygons(file, object) {
  /** @type {Topology<{ [name: string]: GeometryCollection<{ name: string }> }>} */
  const atlas = JSON.parse(readFileSync(require.resolve(`world-atlas/${file}`), 'utf8'));
  /** @type {FeatureCollection<Polygon | MultiPolygon, { name: string }>} */
  const found = /** @type {any} */ (feature(atlas, atlas.objects[object]));
  return found.features.map(({ id, properties, geometry }) => ({
    id: id === undefined ? undefined : String(id),
    name: properties.name,
    rings: geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates,
  }));
}
