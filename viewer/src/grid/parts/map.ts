// SPDX-License-Identifier: Apache-2.0
/** The map beside a list: what is chosen in one is chosen in the other. Its engine comes only when it is wanted. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { BBox, Collection } from '../../core/api';
import { byOrder } from '../../core/declared';
import { describe, type Description } from '../../core/describe';
import { wordsOf } from '../../core/failure';
import { language, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import '../../core/ui/info-card';
import { boxOf } from '../geometry';
import { here } from '../here';
import type { Hit, MapView } from '../map-view';
import { server } from '../server';
import { go, grid, openRegister, registerOfLayer } from '../state';
import { look } from './look';

export class MapPart extends TwinElement {
  static override properties = { drawing: { state: true }, failure: { state: true }, more: { state: true }, card: { state: true }, isReady: { state: true } };
  static override styles = [shared, box, look, css`
    :host { display: block; position: relative; min-height: 0; min-width: 0; border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; background: var(--ground); }
    .map { position: absolute; inset: 0; }
    .legend { position: absolute; left: 0.6rem; top: 0.6rem; background: var(--panel-solid); border: 1px solid var(--line); border-radius: 0.5rem; max-height: calc(100% - 4rem); overflow: auto; max-width: 14rem; }
    summary { cursor: pointer; padding: 0.4rem 0.8rem; font-size: 0.88rem; min-height: 2.2rem; display: flex; align-items: center; }
    .legend label { display: flex; align-items: center; gap: 0.5rem; padding: 0.25rem 0.8rem; font-size: 0.88rem; color: var(--ink); }
    .legend input { width: auto; min-height: 0; } .legend i { width: 0.8rem; height: 0.8rem; border-radius: 0.2rem; border: 1px solid rgb(0 0 0 / 25%); flex: none; }
    .draw { position: absolute; left: 50%; transform: translateX(-50%); top: 0.6rem; display: flex; flex-wrap: wrap; gap: 0.4rem; justify-content: center; width: max-content; max-width: calc(100% - 9rem); }
    .draw .note { background: var(--panel-solid); border-radius: 0.4rem; padding: 0.3rem 0.7rem; color: var(--ink); }
    .notice { position: absolute; inset: auto 0.6rem 2.4rem auto; background: var(--panel-solid); border-radius: 0.4rem; padding: 0.5rem 0.8rem; font-size: 0.86rem; max-width: 80%; }
    twin-info-card { position: absolute; right: 0.6rem; bottom: 0.6rem; width: min(20rem, calc(100% - 1.2rem)); max-height: 70%; }
    @media (max-width: 760px) { .legend label { min-height: 2.75rem; } summary { min-height: 2.75rem; } .draw { left: auto; right: 3.2rem; transform: none; max-width: calc(100% - 8rem); justify-content: flex-end; } }
  `];
  override watched = [grid];

  /** A rectangle is being drawn; aborting leaves it. */
  declare drawing: AbortController | null;
  declare failure: string;
  declare more: ReadonlySet<string>;
  declare card: { description: Description | null; busy: boolean; failure: string } | null;
  declare isReady: boolean;
  #view: MapView | null = null;
  #leave: (() => void)[] = [];

  constructor() {
    super();
    this.drawing = null;
    this.failure = '';
    this.more = new Set();
    this.card = null;
    this.isReady = false;
  }

  override firstUpdated(): void {
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.drawing?.abort();
    for (const leave of this.#leave) leave();
    this.#view?.remove();
    this.#view = null;
  }

  get isIdle(): boolean {
    return this.isReady && this.#view?.isIdle === true;
  }

  project(place: [number, number]): [number, number] | null {
    return this.#view?.project(place) ?? null;
  }

  override render(): TemplateResult {
    const open = openRegister(grid.state)?.layer;
    const layers = [...grid.state.collections].filter(({ id }) => id !== 'blocks' && id !== open).sort(byOrder);
    return html`<div class="map" aria-label=${t('grid.map_label')}></div>
      <details class="legend"><summary>${t('legend.title')}</summary>${layers.map((layer) => html`<label><input type="checkbox" .checked=${this.more.has(layer.id)}
        @change=${() => { this.#toggle(layer.id); }} /><i style="background:${layer.blocktwin.style.fill ?? layer.blocktwin.style.stroke ?? '#7f93b2'}"></i>${say(layer.blocktwin.title)}</label>`)}</details>
      <div class="draw"><button class="button small" data-do="draw" aria-pressed=${this.drawing ? 'true' : 'false'} ?disabled=${!this.isReady} @click=${() => { void this.#draw(); }}>${t('grid.draw')}</button>
        <button class="button small" data-do="view" ?disabled=${!this.isReady} @click=${() => { this.#take(this.#view?.view ?? null); }}>${t('grid.draw_view')}</button>
        ${this.drawing ? html`<p class="note" role="status">${t('grid.draw_hint')}</p>` : nothing}</div>
      ${this.failure === '' ? this.isReady ? nothing : html`<p class="notice" role="status">${t('waiting')}</p>` : html`<p class="notice failed" role="alert">${this.failure}</p>`}
      ${this.card ? html`<twin-info-card .description=${this.card.description} .busy=${this.card.busy} .failure=${this.card.failure} @close-card=${() => { this.card = null; }}></twin-info-card>` : nothing}`;
  }

  async #begin(): Promise<void> {
    const container = this.renderRoot.querySelector<HTMLElement>('.map');
    if (!container) return;
    try {
      const engine = await import('../map-view');
      await waitForBlock();
      const { block } = grid.state;
      if (!this.isConnected || !block) return;
      const sheet = document.createElement('style');
      sheet.textContent = engine.style;
      this.renderRoot.prepend(sheet);
      this.#view = new engine.MapView(container, block.bbox, (hit) => { void this.#hit(hit); }, (code) => { go({ code, entry: null }); }, () => { this.failure = t('grid.map_failed'); });
      await this.#view.showBlock(block, false);
      await this.#layers();
      await this.#select();
      this.#showBox();
      this.#showHere();
      this.isReady = true;
      this.#leave = [grid.subscribe((now, before) => {
        if (now.block && now.block !== before.block) void this.#view?.showBlock(now.block, now.entry === null);
        if (now.register !== before.register) void this.#layers();
        if (now.box !== before.box) this.#showBox();
        if (now.generation !== before.generation) this.#view?.refresh();
        if (now.entry !== before.entry || now.register !== before.register || now.generation !== before.generation) void this.#select();
      }), language.subscribe(() => { if (grid.state.block) void this.#view?.showBlock(grid.state.block, false); }), here.subscribe(() => { this.#showHere(); })];
      const watch = new ResizeObserver(() => { this.#view?.resize(); });
      watch.observe(container);
      this.#leave.push(() => { watch.disconnect(); });
    } catch (error) {
      this.failure = error instanceof Error && error.name === 'Error' ? t('grid.map_failed') : wordsOf(error);
    }
  }

  async #draw(): Promise<void> {
    if (this.drawing) {
      this.drawing.abort();
      return;
    }
    const drawing = this.drawing = new AbortController();
    const drawn = await this.#view?.drawBox(drawing.signal) ?? null;
    this.drawing = null;
    if (drawn) this.#take(drawn);
    else this.#showBox();
  }

  /** To about a decimetre: an address that people can still read. */
  #take(drawn: BBox | null): void {
    if (drawn) go({ box: drawn.map((one) => Number(one.toFixed(6))).join(','), entry: null });
  }

  #showBox(): void {
    const { box: drawn } = grid.state;
    void this.#view?.showBox(drawn === '' ? null : drawn.split(',').map(Number) as BBox);
  }

  #showHere(): void {
    const { found } = here.state;
    void this.#view?.showHere(found?.point ?? null, found?.accuracy ?? 0);
  }

  async #layers(): Promise<void> {
    const open = openRegister(grid.state)?.layer;
    const wanted = grid.state.collections.filter(({ id }) => id === open || this.more.has(id)).sort(byOrder);
    await this.#view?.showLayers(wanted);
  }

  #toggle(id: string): void {
    const more = new Set(this.more);
    if (!more.delete(id)) more.add(id);
    this.more = more;
    void this.#layers();
  }

  async #select(): Promise<void> {
    const { entry } = grid.state;
    const register = openRegister(grid.state);
    if (entry === null || !register) {
      await this.#view?.select(null, null);
      return;
    }
    const feature = await server.feature(register.layer, entry, '').catch(() => null);
    if (grid.state.entry !== entry) return;
    const box: BBox | null = feature?.geometry ? boxOf(feature.geometry) : null;
    await this.#view?.select(feature?.geometry ?? null, box);
  }

  async #hit({ layer, id }: Hit): Promise<void> {
    if (id === null) return;
    const register = registerOfLayer(layer);
    if (register) {
      this.card = null;
      go(register.name === openRegister(grid.state)?.name ? { entry: id } : { register: register.name, entry: id, q: '', filter: '', sort: '' });
      return;
    }
    const collection: Collection | undefined = grid.state.collections.find((one) => one.id === layer);
    if (!collection) return;
    this.card = { description: null, busy: true, failure: '' };
    try {
      this.card = { description: await describe({ kind: 'point', layer: collection, id }, grid.state.collections), busy: false, failure: '' };
    } catch (error) {
      this.card = { description: null, busy: false, failure: wordsOf(error) };
    }
  }
}

/** The map begins where the block is. */
async function waitForBlock(): Promise<void> {
  if (grid.state.block) return;
  await new Promise<void>((resolve) => {
    const leave = grid.subscribe(({ block }) => {
      if (!block) return;
      leave();
      resolve();
    });
  });
}

customElements.define('grid-map', MapPart);
