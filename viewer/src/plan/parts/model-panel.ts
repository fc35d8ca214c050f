// SPDX-License-Identifier: Apache-2.0
/** The model in hand: where it comes from, its storeys, its report. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { Storey } from '../../core/api';
import { count, valueText } from '../../core/format';
import { t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { plan } from '../state';
import { box } from '../../core/ui/box';
import { placeLine, reportStyle, reportView } from '../../core/ui/report';
import { stateChip } from './state-chip';

export class ModelPanel extends TwinElement {
  static override styles = [shared, box, reportStyle, css`
    h2 { font-size: 1.08rem; overflow-wrap: anywhere; }
    h3 { font-size: 0.9rem; margin-bottom: 0.5rem; display: flex; justify-content: space-between; align-items: baseline; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: 0.25rem 0.8rem; font-size: 0.85rem; margin-bottom: 0.7rem; }
    dt { color: var(--ink-2); } dd { text-align: right; overflow-wrap: anywhere; }
    .row { display: flex; gap: 0.5rem; }
    .storeys { display: grid; gap: 0.15rem; }
    .storeys button { display: grid; grid-template-columns: 2.4rem 1fr auto; gap: 0.5rem; align-items: baseline; width: 100%; text-align: left; font-size: 0.88rem;
      padding: 0.36rem 0.55rem; border-radius: 0.4rem; }
    .storeys button:hover { background: var(--hover); }
    .storeys button[aria-pressed='true'] { background: var(--accent); color: #fff; }
    .storeys small { color: var(--ink-2); font-size: 0.78rem; font-variant-numeric: tabular-nums; } [aria-pressed='true'] small { color: inherit; }
    .storeys span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  `];
  override watched = [plan];

  override render(): TemplateResult | typeof nothing {
    const { model, modelFailure, failedTilesets } = plan.state;
    if (modelFailure !== '') return html`<section><p class="failed" role="alert">${modelFailure}</p></section>`;
    if (!model) return nothing;
    const { version } = model;
    const place = placeLine(version?.georeference ?? version?.report?.georeference);
    return html`
      <section>
        <h2><span>${model.name}</span>${stateChip(model.state)}</h2>
        <dl>
          ${version ? html`<dt>${t('model.file')}</dt><dd>${version.file_name}</dd><dt>${t('model.schema')}</dt><dd>${version.schema}</dd>
            <dt>${t('model.version')}</dt><dd>${version.number}</dd>` : nothing}
          <dt>${t('model.elements')}</dt><dd>${count(model.elements)}</dd>
          ${place === '' ? nothing : html`<dt>${t('model.place')}</dt><dd>${place}</dd>`}
        </dl>
        ${model.tileset_id !== null && failedTilesets.includes(model.tileset_id) ? html`<p class="failed" role="alert">${t('model.no_tiles')}</p>` : nothing}
        <div class="row">
          <button class="button" ?disabled=${!model.position} @click=${() => this.dispatchEvent(new CustomEvent('fly', { bubbles: true, composed: true }))}>${t('model.fly')}</button>
          <button class="button" @click=${() => { plan.set({ model: null, storey: null }); }}>${t('close')}</button>
        </div>
      </section>
      ${this.#storeys(model.storeys)}
      ${version?.report ? html`<section><h3>${t('report.title')}</h3>${reportView(version.report)}
        ${(version.report.problems ?? []).length === 0 ? html`<p class="empty">${t('report.clean')}</p>` : nothing}</section>` : nothing}`;
  }

  #storeys(storeys: Storey[]): TemplateResult {
    const { storey } = plan.state;
    const list = storeys.toSorted((one, other) => other.number - one.number);
    return html`<section><h3>${t('storeys.title')}
      <button class="link" ?hidden=${storey === null} @click=${() => { plan.set({ storey: null }); }}>${t('storeys.all')}</button></h3>
      ${list.length === 0 ? html`<p class="empty">${t('storeys.none')}</p>` : html`<ul class="storeys">${list.map(({ number, name, elevation, elements }) => html`<li>
        <button aria-pressed=${storey === number} @click=${() => { plan.set({ storey: storey === number ? null : number }); }}>
          <small>${number}</small><span>${name}</span>
          <small>${elevation === null ? '' : `${valueText(Number(elevation.toFixed(2)))} m · `}${count(elements)}</small></button></li>`)}</ul>`}
    </section>`;
  }
}

customElements.define('plan-model', ModelPanel);
