// SPDX-License-Identifier: Apache-2.0
/** The city on the stage: every declared layer in the way its geometry asks for, and one answer to "what is here?". */
import { Cartesian2, Cartographic, Cesium3DTileFeature, Math as Angle, type Scene } from '@cesium/engine';
import type { Collection, Properties, Tileset } from '../api';
import { byOrder } from '../declared';
import { isFlying } from './camera';
import { PaintedGround } from './canvas-imagery';
import { FocusMask, type MaskColours } from './focus-mask';
import { PaintedLayer } from './painted-layer';
import { LivePoints, type PointPick } from './points';
import { Stage, type Ground } from './stage';
import { CityTilesets } from './tilesets';

export type Picked =
  | { kind: 'feature'; tileset: Tileset; properties: Properties }
  | { kind: 'point'; layer: Collection; id: number }
  | { kind: 'ground'; lon: number; lat: number; shapes: { layer: Collection; id: number | undefined; properties: Properties }[] };

export interface CityLook extends Ground, MaskColours { highlight: string }

export class City {
  readonly stage: Stage;
  readonly tilesets: CityTilesets;
  readonly ground: PaintedGround;
  readonly mask: FocusMask;
  readonly painted = new Map<string, PaintedLayer>();
  readonly points = new Map<string, LivePoints>();
  #collections: Collection[] = [];
  #listed: Tileset[] = [];

  constructor(container: HTMLElement, label: string, look: CityLook, onFailure: (tileset: Tileset) => void) {
    this.stage = new Stage(container, label, look);
    this.tilesets = new CityTilesets(this.stage.scene, look.highlight, onFailure);
    this.ground = new PaintedGround(this.stage.scene);
    this.mask = new FocusMask(this.ground, look);
  }

  get scene(): Scene {
    return this.stage.scene;
  }

  /** Everything asked for is drawn, and the camera stands still. */
  get settled(): boolean {
    return this.stage.frames > 1 && !isFlying(this.scene) && this.ground.settled && this.scene.globe.tilesLoaded && this.tilesets.settled;
  }

  async setLayers(collections: Collection[], listed: Tileset[]): Promise<void> {
    this.#collections = collections.toSorted(byOrder);
    this.#listed = listed;
    this.#takeDown();
    for (const layer of this.#collections) {
      const { geometry } = layer.blocktwin;
      const stands = kindsOf(layer).some((kind) => listed.some((tileset) => tileset.kind === kind));
      if (geometry === 'point' && !stands && !this.points.has(layer.id)) this.points.set(layer.id, new LivePoints(this.scene, layer));
      if ((geometry === 'polygon' || geometry === 'line') && !stands && !this.painted.has(layer.id)) {
        this.painted.set(layer.id, new PaintedLayer(this.ground, layer));
      }
      this.show(layer, layer.blocktwin.visible);
    }
    await this.tilesets.sync(listed, this.#collections);
  }

  /** Layers that are gone, or that are declared otherwise by now and so are put up anew. */
  #takeDown(): void {
    const now = new Map(this.#collections.map((layer) => [layer.id, JSON.stringify(layer.blocktwin)]));
    for (const [id, points] of this.points) {
      if (now.get(id) === JSON.stringify(points.layer.blocktwin)) continue;
      points.remove();
      this.points.delete(id);
    }
    for (const [id, painted] of this.painted) {
      if (now.get(id) === JSON.stringify(painted.layer.blocktwin)) continue;
      this.ground.remove(painted);
      this.painted.delete(id);
    }
  }

  show(layer: Collection, shown: boolean): void {
    this.painted.get(layer.id)?.show(shown);
    this.points.get(layer.id)?.show(shown);
    for (const kind of kindsOf(layer)) this.tilesets.show(kind, shown);
  }

  /** After a change in a layer's data, outside the points (those are changed one by one). */
  async refresh(layer: string): Promise<void> {
    this.painted.get(layer)?.refresh();
    const declared = this.#collections.find(({ id }) => id === layer);
    if (declared) await this.tilesets.reload((kind) => kindsOf(declared).includes(kind), this.#listed, this.#collections);
  }

  /** What stands or lies at a place on the canvas, in CSS pixels. A picked feature is lit. */
  async pick(x: number, y: number): Promise<Picked | null> {
    this.tilesets.unlight();
    const hit = this.scene.pick(new Cartesian2(x, y), 7, 7) as unknown;
    if (hit instanceof Cesium3DTileFeature) {
      const read = this.tilesets.read(hit);
      if (read) {
        this.tilesets.light(hit);
        return { kind: 'feature', ...read };
      }
    }
    const point = (hit as { id?: PointPick } | undefined)?.id;
    const owner = point && this.points.get(point.layer);
    if (owner) return { kind: 'point', layer: owner.layer, id: point.id };
    const ground = this.groundAt(x, y);
    if (!ground) return null;
    const [lon, lat] = ground;
    const under = await Promise.all([...this.painted.values()].filter(({ shown }) => shown).map(async ({ layer, tiles }) =>
      (await tiles.at(lon, lat).catch(() => [])).map(({ id, properties }) => ({ layer, id, properties }))));
    return { kind: 'ground', lon, lat, shapes: under.flat() };
  }

  /** Longitude and latitude of the ground under a place on the canvas, in degrees; null beside the globe. */
  groundAt(x: number, y: number): [number, number] | null {
    const ray = this.scene.camera.getPickRay(new Cartesian2(x, y));
    const hit = ray && this.scene.globe.pick(ray, this.scene);
    if (!hit) return null;
    const at = Cartographic.fromCartesian(hit);
    return [Angle.toDegrees(at.longitude), Angle.toDegrees(at.latitude)];
  }
}

/** Tilesets name one of a thing (`model`) or all of them (`buildings`); layers always all of them. */
function kindsOf(layer: Collection): string[] {
  return [layer.id, layer.id.replace(/s$/u, '')];
}
