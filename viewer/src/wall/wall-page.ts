// SPDX-License-Identifier: Apache-2.0
/** The wall: a city behind, figures at its sides. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { TwinFeature } from '../core/api';
import { cityData } from '../core/city-data';
import { wordsOf } from '../core/failure';
import { t } from '../core/i18n';
import { overlayStyle } from '../core/scene/overlay-style';
import { shared, TwinElement } from '../core/ui/element';
import '../core/ui/info-card';
import './parts/bars';
import './parts/figures';
import './parts/legend';
import './parts/list';
import './parts/ticker';
import './parts/top-bar';
import './parts/trend';
import { wall } from './state';
import type { FreeArea } from '../core/scene/camera';
import { WallCity } from './wall-city';

export class WallPage extends TwinElement {
  static override styles = [shared, overlayStyle, css`
    :host { position: fixed; inset: 0; display: grid; grid-template: 'top top top' auto 'left stage right' minmax(0, 1fr) / var(--side) minmax(0, 1fr) var(--side);
      --side: 23rem; background: var(--paper); }
    .canvas { position: absolute; inset: 0; }
    .canvas::after { content: ''; position: absolute; inset: 0; pointer-events: none;
      background: radial-gradient(ellipse at center, transparent 52%, rgb(5 9 16 / 62%) 100%); }
    wall-top-bar { grid-area: top; position: relative; }
    .side { position: relative; display: grid; gap: 0.75rem; padding: 0.2rem 1rem 1rem; min-height: 0; }
    .left { grid-area: left; grid-template-rows: auto auto minmax(0, 1fr); padding-right: 0; }
    .right { grid-area: right; grid-template-rows: minmax(0, 1fr) minmax(0, 1.1fr); padding-left: 0; }
    .side > * { min-height: 0; }
    .stage { grid-area: stage; position: relative; pointer-events: none; min-width: 0; }
    .stage > * { pointer-events: auto; position: absolute; }
    wall-legend { left: 1rem; right: 1rem; bottom: 1rem; }
    twin-info-card { right: 1rem; bottom: 5.6rem; width: min(23rem, calc(100% - 2rem)); max-height: min(70%, 36rem); }
    wall-list { inset: 0.2rem 1rem 1rem; }
    .notice { left: 50%; top: 0.6rem; transform: translateX(-50%); background: var(--panel-solid); border: 1px solid var(--line-2);
      padding: 0.6rem 1rem; border-radius: var(--radius); font-size: 0.92rem; max-width: 90%; }
    .notice.bad { border-color: var(--bad); }
    @media (max-height: 640px) { .left { grid-template-rows: auto auto auto; overflow-y: auto; } }
    @media (min-aspect-ratio: 5/2) {
      :host { --side: 46rem; }
      .left { grid-template: 'a b' auto 'a c' minmax(0, 1fr) / 1fr 1fr; }
      .left > :nth-child(1) { grid-area: a; } .left > :nth-child(2) { grid-area: b; } .left > :nth-child(3) { grid-area: c; }
      .right { grid-template: minmax(0, 1fr) / 1fr 1fr; }
    }
    @media (max-width: 760px) {
      :host { position: relative; inset: auto; display: flex; flex-direction: column; min-height: 100%; }
      .canvas, .stage { position: relative; height: 58vh; flex: none; }
      .stage { position: absolute; left: 0; right: 0; top: var(--top, 5.6rem); }
      wall-top-bar { order: -1; } .side { display: flex; flex-direction: column; padding: 0.75rem 0.75rem 0; }
      .right { padding-bottom: 1rem; }
      wall-legend { left: 0.6rem; bottom: 0.6rem; } twin-info-card { right: 0.6rem; left: 0.6rem; width: auto; bottom: 0.6rem; }
    }
  `];

  override watched = [wall, cityData];
  #city: WallCity | null = null;

  override firstUpdated(): void {
    const container = this.renderRoot.querySelector<HTMLElement>('.canvas');
    if (!container) return;
    this.#city = new WallCity(container, () => this.#free());
    void this.#city.start();
    new ResizeObserver(([entry]) => {
      this.style.setProperty('--top', `${entry?.borderBoxSize[0]?.blockSize ?? 90}px`);
    }).observe(this.renderRoot.querySelector('wall-top-bar') ?? container);
  }

  override render(): TemplateResult {
    const { card, listOpen } = wall.state;
    return html`
      <div class="canvas"></div>
      <wall-top-bar></wall-top-bar>
      <div class="side left"><wall-figures></wall-figures><wall-trend></wall-trend><wall-types></wall-types></div>
      <main class="stage" aria-label=${t('wall.stage')}>
        ${this.#notice()}
        <wall-legend></wall-legend>
        ${listOpen ? html`<wall-list role="region" aria-label=${t('list.open')}></wall-list>` : nothing}
        ${card ? html`<twin-info-card .description=${card.description} .busy=${card.busy} .failure=${card.failure}
          @close-card=${() => this.#city?.closeCard()}></twin-info-card>` : nothing}
      </main>
      <div class="side right" @show-incident=${(event: CustomEvent<TwinFeature>) => { void this.#city?.showIncident(event.detail); }}>
        <wall-children></wall-children><wall-ticker></wall-ticker></div>`;
  }

  #notice(): TemplateResult | typeof nothing {
    const { phase, error } = cityData.state;
    if (phase === 'loading') return html`<p class="notice" role="status">${t('waiting')}</p>`;
    if (phase === 'failed') return html`<p class="notice bad" role="alert">${wordsOf(error)} ${t('retrying')}</p>`;
    return nothing;
  }

  /** What the panels leave of the canvas, for the camera to fit a block into. */
  #free(): FreeArea {
    const canvas = this.renderRoot.querySelector('.canvas')?.getBoundingClientRect();
    const stage = this.renderRoot.querySelector('.stage')?.getBoundingClientRect();
    const legend = this.renderRoot.querySelector('wall-legend')?.getBoundingClientRect();
    if (!canvas || !stage || !legend) return { width: 1, top: 1, bottom: -1 };
    const y = (pixel: number): number => 1 - (2 * (pixel - canvas.top)) / canvas.height;
    return { width: (stage.width / canvas.width) * 0.94, top: y(stage.top) - 0.04, bottom: y(legend.top) + 0.04 };
  }
}

customElements.define('twin-wall', WallPage);
