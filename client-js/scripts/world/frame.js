/**
 * The picture's frame: which projection, how large, and where a place on earth comes to lie in it.
 *
 * Natural Earth's own projection: calm at the edges, and Europe, where most teams stand close together, a little larger
 * than an equal-area one would have it. Turned by 11° so that the cut falls into the Bering Strait and divides no land.
 *
 * @import { GeoPermissibleObjects } from 'd3-geo'
 * @import { Position } from 'geojson'
 *
 * @typedef {object} Frame
 * @property {number} width
 * @property {number} height
 * @property {(object: GeoPermissibleObjects) => Position[][]} rings of it, in the picture
 * @property {(object: GeoPermissibleObjects) => Position} middle its centroid, in the picture
 * @property {Position[][][]} land
 */

import { geoNaturalEarth1, geoPath } from 'd3-geo';

/** Wide enough that whole numbers are finer than a pixel of a 1080p wall. */
const WIDTH = 2000;

/** Room for the bubbles of the outermost islands. */
const MARGIN = 24;

const TURNED_BY = -11;

/**
 * @param {Position[][][]} land polygons that must be wholly seen
 * @returns {Frame}
 */
export function fitted(land) {
  const projection = geoNaturalEarth1().rotate([TURNED_BY, 0]);
  projection.fitWidth(WIDTH - 2 * MARGIN, { type: 'MultiPolygon', coordinates: land });
  const path = geoPath(projection);
  const [[left, top], [, bottom]] = path.bounds({ type: 'MultiPolygon', coordinates: land });
  const [x, y] = projection.translate();
  projection.translate([x - left + MARGIN, y - top + MARGIN]);
  return {
    width: WIDTH,
    height: Math.ceil(bottom - top + 2 * MARGIN),
    rings: (object) => drawn(projection, object),
    middle: (object) => path.centroid(object),
    land,
  };
}

/**
 * @param {import('d3-geo').GeoProjection} projection
 * @param {GeoPermissibleObjects} object
 */
function drawn(projection, object) {
  /** @type {Position[][]} */
  const rings = [];
  const pen = {
    beginPath() {},
    arc() {},
    moveTo: (/** @type {number} */ x, /** @type {number} */ y) => void rings.push([[x, y]]),
    lineTo: (/** @type {number} */ x, /** @type {number} */ y) => void rings[rings.length - 1].push([x, y]),
    closePath: () => void rings[rings.length - 1].push(rings[rings.length - 1][0]),
  };
  geoPath(projection, pen)(object);
  return rings;
}
