// SPDX-License-Identifier: Apache-2.0
/** The business layers: whose they are, who may see them, how fresh they are, and taking one away for good. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { count, dayAndTime } from '../../core/format';
import { language, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { BusinessLayer, Certificate } from '../api';
import { server } from '../server';
import { admin } from '../state';
import { className } from '../words';
import { desk } from './desk';
import './layer-form';
import './layer-versions';
import './layer-withdraw';
import { PLAIN } from './legend-form';
import { Panel } from '../../core/ui/panel';

export class Layers extends Panel<BusinessLayer[]> {
  static override properties = { editing: { state: true }, opened: { state: true }, certificate: { state: true } };
  static override styles = [shared, box, desk, css`
    small { display: block; color: var(--ink-2); }
    .swatch { display: inline-block; width: 0.8rem; height: 0.8rem; border-radius: 0.2rem; margin-right: 0.45rem; vertical-align: -0.05rem; border: 1px solid var(--line-2); }
    .acts { display: flex; gap: 0.4rem; justify-content: flex-end; flex-wrap: wrap; }
    .said { padding: 0.8rem 1.1rem; margin-bottom: 1.1rem; border-color: var(--good); }
    td.below { padding: 0 0.75rem 0.9rem; } tr.below:hover { background: none; }
    @media (max-width: 760px) { .acts { justify-content: flex-start; } td.below { padding: 0.3rem 0; } }
  `];
  override watched = [admin];

  /** The layer in the form: '' is a new one, null none. */
  declare editing: string | null;
  /** The layer whose versions are shown. */
  declare opened: string;
  declare certificate: Certificate | null;

  constructor() {
    super();
    this.editing = null;
    this.opened = '';
    this.certificate = null;
  }

  protected override fetch(): Promise<BusinessLayer[]> {
    return server.layers();
  }

  protected override view(layers: BusinessLayer[]): TemplateResult {
    const { certificate } = this;
    return html`<div class="headline"><h2>${t('admin.layers')}</h2><div class="tools"><a class="button" href="#upload">${t('admin.layer.upload')}</a>
        <button class="button main" @click=${() => { this.editing = ''; }}>${t('admin.layer.new')}</button></div></div>
      <p class="lead">${t('admin.layer.lead')}</p>
      ${certificate ? html`<p class="card said" role="status">${t('admin.layer.gone', {
        features: count(certificate.features), versions: count(certificate.versions), number: certificate.certificate })}</p>` : nothing}
      ${this.editing === null ? nothing : keyed(this.editing, html`<admin-layer-form .code=${this.editing} .taken=${layers.map(({ code }) => code)}
        .given=${layers.find(({ code }) => code === this.editing) ?? null} @left=${() => { this.editing = null; }}
        @saved=${() => { this.editing = null; void this.reload(); }}></admin-layer-form>`)}
      <div class="card">${layers.length === 0 ? html`<p class="none"><strong>${t('admin.layer.none')}</strong>${t('admin.layer.none_do')}</p>` : html`<table>
        <thead><tr><th>${t('admin.layer.layer')}</th><th>${t('admin.layer.owner')}</th><th>${t('admin.layer.class')}</th><th class="number">${t('admin.layer.rows')}</th>
          <th>${t('admin.layer.fresh')}</th><th>${t('admin.layer.retention')}</th><th></th></tr></thead>
        <tbody>${layers.map((layer) => this.#row(layer))}</tbody></table>`}</div>`;
  }

  #row(layer: BusinessLayer): TemplateResult {
    const { code, title, owner, access_class: least, features, refresh_days: days, retention_until: until, legend, version } = layer;
    const isOpen = this.opened === code;
    return html`<tr data-layer=${code}><td data-label=${t('admin.layer.layer')} class="wide"><span><span class="swatch" style=${`background:${legend.fill ?? PLAIN}`}></span>${
        language.state.code === 'en' ? title.en ?? title.zh : title.zh}<small><code>${code}</code></small></span></td>
      <td data-label=${t('admin.layer.owner')} class="wide">${owner ?? '–'}</td>
      <td data-label=${t('admin.layer.class')} class="fixed">${className(least)}</td>
      <td data-label=${t('admin.layer.rows')} class="number">${count(features)}</td>
      <td data-label=${t('admin.layer.fresh')} class="fixed"><span>${layer.updated_at ? dayAndTime(layer.updated_at) : t('admin.layer.never')}
        ${layer.is_stale ? html`<span class="chip bad">${t('admin.layer.stale')}</span>` : nothing}
        <small>${days === null ? t('admin.layer.no_refresh') : t('admin.layer.every', { days })}</small></span></td>
      <td data-label=${t('admin.layer.retention')} class="fixed">${until ?? t('admin.layer.no_end')}</td>
      <td class="whole"><span class="acts">
        <button class="button small" aria-expanded=${isOpen} @click=${() => { this.opened = isOpen ? '' : code; }}>${t('admin.layer.version', { version })}</button>
        <button class="button small" @click=${() => { this.editing = code; this.certificate = null; }}>${t('admin.layer.describe')}</button>
        <admin-layer-withdraw .code=${code} .name=${say(title.zh)} .features=${features}
          @withdrawn=${(event: CustomEvent<Certificate>) => { this.certificate = event.detail; this.editing = null; void this.reload(); }}></admin-layer-withdraw></span></td></tr>
      ${isOpen ? html`<tr class="below"><td colspan="7" class="below whole"><admin-layer-versions .code=${code}></admin-layer-versions></td></tr>` : nothing}`;
  }
}

customElements.define('admin-layers', Layers);
