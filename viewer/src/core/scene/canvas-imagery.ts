// SPDX-License-Identifier: Apache-2.0
/** Imagery that is painted in the page: the engine asks for a square of ground, a painter fills a canvas. */
import {
  Event as EngineEvent, ImageryLayer, Rectangle, WebMercatorTilingScheme, type ImageryProvider, type Scene,
} from '@cesium/engine';
import type { BBox } from '../api';

export const SIDE = 512;
/** Something painted on the ground. */
export interface Painter {
  /** From the ground up. */
  readonly rank: number;
  readonly shown: boolean;
  /** Paints its part of one Web-Mercator tile; resolves false when it has nothing there. */
  paint(context: CanvasRenderingContext2D, z: number, x: number, y: number): Promise<boolean>;
}

const FINEST = 19;
/** Strokes and glows reach a little over the edge. */
const MARGIN = 0.05;

class CanvasImagery {
  readonly tileWidth = SIDE;
  readonly tileHeight = SIDE;
  readonly minimumLevel = 0;
  readonly maximumLevel = FINEST;
  readonly tilingScheme = new WebMercatorTilingScheme();
  readonly rectangle: Rectangle;
  readonly errorEvent = new EngineEvent();
  readonly hasAlphaChannel = true;
  readonly tileDiscardPolicy = undefined;
  readonly proxy = undefined;
  readonly credit = undefined;

  constructor(private readonly paint: Painter['paint'], extent: BBox | null) {
    this.rectangle = extent ? Rectangle.fromDegrees(...extent) : this.tilingScheme.rectangle;
  }

  getTileCredits(): undefined {
    return undefined;
  }

  pickFeatures(): undefined {
    return undefined;
  }

  async requestImage(x: number, y: number, level: number): Promise<HTMLCanvasElement> {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no 2D canvas');
    canvas.width = canvas.height = SIDE;
    const painted = await this.paint(context, level, x, y);
    if (!painted) canvas.width = canvas.height = 1;
    return canvas;
  }
}

/**
 * The ground with everything that is painted on it, in one imagery layer however many painters there are (each further
 * layer would cost every frame). Painted again, the old picture stays until the new one stands.
 */
export class PaintedGround {
  readonly #painters: Painter[] = [];
  #layer: ImageryLayer | null = null;
  #retired: { layer: ImageryLayer; since: number }[] = [];
  #extent: BBox | null = null;
  #timer = 0;

  constructor(private readonly scene: Scene) {
    scene.postRender.addEventListener(() => { this.#drop(); });
  }

  add(painter: Painter): void {
    this.#painters.push(painter);
    this.#painters.sort((one, other) => one.rank - other.rank);
    this.repaintSoon();
  }

  remove(painter: Painter): void {
    const at = this.#painters.indexOf(painter);
    if (at >= 0) this.#painters.splice(at, 1);
    this.repaintSoon();
  }

  /** Nothing is painted beyond this. Degrees. */
  set extent([west, south, east, north]: BBox) {
    const [x, y] = [(east - west) * MARGIN, (north - south) * MARGIN];
    this.#extent = [west - x, south - y, east + x, north + y];
    this.repaintSoon();
  }

  get settled(): boolean {
    return this.#timer === 0 && this.#retired.length === 0;
  }

  /** Once for all that changes in the same moment. */
  repaintSoon(): void {
    if (this.#timer !== 0) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#repaint();
    }, 60);
  }

  #repaint(): void {
    const { imageryLayers } = this.scene;
    const provider = new CanvasImagery((context, z, x, y) => this.#paint(context, z, x, y), this.#extent);
    const layer = new ImageryLayer(provider as unknown as ImageryProvider);
    if (this.#layer) this.#retired.push({ layer: this.#layer, since: performance.now() });
    imageryLayers.add(layer);
    this.#layer = layer;
    this.scene.requestRender();
  }

  async #paint(context: CanvasRenderingContext2D, z: number, x: number, y: number): Promise<boolean> {
    let painted = false;
    for (const painter of this.#painters) {
      if (!painter.shown) continue;
      context.save();
      // One layer that cannot be had leaves the others standing.
      if (await painter.paint(context, z, x, y).catch(() => false)) painted = true;
      context.restore();
    }
    return painted;
  }

  #drop(): void {
    if (this.#retired.length === 0) return;
    const now = performance.now();
    const wait = this.scene.globe.tilesLoaded ? 250 : 8_000;
    const done = this.#retired.filter(({ since }) => now - since > wait);
    if (done.length > 0) {
      this.#retired = this.#retired.filter((one) => !done.includes(one));
      for (const { layer } of done) this.scene.imageryLayers.remove(layer, true);
    }
    window.setTimeout(() => { this.scene.requestRender(); }, 100);
  }
}
