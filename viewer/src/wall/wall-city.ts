// SPDX-License-Identifier: Apache-2.0
/** Joins the wall's state to the city on the stage: focus moves the camera, clicks move the focus. */
import type { Collection, TwinFeature } from '../core/api';
import { cityData, loadCityData } from '../core/city-data';
import { count, textOf } from '../core/format';
import { describe } from '../core/describe';
import { wordsOf } from '../core/failure';
import { language, switchLanguage, t } from '../core/i18n';
import { flyToBBox, flyToPlace, type FreeArea } from '../core/scene/camera';
import { City, type Picked } from '../core/scene/city';
import { onCanvasKeys, onClick } from '../core/scene/gestures';
import { Overlay } from '../core/scene/overlay';
import { exposeForTests } from '../core/window-handle';
import { shortName } from './block-names';
import { blockEmphasis } from './block-emphasis';
import { begin, focusBlock, nextBlock, up } from './drill';
import { Live } from './live';
import { wall, type WallState } from './state';

const LOOK = {
  ground: '#0d1624', sky: '#0a111d', highlight: '#ffd479',
  dim: 'rgba(6, 10, 18, .52)', border: '#9fd0ff', glow: '#58a6ff',
};

const SHADE_EVERY_MS = 60_000;

export class WallCity {
  readonly #city: City;
  readonly #overlay: Overlay;
  readonly #live: Live;
  #begun = false;
  #shaded = { code: '', at: 0 };
  #choice = 0;

  constructor(container: HTMLElement, private readonly free: () => FreeArea) {
    this.#city = new City(container, t('canvas.label'), LOOK, ({ kind }) => {
      const layer = this.#layers().find(({ id }) => id === kind || id === `${kind}s`);
      if (layer && !wall.state.missing.includes(layer.id)) wall.set({ missing: [...wall.state.missing, layer.id] });
    });
    this.#overlay = new Overlay(this.#city.scene, container, (code) => { void focusBlock(code); });
    this.#live = new Live(this.#city, this.#overlay);
    onClick(this.#city.stage, (x, y) => { void this.#click(x, y); });
    onCanvasKeys(this.#city.stage, (x, y) => { void this.#click(x, y); });
    window.addEventListener('keydown', (event) => { this.#key(event); });
    exposeForTests(this.#city, () => this.#begun && wall.state.block !== null, { focus: focusBlock });
  }

  async start(): Promise<void> {
    const district = await loadCityData().then(() => cityData.state.session?.district);
    if (district) {
      this.#city.ground.extent = district.bbox;
      flyToBBox(this.#city.scene, district.bbox, this.free(), 0);
    }
    wall.subscribe((state, before) => { this.#follow(state, before); });
    language.subscribe(() => { this.#label(); this.#city.stage.canvas.setAttribute('aria-label', t('canvas.label')); });
    cityData.subscribe(({ collections, tilesets }, before) => {
      if (tilesets !== before.tilesets) void this.#city.setLayers(collections, tilesets);
    });
    const { collections, tilesets } = cityData.state;
    wall.set({ hidden: new Set(collections.filter(({ blocktwin }) => !blocktwin.visible).map(({ id }) => id)) });
    await Promise.all([begin(), this.#city.setLayers(collections, tilesets)]);
    await this.#live.loadPoints();
    this.#live.start();
    this.#begun = true;
    this.#city.stage.requestRender();
  }

  closeCard(): void {
    this.#choice += 1;
    this.#city.tilesets.unlight();
    wall.set({ card: null });
  }

  async showIncident(feature: TwinFeature): Promise<void> {
    if (feature.geometry?.type === 'Point') {
      const [lon = 0, lat = 0] = feature.geometry.coordinates;
      flyToPlace(this.#city.scene, [lon, lat, 0], { heading: 0, pitch: -45, range: 900 });
    }
    const layer = this.#layers().find(({ id }) => id === 'incidents');
    if (layer) await this.#describe({ kind: 'point', layer, id: Number(feature.id) });
  }

  #layers(): Collection[] {
    return cityData.state.collections;
  }

  #follow(state: Readonly<WallState>, before: Readonly<WallState>): void {
    if (state.block && state.block !== before.block) {
      flyToBBox(this.#city.scene, state.block.bbox, this.free());
      this.#city.mask.set(state.block.geometry);
      wall.set({ incidents: [], incidentsLoaded: false });
      void this.#live.loadTicker();
    }
    if (state.block !== before.block || state.profile !== before.profile) this.#label();
    if (state.profile !== before.profile || (state.profileFailure !== '' && before.profileFailure === '')) this.#shade();
    if (state.hidden !== before.hidden) {
      for (const layer of this.#layers()) if (state.hidden.has(layer.id) !== before.hidden.has(layer.id)) this.#city.show(layer, !state.hidden.has(layer.id));
    }
  }

  /** Blocks are shaded anew when the focus moves, else at most once in a while: a painted ground is not free. */
  #shade(): void {
    const { block, profile } = wall.state;
    const now = performance.now();
    if (block?.code === this.#shaded.code && now - this.#shaded.at < SHADE_EVERY_MS) return;
    this.#shaded = { code: block?.code ?? '', at: now };
    this.#city.painted.get('blocks')?.emphasise(blockEmphasis(block, profile));
  }

  #label(): void {
    const { block, profile } = wall.state;
    const open = new Map(profile?.children.map(({ code, incidents_open }) => [code, incidents_open]));
    this.#overlay.setLabels((block?.children ?? []).map((child) => {
      const [west, south, east, north] = child.bbox;
      const value = open.get(child.code);
      return { key: child.code, text: shortName(child, block), note: value ? count(value) : '',
        lon: (west + east) / 2, lat: (south + north) / 2, rank: (east - west) * (north - south) };
    }));
  }

  async #click(x: number, y: number): Promise<void> {
    const picked = await this.#city.pick(x, y);
    if (!picked) return;
    if (picked.kind === 'ground') {
      const things = picked.shapes.filter(({ layer }) => layer.id !== 'blocks');
      const next = nextBlock(picked.shapes.filter(({ layer }) => layer.id === 'blocks').map(({ properties }) => textOf(properties, 'code')));
      // A block that can be entered comes first; inside the finest one, the things that lie there speak.
      if (next !== null && (things.length === 0 || (wall.state.block?.level ?? 0) < 3)) {
        await focusBlock(next);
        return;
      }
      if (things.length === 0) {
        this.closeCard();
        return;
      }
    }
    await this.#describe(picked);
  }

  async #describe(picked: Picked): Promise<void> {
    const choice = ++this.#choice;
    wall.set({ card: { description: null, busy: true, failure: '' } });
    try {
      const description = await describe(picked, this.#layers());
      if (choice === this.#choice) wall.set({ card: description ? { description, busy: false, failure: '' } : null });
    } catch (error) {
      if (choice === this.#choice) wall.set({ card: { description: null, busy: false, failure: wordsOf(error) } });
    }
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.composedPath()[0] instanceof HTMLInputElement) return;
    switch (event.key) {
      case 'l': case 'L': switchLanguage(); break;
      case 't': case 'T': wall.set({ listOpen: !wall.state.listOpen }); break;
      case 'Backspace': void up(); break;
      case 'Escape':
        if (wall.state.card) this.closeCard();
        else if (wall.state.listOpen) wall.set({ listOpen: false });
        else void up();
        break;
      case 'Home': if (wall.state.block) flyToBBox(this.#city.scene, wall.state.block.bbox, this.free()); break;
      default: return;
    }
    event.preventDefault();
  }
}
