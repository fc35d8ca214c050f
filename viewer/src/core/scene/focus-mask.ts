// SPDX-License-Identifier: Apache-2.0
/** Dims everything outside the block in focus and draws its border in light. */
import type { Geometry, Position } from 'geojson';
import { SIDE, type PaintedGround, type Painter } from './canvas-imagery';

export interface MaskColours { dim: string; border: string; glow: string }

const OVER_EVERYTHING = 10_000;

export class FocusMask implements Painter {
  readonly rank = OVER_EVERYTHING;
  #rings: Position[][] = [];

  constructor(private readonly ground: PaintedGround, private readonly colours: MaskColours) {
    ground.add(this);
  }

  get shown(): boolean {
    return this.#rings.length > 0;
  }

  set(geometry: Geometry | null): void {
    this.#rings = geometry?.type === 'Polygon' ? geometry.coordinates
      : geometry?.type === 'MultiPolygon' ? geometry.coordinates.flat() : [];
    this.ground.repaintSoon();
  }

  paint(context: CanvasRenderingContext2D, z: number, x: number, y: number): Promise<boolean> {
    const side = 2 ** z;
    const outline = new Path2D();
    for (const ring of this.#rings) {
      for (const [index, [lon = 0, lat = 0]] of ring.entries()) {
        const px = (((lon + 180) / 360) * side - x) * SIDE;
        const py = (((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * side - y) * SIDE;
        if (index === 0) outline.moveTo(px, py);
        else outline.lineTo(px, py);
      }
      outline.closePath();
    }
    const outside = new Path2D(outline);
    outside.rect(-8, -8, SIDE + 16, SIDE + 16);
    context.globalCompositeOperation = 'source-atop'; // dims what is painted, not the bare ground
    context.fillStyle = this.colours.dim;
    context.fill(outside, 'evenodd');
    context.globalCompositeOperation = 'source-over';
    context.lineJoin = 'round';
    for (const [width, alpha] of [[11, 0.1], [6, 0.18], [1.8, 1]] as const) {
      context.globalAlpha = alpha;
      context.lineWidth = width;
      context.strokeStyle = alpha === 1 ? this.colours.border : this.colours.glow;
      context.stroke(outline);
    }
    return Promise.resolve(true);
  }
}
