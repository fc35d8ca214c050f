// SPDX-License-Identifier: Apache-2.0
/** What checks found wrong, the worst first, and where that is. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count, dayAndTime } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Issue, Issues } from '../api';
import { server } from '../server';
import { severityChip } from '../words';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';

export class Quality extends Panel<Issues> {
  static override properties = { kind: { state: true }, state: { state: true } };
  static override styles = [shared, box, desk, css`
    td .where { color: var(--ink-2); font-size: 0.84rem; display: block; overflow-wrap: anywhere; }
    td:last-child { text-align: right; white-space: nowrap; }
    @media (max-width: 760px) { td:last-child { text-align: left; } }
  `];

  declare kind: string;
  declare state: 'open' | 'resolved';

  constructor() {
    super();
    this.kind = '';
    this.state = 'open';
  }

  protected override fetch(): Promise<Issues> {
    return server.issues(this.kind, this.state, 0);
  }

  protected override view({ issues, counts, next }: Issues): TemplateResult {
    const kinds = new Map<string, number>();
    for (const { kind, open } of counts) kinds.set(kind, (kinds.get(kind) ?? 0) + open);
    return html`<div class="headline"><h2>${t('admin.quality')}</h2><div class="tools">
        <label>${t('quality.kind')}<select @change=${(event: Event) => { this.kind = (event.target as HTMLSelectElement).value; void this.reload(); }}>
          <option value="">${t('admin.all')}</option>
          ${[...kinds].map(([kind, open]) => html`<option value=${kind} ?selected=${kind === this.kind}>${kind} (${count(open)})</option>`)}</select></label>
        <label>${t('quality.state')}<select @change=${(event: Event) => { this.state = (event.target as HTMLSelectElement).value as 'open'; void this.reload(); }}>
          <option value="open">${t('quality.open')}</option><option value="resolved">${t('quality.resolved')}</option></select></label></div></div>
      <p class="lead">${t('quality.lead')}</p>
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      <div class="card">${issues.length === 0
        ? html`<p class="none"><strong>${this.state === 'open' ? t('quality.none') : t('quality.none_resolved')}</strong>${t('quality.none_why')}</p>`
        : html`<table><thead><tr><th>${t('quality.severity')}</th><th>${t('quality.what')}</th><th>${t('quality.block')}</th><th>${t('quality.when')}</th><th></th></tr></thead>
          <tbody>${issues.map((issue) => this.#row(issue))}</tbody></table>`}
        ${next === null ? nothing : html`<p class="more"><button class="button" ?disabled=${this.busy} @click=${() => { void this.#more(next); }}>${t('admin.more')}</button></p>`}</div>`;
  }

  #row(issue: Issue): TemplateResult {
    return html`<tr><td data-label=${t('quality.severity')}><span>${severityChip(issue.severity)}</span></td>
      <td data-label=${t('quality.what')} class="wide"><span>${say(issue.message)}<span class="where">${issue.kind} · ${issue.where}</span></span></td>
      <td data-label=${t('quality.block')}>${issue.block === null ? '–' : html`<span><a href="/wall#block=${issue.block}" target="_blank" rel="noopener"
        title=${t('quality.show')}>${issue.block_name ?? issue.block}</a></span>`}</td>
      <td data-label=${t('quality.when')} class="fixed">${dayAndTime(issue.created_at)}</td>
      <td class="whole">${issue.resolved_at === null
        ? html`<button class="button small" ?disabled=${this.busy} @click=${() => { void this.#resolve(issue); }}>${t('quality.resolve')}</button>`
        : html`<span class="quiet">${t('quality.seen', { time: dayAndTime(issue.resolved_at) })}</span>`}</td></tr>`;
  }

  async #resolve(issue: Issue): Promise<void> {
    if (await this.act(() => server.resolve(issue.id))) await this.reload();
  }

  async #more(offset: number): Promise<void> {
    await this.act(async () => {
      const further = await server.issues(this.kind, this.state, offset);
      this.data = { ...further, issues: [...(this.data?.issues ?? []), ...further.issues] };
    });
  }
}

customElements.define('admin-quality', Quality);
