// SPDX-License-Identifier: Apache-2.0
/** Live points of one layer: thousands of them, changed in place, drawn above the buildings. */
import { Cartesian3, Color, NearFarScalar, PointPrimitiveCollection, type PointPrimitive, type Scene } from '@cesium/engine';
import type { Collection, TwinFeature } from '../api';
import { colourOf } from '../declared';

/** Points stand this high over the ground, so that they do not sink into it. Metres. */
const CLEARANCE_M = 6;
const RING = Color.fromCssColorString('rgba(255,255,255,.85)');

export interface PointPick { layer: string; id: number }

export class LivePoints {
  readonly #points = new Map<number, PointPrimitive>();
  readonly #collection: PointPrimitiveCollection;

  constructor(private readonly scene: Scene, readonly layer: Collection) {
    this.#collection = scene.primitives.add(new PointPrimitiveCollection()) as PointPrimitiveCollection;
    this.#collection.show = layer.blocktwin.visible;
  }

  /** Takes the layer off the stage for good. */
  remove(): void {
    this.scene.primitives.remove(this.#collection);
    this.scene.requestRender();
  }

  get size(): number {
    return this.#points.size;
  }

  get shown(): boolean {
    return this.#collection.show;
  }

  show(shown: boolean): void {
    this.#collection.show = shown;
    this.scene.requestRender();
  }

  put(features: TwinFeature[]): void {
    const { radius } = this.layer.blocktwin.style;
    const size = (radius ?? 4) * 2;
    for (const feature of features) {
      const id = Number(feature.id);
      if (feature.geometry?.type !== 'Point') continue;
      const [lon = 0, lat = 0] = feature.geometry.coordinates;
      const position = Cartesian3.fromDegrees(lon, lat, CLEARANCE_M);
      const color = Color.fromCssColorString(colourOf(this.layer, feature.properties));
      const here = this.#points.get(id);
      if (here) {
        here.position = position;
        here.color = color;
        continue;
      }
      const pick: PointPick = { layer: this.layer.id, id };
      this.#points.set(id, this.#collection.add({
        id: pick, position, color, pixelSize: size, outlineColor: RING, outlineWidth: 1,
        disableDepthTestDistance: Infinity,
        scaleByDistance: new NearFarScalar(1_500, 1.25, 60_000, 0.5),
        translucencyByDistance: new NearFarScalar(1_500, 1, 90_000, 0.75),
      }));
    }
    this.scene.requestRender();
  }

  drop(ids: Iterable<number>): void {
    for (const id of ids) {
      const point = this.#points.get(id);
      if (!point) continue;
      this.#points.delete(id);
      this.#collection.remove(point);
    }
    this.scene.requestRender();
  }

  /** Leaves exactly these. */
  replace(features: TwinFeature[]): void {
    const wanted = new Set(features.map((feature) => Number(feature.id)));
    this.drop([...this.#points.keys()].filter((id) => !wanted.has(id)));
    this.put(features);
  }
}
