// SPDX-License-Identifier: Apache-2.0
/** One load: its report, what it turned away, and taking it back. */
import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { count, dayAndTime } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { reportStyle } from '../../core/ui/report';
import type { LoadDetail, Reject } from '../api';
import { server } from '../server';
import { admin, changed } from '../state';
import { kindName, kinds } from '../words';
import { desk } from './desk';
import { loadReport, loadReportStyle } from './load-report';
import { whoOf } from './loads';
import { Panel } from '../../core/ui/panel';
import './rejected-rows';
import './withdraw';

const SHOWN_REJECTS = 100;

interface Shown { load: LoadDetail; rejects: Reject[] }

export class LoadView extends Panel<Shown> {
  static override properties = { number: { type: Number } };
  static override styles = [shared, box, desk, reportStyle, loadReportStyle, css`
    :host { padding: 1rem 1.1rem 1.2rem; }
    .top { display: flex; gap: 0.6rem; align-items: flex-start; justify-content: space-between; }
    h2 { overflow-wrap: anywhere; }
    .close { width: 2.2rem; height: 2.2rem; flex: none; border-radius: 0.4rem; color: var(--ink-2); font-size: 1.2rem; line-height: 2.1rem; text-align: center;
      text-decoration: none; }
    .close:hover { background: var(--hover); }
    dl { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: 0.2rem 0.7rem; font-size: 0.86rem; margin: 0.5rem 0 0.8rem; }
    dt { color: var(--ink-2); } dd { overflow-wrap: anywhere; }
    .rejects { max-height: 22rem; overflow: auto; border: 1px solid var(--line); border-radius: 0.5rem; }
    .row { display: flex; flex-wrap: wrap; gap: 0.6rem; margin: 0.6rem 0; }
    .fine { font-size: 0.82rem; color: var(--ink-2); }
    footer { margin-top: 1.2rem; padding-top: 1rem; border-top: 1px solid var(--line); }
  `];
  override watched = [kinds];

  declare number: number;

  protected override async fetch(): Promise<Shown> {
    const [load, rejects] = await Promise.all([server.load(this.number), server.rejects(this.number, SHOWN_REJECTS)]);
    return { load, rejects };
  }

  protected override updated(before: PropertyValues<this>): void {
    if (before.get('number') === undefined || before.get('number') === this.number) return;
    this.data = null;
    void this.reload();
  }

  protected override view({ load, rejects }: Shown): TemplateResult {
    return html`<div class="top"><h2>${load.file ?? load.source_id}</h2>
        <a class="close" href="#loads" aria-label=${t('close')} title=${t('close')}>×</a></div>
      <dl><dt>${t('load.kind')}</dt><dd>${kindName(load.kind)}</dd>
        <dt>${t('load.source')}</dt><dd>${load.source_id}</dd>
        <dt>${t('load.when')}</dt><dd>${dayAndTime(load.started_at)} · ${whoOf(load.actor)}</dd>
        ${load.withdrawn_at ? html`<dt>${t('load.withdrawn')}</dt><dd>${dayAndTime(load.withdrawn_at)} · ${whoOf(load.withdrawn_by)}</dd>` : nothing}
        ${load.sha256 ? html`<dt>SHA-256</dt><dd><code title=${load.sha256}>${load.sha256.slice(0, 16)}…</code></dd>` : nothing}</dl>
      <h3>${t('report.title')}</h3>
      ${loadReport(load.report)}
      ${rejects.length === 0 ? nothing : this.#rejects(load, rejects)}
      ${load.withdrawn_at ? nothing : html`<footer><admin-withdraw .number=${load.id} @withdrawn=${() => { changed(); void this.reload(); }}></admin-withdraw></footer>`}`;
  }

  #rejects(load: LoadDetail, rejects: Reject[]): TemplateResult {
    const url = `/loads/${load.id}/rejects`;
    const more = (load.rejected ?? rejects.length) - SHOWN_REJECTS;
    return html`<h3>${t('rejects.title', { count: count(load.rejected) })}</h3>
      <div class="rejects" tabindex="0" role="region" aria-label=${t('rejects.title', { count: count(load.rejected) })}><table>
        <thead><tr><th class="number">${t('rejects.row')}</th><th>${t('rejects.field')}</th><th>${t('rejects.reason')}</th></tr></thead>
        <tbody>${rejects.map((reject) => html`<tr><td data-label=${t('rejects.row')} class="number">${reject.row}</td>
          <td data-label=${t('rejects.field')}>${reject.field ?? '–'}</td><td data-label=${t('rejects.reason')}>${say(reject.reason_i18n)}</td></tr>`)}</tbody></table></div>
      ${more > 0 ? html`<p class="fine">${t('report.more', { count: count(more) })}</p>` : nothing}
      ${load.withdrawn_at ? nothing : html`<admin-rejected-rows style="margin-top:0.6rem" .path=${`/loads/${load.id}`}></admin-rejected-rows>`}
      <div class="row"><a class="button small" href="${url}?f=xlsx" download>${t('rejects.xlsx')}</a>
        <a class="button small" href="${url}?f=csv" download>${t('rejects.csv')}</a></div>
      <p class="fine">${t('rejects.no_values')}</p>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.scrollTop = 0;
    if (matchMedia('(max-width: 1080px)').matches) document.scrollingElement?.scrollTo({ top: 0 });
    this.addEventListener('keydown', (event) => {
      const isInDialog = event.composedPath().some((node) => node instanceof HTMLDialogElement);
      if (event.key === 'Escape' && admin.state.load !== null && !isInDialog) location.hash = 'loads';
    });
  }
}

customElements.define('admin-load', LoadView);
