// SPDX-License-Identifier: Apache-2.0
/** A handle for tests and for whoever looks after a wall: is it drawn, what is where, how does it fare. */
import type { City, Picked } from './scene/city';
import { setView, viewOf, type View } from './scene/camera';

export interface TwinHandle {
  readonly ready: boolean;
  readonly frames: number;
  readonly settled: boolean;
  readonly state: Record<string, boolean>;
  readonly failed: readonly string[];
  view(): View;
  setView(view: View): void;
  pick(x: number, y: number): Promise<unknown>;
  focus?(code: string): Promise<void>;
  points(): Record<string, number>;
}

declare global {
  interface Window { __twin?: TwinHandle }
}

export function exposeForTests(city: City, begun: () => boolean, more: Partial<TwinHandle> = {}): void {
  let ready = false;
  window.__twin = {
    /** Stays true once the first complete picture was drawn. */
    get ready(): boolean {
      ready ||= begun() && city.settled;
      return ready;
    },
    get settled(): boolean { return city.settled; },
    get state(): Record<string, boolean> {
      return { ground: city.ground.settled, globe: city.scene.globe.tilesLoaded, tilesets: city.tilesets.settled };
    },
    get frames(): number { return city.stage.frames; },
    get failed(): readonly string[] { return city.tilesets.failed; },
    view: () => viewOf(city.scene),
    setView: (view) => { setView(city.scene, view); },
    pick: async (x, y) => plain(await city.pick(x, y)),
    points: () => Object.fromEntries([...city.points.values()].map(({ layer, size }) => [layer.id, size])),
    ...more,
  };
}

/** Without the declarations, so that it can leave the page. */
function plain(picked: Picked | null): unknown {
  return JSON.parse(JSON.stringify(picked, (key, value: unknown) =>
    key === 'layer' && typeof value === 'object' && value !== null && 'id' in value ? value.id : value)) as unknown;
}
