// SPDX-License-Identifier: Apache-2.0
/** Keeps the wall true: first everything, then each change as the stream names it. */
import type { ChangeEvent, Collection, TwinFeature } from '../core/api';
import { cityData, reloadCollections, reloadTilesets } from '../core/city-data';
import { client } from '../core/client';
import { textOf } from '../core/format';
import { wordsOf } from '../core/failure';
import type { City } from '../core/scene/city';
import type { Overlay } from '../core/scene/overlay';
import { colourOf } from '../core/declared';
import { ChangeStream } from '../core/stream';
import { refreshProfileSoon } from './drill';
import { wall } from './state';

const INCIDENTS = 'incidents';
/** What the stream calls the list of layers itself. */
const COLLECTIONS = 'collections';
const PAGE = 500;
const MOST_PAGES = 4;
const TICKER = 60;
const FRESH_MS = 8_000;
/** Several changes of a layer's polygons in a row are drawn once. */
const REPAINT_AFTER_MS = 1_500;
/** A load tells of its layer several times over. */
const RELIST_AFTER_MS = 400;

export class Live {
  readonly #stream: ChangeStream;
  readonly #repaints = new Map<string, number>();
  readonly #waiting = new Map<string, Set<number>>();
  #fetching = 0;
  #relisting = 0;

  constructor(private readonly city: City, private readonly overlay: Overlay) {
    this.#stream = new ChangeStream(
      () => cityData.state.collections.map(({ id }) => id),
      (change) => { this.#take(change); },
      ({ connection, lastSign }) => { wall.set({ connection, lastSign }); },
      () => { void this.loadPoints(); refreshProfileSoon(); },
    );
  }

  start(): void {
    this.#stream.start();
  }

  async loadPoints(): Promise<void> {
    await Promise.all([...this.city.points.values()].map(async (points) => {
      const features: TwinFeature[] = [];
      try {
        let page = await client.features(points.layer.id, { limit: PAGE });
        for (let number = 1; ; number += 1) {
          features.push(...page.features);
          const next = page.links?.find(({ rel }) => rel === 'next')?.href;
          if (next === undefined || number >= MOST_PAGES) break;
          page = await client.page(next);
        }
        this.#reached(points.layer.id);
      } catch (error) {
        this.#missing(points.layer.id, error);
      }
      if (features.length > 0) points.replace(features.filter(isOpen));
    }));
  }

  /** The ticker of the block in focus. */
  async loadTicker(): Promise<void> {
    const code = wall.state.block?.code;
    if (code === undefined || !this.#layer(INCIDENTS)) return;
    try {
      const { features } = await client.features(INCIDENTS, { block: code, limit: TICKER });
      if (wall.state.block?.code !== code) return;
      wall.set({ incidents: features.toSorted(newestFirst), incidentsFailure: '', incidentsLoaded: true });
    } catch (error) {
      wall.set({ incidentsFailure: wordsOf(error), incidentsLoaded: true });
    }
  }

  #layer(id: string): Collection | undefined {
    return cityData.state.collections.find((layer) => layer.id === id);
  }

  #take(change: ChangeEvent): void {
    refreshProfileSoon();
    if (change.layer === COLLECTIONS) {
      this.#relistSoon();
      return;
    }
    if (change.layer === 'tilesets' || change.layer === 'models') void reloadTilesets();
    if (!this.city.points.has(change.layer)) {
      this.#repaintSoon(change.layer);
      return;
    }
    if (change.op === 'delete') {
      this.#forget(change.layer, change.ids ?? []);
      return;
    }
    if (change.ids === null) {
      void this.loadPoints();
      void this.loadTicker();
      return;
    }
    const waiting = this.#waiting.get(change.layer) ?? new Set<number>();
    for (const id of change.ids) waiting.add(id);
    this.#waiting.set(change.layer, waiting);
    if (this.#fetching === 0) this.#fetching = window.setTimeout(() => { void this.#fetch(); }, 120);
  }

