// SPDX-License-Identifier: Apache-2.0
/** A layer's vector tiles, decoded and kept in a bounded cache; finer zooms than the layer has are cut from its last. */
import { VectorTile, type VectorTileFeature, type VectorTileLayer } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';
import type { Collection, Properties } from '../api';
import { client } from '../client';

export interface Shape {
  id: number | undefined;
  properties: Properties;
  kind: 'point' | 'line' | 'polygon';
  /** Rings or lines, in tile units of 0…extent. */
  paths: { x: number; y: number }[][];
}
export interface DecodedTile { extent: number; shapes: Shape[] }
/** A tile to paint from, and which part of it: `scale` times larger, shifted by whole tiles. */
export interface TilePart { tile: DecodedTile | null; scale: number; column: number; row: number }

const KINDS = ['point', 'point', 'line', 'polygon'] as const;
const KEPT_TILES = 400;

export class VectorTiles {
  readonly #kept = new Map<string, Promise<DecodedTile | null>>();
  failures = 0;

  constructor(readonly layer: Collection) {}

  forget(): void {
    this.#kept.clear();
  }

  async part(z: number, x: number, y: number): Promise<TilePart> {
    const { minzoom, maxzoom } = this.layer.blocktwin;
    if (z < minzoom) return { tile: null, scale: 1, column: 0, row: 0 };
    const over = Math.max(0, z - maxzoom);
    const scale = 2 ** over;
    const tile = await this.#tile(z - over, Math.floor(x / scale), Math.floor(y / scale));
    return { tile, scale, column: x % scale, row: y % scale };
  }

  /** The polygons that hold a place, as the layer's finest tiles know it. Degrees. */
  async at(lon: number, lat: number): Promise<Shape[]> {
    const z = this.layer.blocktwin.maxzoom;
    const side = 2 ** z;
    const x = ((lon + 180) / 360) * side;
    const y = ((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * side;
    const tile = await this.#tile(z, Math.floor(x), Math.floor(y));
    if (tile === null) return [];
    const place = { x: (x % 1) * tile.extent, y: (y % 1) * tile.extent };
    return tile.shapes.filter((shape) => shape.kind === 'polygon' && holds(shape.paths, place));
  }

  #tile(z: number, x: number, y: number): Promise<DecodedTile | null> {
    const key = `${z}/${x}/${y}`;
    const kept = this.#kept.get(key);
    if (kept) {
      this.#kept.delete(key);
      this.#kept.set(key, kept); // youngest again
      return kept;
    }
    const fetched = client.tile(this.layer.id, z, y, x).then(
      (data) => (data === null ? null : decode(data, this.layer.id)),
      (error: unknown) => {
        this.#kept.delete(key);
        this.failures += 1;
        throw error;
      },
    );
    this.#kept.set(key, fetched);
    if (this.#kept.size > KEPT_TILES) this.#kept.delete(this.#kept.keys().next().value ?? '');
    return fetched;
  }
}

function decode(data: ArrayBuffer, layer: string): DecodedTile | null {
  const content = (new VectorTile(new PbfReader(data)).layers as Partial<Record<string, VectorTileLayer>>)[layer];
  if (!content) return null;
  const shapes = Array.from({ length: content.length }, (_, index) => shapeOf(content.feature(index)));
  return { extent: content.extent, shapes };
}

function shapeOf(feature: VectorTileFeature): Shape {
  return {
    id: feature.id,
    properties: feature.properties,
    kind: KINDS[feature.type],
    paths: feature.loadGeometry(),
  };
}

/** Even-odd rule, so that holes are holes. */
function holds(rings: { x: number; y: number }[][], place: { x: number; y: number }): boolean {
  let inside = false;
  for (const ring of rings) {
    for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
      const [a, b] = [ring[at], ring[before]];
      if (!a || !b || a.y > place.y === b.y > place.y) continue;
      if (place.x < ((b.x - a.x) * (place.y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
    }
  }
  return inside;
}
