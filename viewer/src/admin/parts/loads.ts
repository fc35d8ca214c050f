// SPDX-License-Identifier: Apache-2.0
/** The loads, newest first, and beside them the one that is looked at. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count, dayAndTime } from '../../core/format';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Load } from '../api';
import { server } from '../server';
import { admin } from '../state';
import { kindName, kinds } from '../words';
import { desk } from './desk';
import './load-detail';
import { Panel } from '../../core/ui/panel';

const PAGE = 50;

export class Loads extends Panel<Load[]> {
  static override properties = { kind: { state: true }, hasMore: { state: true } };
  static override styles = [shared, box, desk, css`
    .two { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 30rem); gap: 1.1rem; align-items: start; }
    .two table .second { display: none; }
    tr[aria-current] { background: var(--hover); box-shadow: inset 0.2rem 0 0 var(--accent); }
    a.file { font-weight: 600; overflow-wrap: anywhere; }
    admin-load { position: sticky; top: 7.2rem; max-height: calc(100vh - 8.4rem); overflow: auto; }
    @media (max-width: 760px) {
      tr { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.2rem 0.5rem; }
      td, td.number { display: block; } td.file, td.who { grid-column: 1 / -1; } td.when { grid-column: span 2; }
      td.file::before, td.kind::before, td.when::before { content: none; } td.kind { grid-column: span 2; } td.when { text-align: right; }
      td.who { display: none; } td.number::before { display: block; }
    }
    @media (max-width: 1080px) { .two { display: block; } .two > .list { display: none; } admin-load { position: static; max-height: none; } }
  `];
  override watched = [admin, kinds];

  declare kind: string;
  declare hasMore: boolean;

  constructor() {
    super();
    this.kind = '';
    this.hasMore = false;
  }

  protected override async fetch(): Promise<Load[]> {
    const loads = await server.loads(this.kind || undefined);
    this.hasMore = loads.length === PAGE;
    return loads;
  }

  protected override key(): string {
    return String(admin.state.generation);
  }

  async #more(): Promise<void> {
    const known = this.data ?? [];
    await this.act(async () => {
      const further = await server.loads(this.kind || undefined, known.at(-1)?.id);
      this.hasMore = further.length === PAGE;
      this.data = [...known, ...further];
    });
  }

  protected override view(loads: Load[]): TemplateResult {
    const { load } = admin.state;
    return html`<div class=${load === null ? '' : 'two'}>
      <div class="list">
        <div class="headline"><h2>${t('admin.loads')}</h2><div class="tools">
          <label>${t('load.kind')}<select @change=${(event: Event) => { this.kind = (event.target as HTMLSelectElement).value; void this.reload(); }}>
            <option value="">${t('admin.all')}</option>
            ${(kinds.state.known?.kinds ?? []).map(({ id }) => html`<option value=${id} ?selected=${id === this.kind}>${kindName(id)}</option>`)}
          </select></label><a class="button" href="#upload">${t('admin.upload')}</a></div></div>
        <div class="card">${loads.length === 0 ? html`<p class="none"><strong>${t('loads.none')}</strong>${t('loads.none_do')}</p>` : this.#table(loads)}
          ${this.refusal === '' ? nothing : html`<p class="none failed" role="alert">${this.refusal}</p>`}
          ${this.hasMore ? html`<p class="more"><button class="button" ?disabled=${this.busy} @click=${() => { void this.#more(); }}>${t('admin.more')}</button></p>` : nothing}
        </div></div>
      ${load === null ? nothing : html`<admin-load class="card" .number=${load}></admin-load>`}</div>`;
  }

  #table(loads: Load[]): TemplateResult {
    return html`<table><thead><tr><th>${t('load.file')}</th><th>${t('load.kind')}</th><th>${t('load.when')}</th><th class="second">${t('load.who')}</th>
      <th class="number">${t('report.read')}</th><th class="number">${t('report.kept')}</th><th class="number">${t('report.rejected')}</th>
      <th class="number second">${t('report.outside')}</th></tr></thead>
      <tbody>${loads.map((load) => this.#row(load))}</tbody></table>`;
  }

  #row(load: Load): TemplateResult {
    const here = admin.state.load === load.id;
    const rejected = (load.rejected ?? 0) > 0;
    return html`<tr aria-current=${here ? 'true' : nothing} class=${load.withdrawn_at ? 'struck' : ''}>
      <td data-label=${t('load.file')} class="wide file"><span><a class="file" href="#loads/${load.id}">${load.file ?? load.source_id}</a>
        ${load.withdrawn_at ? html` <span class="chip">${t('load.withdrawn')}</span>` : load.finished_at ? nothing : html` <span class="chip warn">${t('load.unfinished')}</span>`}</span></td>
      <td data-label=${t('load.kind')} class="fixed kind">${kindName(load.kind)}</td>
      <td data-label=${t('load.when')} class="fixed when">${dayAndTime(load.started_at)}</td>
      <td data-label=${t('load.who')} class="second wide who">${whoOf(load.actor)}</td>
      <td data-label=${t('report.read')} class="number">${count(load.read)}</td>
      <td data-label=${t('report.kept')} class="number">${count(load.kept)}</td>
      <td data-label=${t('report.rejected')} class="number">${rejected ? html`<span class="failed">${count(load.rejected)}</span>` : count(load.rejected)}</td>
      <td data-label=${t('report.outside')} class="number second">${count(load.outside)}</td></tr>`;
  }
}

/** A token is named by its number; its label is on the page of access. */
export function whoOf(actor: string | null): string {
  const token = /^token (\d+)$/u.exec(actor ?? '')?.[1];
  return token === undefined ? actor ?? '–' : t('load.token', { id: token });
}

customElements.define('admin-loads', Loads);
