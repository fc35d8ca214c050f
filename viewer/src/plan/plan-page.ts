// SPDX-License-Identifier: Apache-2.0
/** The planner's desk: a model comes in on the left, stands on the map, and is read on the right. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { cityData } from '../core/city-data';
import { wordsOf } from '../core/failure';
import { t } from '../core/i18n';
import { overlayStyle } from '../core/scene/overlay-style';
import { shared, TwinElement } from '../core/ui/element';
import '../core/ui/info-card';
import './parts/model-list';
import './parts/model-panel';
import './parts/plan-bar';
import './parts/sendings';
import './parts/sign-in';
import './parts/upload-box';
import { PlanCity } from './plan-city';
import { plan } from './state';

export class PlanPage extends TwinElement {
  static override styles = [shared, overlayStyle, css`
    :host { position: fixed; inset: 0; display: grid; grid-template: auto minmax(0, 1fr) / 24rem minmax(0, 1fr) auto; background: var(--paper); }
    plan-bar { grid-column: 1 / -1; }
    .side { background: var(--panel-solid); overflow: auto; border-right: 1px solid var(--line); }
    .right { border-right: 0; border-left: 1px solid var(--line); width: 22rem; }
    .map { position: relative; min-width: 0; overflow: hidden; }
    .notice { position: absolute; left: 50%; top: 1rem; transform: translateX(-50%); background: var(--panel-solid); border: 1px solid var(--line-2);
      padding: 0.55rem 1rem; border-radius: var(--radius); box-shadow: var(--shadow); font-size: 0.9rem; max-width: 90%; z-index: 1; }
    .notice.bad { border-color: var(--bad); color: var(--bad); }
    .hint { position: absolute; left: 1rem; bottom: 0.8rem; font-size: 0.78rem; color: var(--ink-2); pointer-events: none; }
    twin-info-card { position: absolute; right: 1rem; bottom: 1rem; width: min(22rem, calc(100% - 2rem)); max-height: min(65%, 34rem); }
    @media (max-width: 1100px) { :host { grid-template-columns: 20rem minmax(0, 1fr) auto; } .right { width: 18rem; } }
    @media (max-width: 760px) {
      :host { position: relative; inset: auto; display: flex; flex-direction: column; min-height: 100%; }
      .map { height: 46vh; flex: none; position: sticky; top: 0; z-index: 2; border-bottom: 1px solid var(--line); }
      .side, .right { width: auto; border: 0; overflow: visible; } .right { order: 2; } .left { order: 3; } .hint { display: none; }
    }
  `];

  override watched = [plan, cityData];
  #city: PlanCity | null = null;

  override firstUpdated(): void {
    const container = this.renderRoot.querySelector<HTMLElement>('.canvas');
    if (!container) return;
    this.#city = new PlanCity(container);
    void this.#city.start();
    window.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      if (plan.state.placing) plan.set({ placing: false });
      else if (plan.state.card) this.#city?.closeCard();
      else if (plan.state.storey !== null) plan.set({ storey: null });
    });
    // A file dropped beside the box must not replace the page.
    for (const name of ['dragover', 'drop']) window.addEventListener(name, (event) => { event.preventDefault(); });
  }

  override render(): TemplateResult {
    const { session } = cityData.state;
    const { model, modelFailure, card } = plan.state;
    return html`
      <plan-bar></plan-bar>
      <div class="side left">
        ${session?.role === 'public' ? html`<plan-sign-in></plan-sign-in>` : html`<plan-upload></plan-upload><plan-sendings></plan-sendings>`}
        <plan-models></plan-models>
      </div>
      <main class="map" aria-label=${t('wall.stage')}>
        <div class="canvas" style="position:absolute;inset:0"></div>
        ${this.#notice()}
        <p class="hint">${t('plan.hint')}</p>
        ${card ? html`<twin-info-card .description=${card.description} .busy=${card.busy} .failure=${card.failure}
          @close-card=${() => this.#city?.closeCard()}></twin-info-card>` : nothing}
      </main>
      ${model || modelFailure !== '' ? html`<div class="side right" @fly=${() => { if (plan.state.model) void this.#city?.fly(plan.state.model); }}>
        <plan-model></plan-model></div>` : nothing}`;
  }

  #notice(): TemplateResult | typeof nothing {
    const { phase, error } = cityData.state;
    if (phase === 'failed') return html`<p class="notice bad" role="alert">${wordsOf(error)} ${t('retrying')}</p>`;
    if (plan.state.placing) return html`<p class="notice" role="status">${t('place.click')}</p>`;
    return phase === 'loading' ? html`<p class="notice" role="status">${t('waiting')}</p>` : nothing;
  }
}

customElements.define('twin-plan', PlanPage);
