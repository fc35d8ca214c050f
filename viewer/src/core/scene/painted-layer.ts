// SPDX-License-Identifier: Apache-2.0
/** Any polygon or line layer, painted on the ground as its declaration says. */
import type { Collection } from '../api';
import { colourOf } from '../declared';
import { SIDE, type PaintedGround, type Painter } from './canvas-imagery';
import { VectorTiles, type Shape } from './vector-tiles';

export interface Look { fill: string | null; stroke: string | null; width: number; opacity: number }
/** Overrides the declared look of single shapes; null leaves a shape out. */
export type Emphasis = (shape: Shape, declared: Look) => Look | null;

export class PaintedLayer implements Painter {
  readonly tiles: VectorTiles;
  readonly rank: number;
  #emphasis: Emphasis | null = null;
  #shown: boolean;

  constructor(private readonly ground: PaintedGround, readonly layer: Collection) {
    this.tiles = new VectorTiles(layer);
    this.rank = layer.blocktwin.order;
    this.#shown = layer.blocktwin.visible;
    ground.add(this);
  }

  get shown(): boolean {
    return this.#shown;
  }

  show(shown: boolean): void {
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.ground.repaintSoon();
  }

  emphasise(emphasis: Emphasis | null): void {
    this.#emphasis = emphasis;
    this.ground.repaintSoon();
  }

  /** After a change in the data. */
  refresh(): void {
    this.tiles.forget();
    this.ground.repaintSoon();
  }

  #look(shape: Shape): Look | null {
    const { style, geometry } = this.layer.blocktwin;
    const colour = colourOf(this.layer, shape.properties);
    const look: Look = {
      fill: geometry === 'line' ? null : colour,
      stroke: style.stroke ?? (geometry === 'line' ? colour : null),
      width: style.width ?? 1,
      opacity: style.opacity ?? 1,
    };
    return this.#emphasis ? this.#emphasis(shape, look) : look;
  }

  async paint(context: CanvasRenderingContext2D, z: number, x: number, y: number): Promise<boolean> {
    const { tile, scale, column, row } = await this.tiles.part(z, x, y);
    if (tile === null) return false;
    const unit = (SIDE * scale) / tile.extent;
    context.setTransform(unit, 0, 0, unit, -column * SIDE, -row * SIDE);
    context.lineJoin = context.lineCap = 'round';
    for (const shape of tile.shapes) {
      const look = this.#look(shape);
      if (!look) continue;
      // Points that lie among a layer's areas and lines.
      if (shape.kind === 'point') dot(context, shape, colourOf(this.layer, shape.properties), (this.layer.blocktwin.style.radius ?? 4) / unit);
      else draw(context, shape, look, unit);
    }
    return true;
  }
}

function dot(context: CanvasRenderingContext2D, shape: Shape, colour: string, radius: number): void {
  context.globalAlpha = 1;
  context.fillStyle = colour;
  for (const { x, y } of shape.paths.flat()) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }
}

function draw(context: CanvasRenderingContext2D, shape: Shape, look: Look, unit: number): void {
  context.beginPath();
  for (const path of shape.paths) {
    for (const [index, point] of path.entries()) {
      if (index === 0) context.moveTo(point.x, point.y);
      else context.lineTo(point.x, point.y);
    }
    if (shape.kind === 'polygon') context.closePath();
  }
  if (look.fill !== null && shape.kind === 'polygon') {
    context.globalAlpha = look.opacity;
    context.fillStyle = look.fill;
    context.fill('evenodd');
  }
  if (look.stroke !== null && look.width > 0) {
    context.globalAlpha = Math.min(1, look.opacity + 0.35);
    context.strokeStyle = look.stroke;
    context.lineWidth = look.width / unit;
    context.stroke();
  }
}
