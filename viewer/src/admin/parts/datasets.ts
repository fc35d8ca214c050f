// SPDX-License-Identifier: Apache-2.0
/** The datasets: who answers for each, how fresh and how complete it is. What is counted is never typed in. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { count, dayAndTime, valueText } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Dataset, Datasets as Answer } from '../api';
import { server } from '../server';
import { admin } from '../state';
import { className, kindName, kinds } from '../words';
import './dataset-form';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';

const percent = (share: number | null): string => (share === null ? '–' : `${valueText(Math.round(share * 1000) / 10)} %`);

export class Datasets extends Panel<Answer> {
  static override properties = { editing: { state: true } };
  static override styles = [shared, box, desk, css`
    .sets { display: grid; gap: 0.8rem; }
    .one { padding: 0.9rem 1.1rem 1rem; border-bottom: 1px solid var(--line); }
    .top { display: flex; gap: 0.5rem 1rem; justify-content: space-between; align-items: flex-start; flex-wrap: wrap; margin-bottom: 0.6rem; }
    .top h3 { margin: 0; overflow-wrap: anywhere; } .top small { color: var(--ink-2); }
    .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 0.5rem 1rem; font-size: 0.9rem; }
    dt { font-size: 0.78rem; color: var(--ink-2); } dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; } dd progress { margin-top: 0.25rem; max-width: 9rem; }
    .missing { color: var(--warm); }
    summary { cursor: pointer; font-size: 0.84rem; color: var(--accent-ink); margin-top: 0.6rem; }
    .fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)); gap: 0.35rem 1rem; font-size: 0.84rem; padding-top: 0.5rem; }
    .fields li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 0.5rem; } .fields progress { grid-column: 1 / -1; }
    .note { font-size: 0.86rem; color: var(--ink-2); margin-top: 0.5rem; overflow-wrap: anywhere; }
    @media (max-width: 760px) { .facts { grid-template-columns: 1fr 1fr; } }
  `];
  override watched = [kinds, admin];

  declare editing: number | null;

  constructor() {
    super();
    this.editing = null;
  }

  protected override fetch(): Promise<Answer> {
    return server.datasets();
  }

  protected override view({ datasets, next }: Answer): TemplateResult {
    return html`<div class="headline"><h2>${t('admin.datasets')}</h2><a class="button" href="#upload">${t('admin.upload')}</a></div>
      <p class="lead">${t('admin.dataset.lead')}</p>
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      ${datasets.length === 0 ? html`<p class="card none"><strong>${t('admin.dataset.none')}</strong>${t('admin.dataset.none_do')}</p>`
        : html`<div class="sets">${datasets.map((dataset) => (dataset.id === this.editing ? this.#form(dataset) : this.#one(dataset)))}</div>`}
      ${next === null ? nothing : html`<p class="more"><button class="button" ?disabled=${this.busy} @click=${() => { void this.#more(next); }}>${t('admin.more')}</button></p>`}`;
  }

  #form(dataset: Dataset): TemplateResult {
    return html`${keyed(dataset.id, html`<admin-dataset-form .given=${dataset} @left=${() => { this.editing = null; }}
      @saved=${() => { this.editing = null; void this.reload(); }}></admin-dataset-form>`)}`;
  }

  #one(dataset: Dataset): TemplateResult {
    const { id, kind, source_id: source, title, owner, steward, licence, note, refresh_days: days, coverage, completeness, fields, issues, rejected } = dataset;
    const said = (text: string | null): TemplateResult => (text ? html`${text}` : html`<span class="missing">${t('admin.dataset.unsaid')}</span>`);
    const bar = (share: number | null, label: string): TemplateResult => html`${percent(share)}${share === null ? nothing : html`<progress max="1" .value=${share} aria-label=${label}></progress>`}`;
    return html`<section class="card one" data-dataset=${id}><div class="top"><div><h3>${say(title) || `${kindName(kind)} · ${source}`}
          ${dataset.is_overdue ? html`<span class="chip bad">${t('admin.dataset.overdue')}</span>` : nothing}</h3><small>${kindName(kind)} · <code>${source}</code></small></div>
        <button class="button small" @click=${() => { this.editing = id; }}>${t('admin.edit')}</button></div>
      <dl class="facts"><div><dt>${t('admin.layer.owner')}</dt><dd>${said(owner)}</dd></div>
        <div><dt>${t('admin.dataset.steward')}</dt><dd>${said(steward)}</dd></div>
        <div><dt>${t('admin.dataset.licence')}</dt><dd>${said(licence)}</dd></div>
        <div><dt>${t('admin.layer.class')}</dt><dd>${dataset.access_class === null ? '–' : className(dataset.access_class)}</dd></div>
        <div><dt>${t('admin.layer.rows')}</dt><dd>${dataset.rows === null ? t('admin.dataset.uncounted') : count(dataset.rows)}</dd></div>
        <div><dt>${t('admin.layer.fresh')}</dt><dd>${dataset.loaded_at ? dayAndTime(dataset.loaded_at) : '–'}${days === null ? nothing : html` · ${t('admin.layer.every', { days })}`}</dd></div>
        <div><dt>${t('admin.dataset.coverage')}</dt><dd>${bar(coverage, t('admin.dataset.coverage'))}</dd></div>
        <div><dt>${t('admin.dataset.completeness')}</dt><dd>${bar(completeness, t('admin.dataset.completeness'))}</dd></div>
        <div><dt>CRS</dt><dd>${dataset.crs ?? '–'}</dd></div>
        <div><dt>${t('report.rejected')}</dt><dd>${rejected === null ? '–' : count(rejected)}</dd></div>
        <div><dt>${t('admin.quality')}</dt><dd>${issues === 0 ? '0' : html`<a href="#quality">${count(issues)}</a>`}</dd></div></dl>
      ${note ? html`<p class="note">${note}</p>` : nothing}
      ${fields.length === 0 ? nothing : html`<details><summary>${t('admin.dataset.fields', { count: fields.length })}</summary><ul class="fields">
        ${fields.map(({ name, filled }) => html`<li><code>${name}</code><span>${percent(filled)}</span><progress max="1" .value=${filled} aria-label=${name}></progress></li>`)}</ul></details>`}</section>`;
  }

  async #more(after: number): Promise<void> {
    await this.act(async () => {
      const further = await server.datasets(after);
      this.data = { ...further, datasets: [...(this.data?.datasets ?? []), ...further.datasets] };
    });
  }
}

customElements.define('admin-datasets', Datasets);
