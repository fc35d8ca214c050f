// SPDX-License-Identifier: Apache-2.0
/** The planner's map: a click sets the place, or says what was clicked; the model in hand is flown to. */
import type { ModelDetail } from '../core/api';
import { cityData, loadCityData } from '../core/city-data';
import { describe } from '../core/describe';
import { wordsOf } from '../core/failure';
import { textOf } from '../core/format';
import { language, t } from '../core/i18n';
import { flyToBBox, flyToPlace } from '../core/scene/camera';
import { City } from '../core/scene/city';
import { onCanvasKeys, onClick } from '../core/scene/gestures';
import { Overlay } from '../core/scene/overlay';
import { exposeForTests } from '../core/window-handle';
import { loadModels } from './models';
import { plan, type PlanState } from './state';

const LOOK = {
  ground: '#e3e9f0', sky: '#d5dee8', highlight: '#f08c1a',
  dim: 'rgba(0, 0, 0, 0)', border: '#1667d9', glow: '#1667d9',
};
const BLOCK_LINE = '#90a4bd';
const WHOLE = { width: 0.94, top: 0.94, bottom: -0.94 };
const ROUND_MODEL_M = 60;

export class PlanCity {
  readonly #city: City;
  readonly #overlay: Overlay;
  #begun = false;
  #choice = 0;
  #dressed: Promise<void> = Promise.resolve();

  constructor(container: HTMLElement) {
    this.#city = new City(container, t('canvas.label'), LOOK, ({ id }) => {
      plan.set({ failedTilesets: [...plan.state.failedTilesets, id] });
    });
    this.#overlay = new Overlay(this.#city.scene, container, () => undefined);
    onClick(this.#city.stage, (x, y) => { void this.#click(x, y); });
    onCanvasKeys(this.#city.stage, (x, y) => { void this.#click(x, y); });
    exposeForTests(this.#city, () => this.#begun);
  }

  async start(): Promise<void> {
    await loadCityData();
    plan.subscribe((state, before) => { this.#follow(state, before); });
    language.subscribe(() => { this.#city.stage.canvas.setAttribute('aria-label', t('canvas.label')); });
    cityData.subscribe((state, before) => {
      if (state.tilesets !== before.tilesets || state.collections !== before.collections) void this.#dress();
    });
    const district = cityData.state.session?.district;
    if (district) {
      this.#city.ground.extent = district.bbox;
      flyToBBox(this.#city.scene, district.bbox, WHOLE, 0, -65);
    }
    await Promise.all([this.#dress(), loadModels()]);
    this.#begun = true;
    this.#city.stage.requestRender();
  }

  /** Brings the scene in line with the server's lists, one change after the other. */
  #dress(): Promise<void> {
    this.#dressed = this.#dressed.catch(() => undefined).then(() => this.#dressNow());
    return this.#dressed;
  }

  async #dressNow(): Promise<void> {
    const { collections, tilesets } = cityData.state;
    await this.#city.setLayers(collections, tilesets);
    // Blocks are a frame for orientation here, nothing more.
    this.#city.painted.get('blocks')?.emphasise(({ properties }) => ({
      fill: null, stroke: BLOCK_LINE, width: Number(textOf(properties, 'level') || 4) <= 2 ? 1.6 : 0.7, opacity: 0.3,
    }));
    const { model, storey } = plan.state;
    if (model?.tileset_id) this.#city.tilesets.isolate(model.tileset_id, storey);
  }

  closeCard(): void {
    this.#choice += 1;
    this.#city.tilesets.unlight();
    plan.set({ card: null });
  }

  /** Once its tileset stands, for only then is its size known. */
  async fly(model: ModelDetail): Promise<void> {
    await this.#dressed;
    if (!model.position || plan.state.model?.id !== model.id) return;
    const radius = (model.tileset_id !== null ? this.#city.tilesets.boundsOf(model.tileset_id)?.radius : undefined) ?? ROUND_MODEL_M;
    const [lon, lat, height] = model.position;
    flyToPlace(this.#city.scene, [lon, lat, height + radius * 0.3], { heading: 25, pitch: -28, range: radius * 3.2 });
  }

  #follow(state: Readonly<PlanState>, before: Readonly<PlanState>): void {
    if (state.placement !== before.placement) {
      this.#overlay.setPin(state.placement && { ...state.placement, text: t('place.here') });
      this.#city.stage.requestRender();
    }
    if (state.placing !== before.placing) this.#city.stage.canvas.style.cursor = state.placing ? 'crosshair' : '';
    if (state.model !== before.model) {
      if (before.model?.tileset_id) this.#city.tilesets.isolate(before.model.tileset_id, null);
      if (state.model && state.model.id !== before.model?.id) void this.fly(state.model);
    }
    if (state.storey !== before.storey && state.model?.tileset_id) this.#city.tilesets.isolate(state.model.tileset_id, state.storey);
  }

  async #click(x: number, y: number): Promise<void> {
    if (plan.state.placing) {
      const ground = this.#city.groundAt(x, y);
      if (!ground) return;
      const [lon, lat] = ground.map((degrees) => Number(degrees.toFixed(7)));
      const { height = 0, heading = 0 } = plan.state.placement ?? {};
      plan.set({ placing: false, placement: { lon: lon ?? 0, lat: lat ?? 0, height, heading } });
      return;
    }
    const choice = ++this.#choice;
    const picked = await this.#city.pick(x, y);
    if (!picked || (picked.kind === 'ground' && picked.shapes.every(({ layer }) => layer.id === 'blocks'))) {
      this.closeCard();
      return;
    }
    plan.set({ card: { description: null, busy: true, failure: '' } });
    try {
      const description = await describe(picked, cityData.state.collections);
      if (choice === this.#choice) plan.set({ card: description ? { description, busy: false, failure: '' } : null });
    } catch (error) {
      if (choice === this.#choice) plan.set({ card: { description: null, busy: false, failure: wordsOf(error) } });
    }
  }
}