  /** Fetches what changed, in one request a layer, however many events named it. */
  async #fetch(): Promise<void> {
    this.#fetching = 0;
    const batches = [...this.#waiting];
    this.#waiting.clear();
    for (const [layer, ids] of batches) {
      const wanted = [...ids].slice(-PAGE);
      const page = await client.features(layer, { ids: wanted.join(','), limit: wanted.length }).catch(() => null);
      if (!page) continue;
      const points = this.city.points.get(layer);
      points?.put(page.features.filter(isOpen));
      const here = new Set(page.features.filter(isOpen).map(({ id }) => Number(id)));
      points?.drop(wanted.filter((id) => !here.has(id)));
      if (layer === INCIDENTS) this.#announce(page.features);
    }
  }

  #announce(features: TwinFeature[]): void {
    const layer = this.#layer(INCIDENTS);
    const { block, incidents } = wall.state;
    if (!block || !layer) return;
    const known = new Set(incidents.map(({ id }) => id));
    const inFocus = features.filter(({ properties }) => textOf(properties, 'block_code').startsWith(block.code));
    const fresh = inFocus.filter(({ id, properties }) => !known.has(id) && isOpen({ properties } as TwinFeature));
    for (const { geometry, properties } of fresh.slice(-12)) {
      if (geometry?.type === 'Point') this.overlay.pulse(geometry.coordinates[0] ?? 0, geometry.coordinates[1] ?? 0, colourOf(layer, properties));
    }
    const changed = new Map(inFocus.map((feature) => [feature.id, feature]));
    const merged = [...changed.values(), ...incidents.filter(({ id }) => !changed.has(id))].toSorted(newestFirst).slice(0, TICKER);
    const ids = new Set(fresh.map(({ id }) => Number(id)));
    wall.set({ incidents: merged, fresh: new Set([...wall.state.fresh, ...ids]) });
    window.setTimeout(() => { wall.set({ fresh: new Set([...wall.state.fresh].filter((id) => !ids.has(id))) }); }, FRESH_MS);
  }

  #forget(layer: string, ids: number[]): void {
    this.city.points.get(layer)?.drop(ids);
    if (layer === INCIDENTS) wall.set({ incidents: wall.state.incidents.filter(({ id }) => !ids.includes(Number(id))) });
  }

  #repaintSoon(layer: string): void {
    if (this.#repaints.has(layer)) return;
    this.#repaints.set(layer, window.setTimeout(() => {
      this.#repaints.delete(layer);
      void this.city.refresh(layer);
    }, REPAINT_AFTER_MS));
  }

  /** A layer came, went or is declared otherwise: the list is asked for again, and the stream follows that. */
  #relistSoon(): void {
    if (this.#relisting !== 0) return;
    this.#relisting = window.setTimeout(() => { this.#relisting = 0; void this.#relist(); }, RELIST_AFTER_MS);
  }

  async #relist(): Promise<void> {
    const known = new Set(cityData.state.collections.map(({ id }) => id));
    try {
      await reloadCollections();
    } catch {
      this.#relistSoon();
      return;
    }
    const { collections, tilesets } = cityData.state;
    const off = collections.filter(({ id, blocktwin }) => !known.has(id) && !blocktwin.visible).map(({ id }) => id);
    wall.set({ hidden: new Set([...wall.state.hidden, ...off]) });
    await this.city.setLayers(collections, tilesets);
    for (const layer of collections) this.city.show(layer, !wall.state.hidden.has(layer.id));
    this.#stream.renew();
    await this.loadPoints();
  }

  #missing(layer: string, error: unknown): void {
    if (layer === INCIDENTS) wall.set({ incidentsFailure: wordsOf(error), incidentsLoaded: true });
    if (!wall.state.missing.includes(layer)) wall.set({ missing: [...wall.state.missing, layer] });
  }

  #reached(layer: string): void {
    if (wall.state.missing.includes(layer)) wall.set({ missing: wall.state.missing.filter((id) => id !== layer) });
  }
}

/** What is over leaves the map; it stays in the figures. */
function isOpen({ properties }: TwinFeature): boolean {
  return properties?.['state'] !== 'closed';
}

function newestFirst(one: TwinFeature, other: TwinFeature): number {
  return textOf(other.properties, 'occurred_at').localeCompare(textOf(one.properties, 'occurred_at'));
}
