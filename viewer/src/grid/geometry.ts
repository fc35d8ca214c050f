// SPDX-License-Identifier: Apache-2.0
import type { Geometry, Position } from 'geojson';
import type { BBox } from '../core/api';

/** The box of a geometry, lon/lat; null for an empty one. */
export function boxOf(geometry: Geometry): BBox | null {
  const box: BBox = [Infinity, Infinity, -Infinity, -Infinity];
  const take = (at: Position): void => {
    const [x = NaN, y = NaN] = at;
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  };
  const walk = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    if (typeof part[0] === 'number') take(part as Position);
    else for (const one of part) walk(one);
  };
  if (geometry.type === 'GeometryCollection') {
    for (const one of geometry.geometries) {
      const inner = boxOf(one);
      if (inner) {
        take([inner[0], inner[1]]);
        take([inner[2], inner[3]]);
      }
    }
  } else walk(geometry.coordinates);
  return box[0] <= box[2] ? box : null;
}
