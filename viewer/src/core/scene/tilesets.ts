// SPDX-License-Identifier: Apache-2.0
/** The 3D tilesets that the server lists, coloured by the layer they belong to; isolating a storey is a style. */
import {
  Cartesian3, Cesium3DTileFeature, Cesium3DTileset, Cesium3DTileStyle, Cesium3DTileColorBlendMode, Color, Ellipsoid,
  Matrix4, type Scene,
} from '@cesium/engine';
import type { Collection, Properties, Tileset } from '../api';

export interface TilesetPick { tileset: Tileset; properties: Properties }

interface Standing { declared: Tileset; content: Cesium3DTileset; layer: Collection | undefined }

/** A city seen from far loads its coarse tiles; near ones refine. Pixels. */
const ERROR_PIXELS = 16;
const LEAST_ERROR_PIXELS = 1;
const RAISED_M = 0.15;

export class CityTilesets {
  readonly #standing = new Map<string, Standing>();
  readonly #failed = new Map<string, string>();
  readonly #hidden = new Set<string>();
  #lit: Cesium3DTileFeature | null = null;
  #before = Color.WHITE;
  #pending = 0;

  constructor(private readonly scene: Scene, private readonly highlight: string, private readonly onFailure: (tileset: Tileset) => void) {}

  get settled(): boolean {
    return this.#pending === 0 && [...this.#standing.values()].every(({ content }) => !content.show || content.tilesLoaded);
  }

  get failed(): readonly string[] {
    return [...this.#failed.keys()];
  }

  /** Brings the scene in line with the server's list. */
  async sync(listed: Tileset[], collections: Collection[]): Promise<void> {
    const wanted = new Map(listed.map((tileset) => [tileset.id, tileset]));
    for (const id of this.#standing.keys()) if (!wanted.has(id)) this.#remove(id);
    await Promise.all(listed.map((tileset) => {
      const here = this.#standing.get(tileset.id);
      if (here?.declared.url === tileset.url) return Promise.resolve();
      return this.#add(tileset, collections.find(({ id }) => id === tileset.kind || id === `${tileset.kind}s`));
    }));
    this.scene.requestRender();
  }

  async #add(declared: Tileset, layer: Collection | undefined): Promise<void> {
    this.#pending += 1;
    try {
      const content = await Cesium3DTileset.fromUrl(declared.url, {
        maximumScreenSpaceError: declared.kind === 'model' ? LEAST_ERROR_PIXELS * 8 : ERROR_PIXELS,
        cacheBytes: 384 * 1024 * 1024,
        skipLevelOfDetail: false,
      });
      if (declared.kind === 'model') raise(content);
      this.#remove(declared.id);
      const style = layer && styleOf(layer);
      if (style) {
        content.style = style;
        content.colorBlendMode = Cesium3DTileColorBlendMode.REPLACE;
      }
      content.tileFailed.addEventListener(() => { this.#fail(declared, 'tile'); });
      content.show = !this.#hidden.has(declared.kind);
      this.scene.primitives.add(content);
      this.#standing.set(declared.id, { declared, content, layer });
      this.#failed.delete(declared.id);
    } catch (error) {
      this.#fail(declared, String(error));
    } finally {
      this.#pending -= 1;
      this.scene.requestRender();
    }
  }

  #fail(declared: Tileset, why: string): void {
    if (this.#failed.has(declared.id)) return;
    this.#failed.set(declared.id, why);
    this.onFailure(declared);
  }

  #remove(id: string): void {
    const here = this.#standing.get(id);
    if (!here) return;
    this.unlight();
    this.#standing.delete(id);
    this.scene.primitives.remove(here.content);
  }

  /** Loads one tileset again, after its content changed behind the same address. */
  reload(kinds: (kind: string) => boolean, listed: Tileset[], collections: Collection[]): Promise<void> {
    for (const [id, { declared }] of [...this.#standing]) if (kinds(declared.kind)) this.#remove(id);
    return this.sync(listed, collections);
  }

  show(kind: string, shown: boolean): void {
    if (shown) this.#hidden.delete(kind);
    else this.#hidden.add(kind);
    for (const { declared, content } of this.#standing.values()) if (declared.kind === kind) content.show = shown;
    this.scene.requestRender();
  }

  has(kind: string): boolean {
    return [...this.#standing.values()].some(({ declared }) => declared.kind === kind);
  }

  /** Shows one storey of a tileset alone; null shows all. */
  isolate(id: string, storey: number | null): void {
    const here = this.#standing.get(id);
    if (!here) return;
    const declared = here.layer && styleOf(here.layer);
    here.content.style = storey === null ? declared
      // Coarse tiles know no storeys: what has none stays hidden rather than covering what is asked for.
      : new Cesium3DTileStyle({ show: `\${storey} === ${storey}` });
    this.scene.requestRender();
  }

  boundsOf(id: string): Cesium3DTileset['boundingSphere'] | null {
    return this.#standing.get(id)?.content.boundingSphere ?? null;
  }

  /** What a picked feature is, by the tileset it belongs to. */
  read(feature: Cesium3DTileFeature): TilesetPick | null {
    const owner = [...this.#standing.values()].find(({ content }) => content === feature.tileset);
    if (!owner) return null;
    const properties: Properties = {};
    for (const name of feature.getPropertyIds()) properties[name] = feature.getProperty(name) as unknown;
    return { tileset: owner.declared, properties };
  }

  light(feature: Cesium3DTileFeature): void {
    this.unlight();
    this.#before = Color.clone(feature.color);
    feature.color = Color.fromCssColorString(this.highlight);
    this.#lit = feature;
    this.scene.requestRender();
  }

  unlight(): void {
    if (!this.#lit) return;
    try {
      this.#lit.color = this.#before;
    } catch {
      // its tile was unloaded meanwhile: nothing to give back
    }
    this.#lit = null;
    this.scene.requestRender();
  }
}

function styleOf(layer: Collection): Cesium3DTileStyle | undefined {
  const { by, fill } = layer.blocktwin.style;
  if (!by) return undefined; // one colour for all says less than the materials of the model itself
  const rest = `color('${fill ?? '#9fb0c8'}')`;
  const conditions = Object.entries(by.values).map(([value, colour]) => [
    `\${feature[${quote(by.property)}]} === ${quote(value)}`, `color(${quote(colour)})`,
  ]);
  return new Cesium3DTileStyle({ color: { conditions: [...conditions, ['true', rest]] } });
}

const quote = (text: string): string => `'${text.replace(/[\\']/gu, '\\$&')}'`;

/** Lawns and slabs lie exactly on the plain ground, and would flicker with it: a hand's breadth parts them. */
function raise(content: Cesium3DTileset): void {
  const up = Ellipsoid.WGS84.geodeticSurfaceNormal(content.boundingSphere.center, new Cartesian3());
  content.modelMatrix = Matrix4.fromTranslation(Cartesian3.multiplyByScalar(up, RAISED_M, up));
}
