// SPDX-License-Identifier: Apache-2.0
/** Tables of codes: block schemes, types of incidents, forms of codes, and the column mappings that the server knows. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { CodeForm, Scheme } from '../api';
import { server } from '../server';
import { desk } from './desk';
import './event-types';
import { Panel } from '../../core/ui/panel';

interface Tables { schemes: Scheme[]; forms: CodeForm[]; mappings: string[] }

export class Codes extends Panel<Tables> {
  static override styles = [shared, box, desk, css`
    h2 { margin-bottom: 0.3rem; } h3:first-of-type { margin-top: 0.6rem; }
    .card { overflow-x: auto; }
    .levels { display: flex; flex-wrap: wrap; gap: 0.3rem 0.5rem; }
    .levels span { background: var(--raised); border: 1px solid var(--line-1); border-radius: 0.4rem; padding: 0.12rem 0.5rem; font-size: 0.84rem; white-space: nowrap; }
    .levels b { font-weight: 600; font-variant-numeric: tabular-nums; }
    small { color: var(--ink-2); display: block; }
    .mappings { padding: 0.8rem 1rem; display: flex; flex-wrap: wrap; gap: 0.4rem 1rem; }
    td.name { min-width: 11rem; }
    @media (max-width: 760px) { td.name { min-width: 0; } }
  `];

  protected override async fetch(): Promise<Tables> {
    const [schemes, forms, { mappings }] = await Promise.all([server.schemes(), server.codeForms(), server.kinds()]);
    return { schemes, forms, mappings };
  }

  protected override view({ schemes, forms, mappings }: Tables): TemplateResult {
    return html`<h2>${t('admin.codes')}</h2><p class="lead">${t('codes.lead')}</p>
      <h3>${t('codes.schemes')}</h3>
      <div class="card">${schemes.length === 0 ? html`<p class="none">${t('codes.no_schemes')}</p>` : html`<table>
        <thead><tr><th>${t('codes.scheme')}</th><th>${t('codes.levels')}</th><th>CRS</th></tr></thead>
        <tbody>${schemes.map((scheme) => this.#scheme(scheme))}</tbody></table>`}</div>
      <h3>${t('codes.event_types')}</h3><admin-event-types></admin-event-types>
      <h3>${t('codes.forms')}</h3>
      <div class="card">${forms.length === 0 ? html`<p class="none">${t('codes.no_forms')}</p>` : html`<table>
        <thead><tr><th>${t('codes.form')}</th><th class="number">${t('codes.digits')}</th><th>${t('codes.pattern')}</th><th>${t('codes.within')}</th></tr></thead>
        <tbody>${forms.map((form) => html`<tr><td data-label=${t('codes.form')}>${say(form.title)}</td>
          <td data-label=${t('codes.digits')} class="number">${form.digits}</td><td data-label=${t('codes.pattern')}><code>${form.pattern}</code></td>
          <td data-label=${t('codes.within')}>${form.within === 'building'
            ? t('codes.within_building', { digits: form.within_digits }) : t('codes.within_block', { digits: form.within_digits })}</td></tr>`)}</tbody></table>`}</div>
      <h3>${t('send.mapping')}</h3><p class="lead">${t('admin.mapping.lead')}</p>
      <div class="card">${mappings.length === 0 ? html`<p class="none">${t('admin.mapping.none')}</p>` : html`<p class="mappings">${mappings.map((one) => html`<code>${one}</code>`)}</p>`}</div>`;
  }

  #scheme(scheme: Scheme): TemplateResult {
    return html`<tr><td data-label=${t('codes.scheme')} class="name"><span>${say(scheme.title)} ${scheme.is_governance ? html`<span class="chip good">${t('codes.governance')}</span>` : nothing}
        ${scheme.is_synthetic ? html`<span class="chip warn">${t('synthetic')}</span>` : nothing}<small><code>${scheme.id}</code></small></span></td>
      <td data-label=${t('codes.levels')}><span class="levels">${scheme.levels.map(({ level, name, width, blocks }) => html`<span>${say(name) || level}
        ${blocks === null ? nothing : html`<b>${count(blocks)}</b>`} <small style="display:inline">${t('codes.width', { width })}</small></span>`)}</span></td>
      <td data-label="CRS" class="fixed">${scheme.is_computed ? t('codes.computed') : scheme.metric_crs ?? '–'}</td></tr>`;
  }
}

customElements.define('admin-codes', Codes);
