// SPDX-License-Identifier: Apache-2.0
/** What is measured, pillar by pillar: what comes with the program, and the indicators that people put together. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { count, unitOf, valueText } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Definition, Measure, Pillar, Source } from '../api';
import { server } from '../server';
import { desk } from './desk';
import './indicator-form';
import { Panel } from '../../core/ui/panel';
import './pillars';

interface Shown { measures: Measure[]; pillars: Pillar[]; sources: Source[]; figures: Map<string, string> }

export class Indicators extends Panel<Shown> {
  static override properties = { editing: { state: true }, saved: { state: true }, deleted: { state: true } };
  static override styles = [shared, box, desk, css`
    .group th { padding-top: 0.7rem; font-size: 0.9rem; font-weight: 600; color: var(--ink); background: var(--raised); white-space: normal; }
    .group:hover { background: none; }
    small { display: block; color: var(--ink-2); }
    .acts { display: flex; gap: 0.4rem; justify-content: flex-end; }
    td.acts-cell { width: 1%; }
    .said { padding: 0.8rem 1.1rem; margin-bottom: 1.1rem; display: flex; gap: 0.6rem 1rem; align-items: center; flex-wrap: wrap; border-color: var(--good); }
    .said b { font-size: 1.15rem; font-variant-numeric: tabular-nums; }
    td.number b { font-weight: 600; font-variant-numeric: tabular-nums; }
    @media (max-width: 760px) { .acts { justify-content: flex-start; } td.acts-cell { width: auto; } tr.group { background: var(--raised); padding: 0.45rem 0.85rem; } tr.group th { display: block; padding: 0; border: 0; background: none; } }
  `];

  /** The indicator in the form: '' is a new one, null none. */
  declare editing: string | null;
  declare saved: string;
  declare deleted: { code: string; definition: Definition } | null;

  constructor() {
    super();
    this.editing = null;
    this.saved = '';
    this.deleted = null;
  }

  protected override async fetch(): Promise<Shown> {
    const [measures, pillars, sources, { blocks, figures }] = await Promise.all([server.measures(), server.pillars(), server.sources(), server.figures()]);
    const texts = new Map(measures.filter(({ k, code, dominance }) => k === null && (dominance === null || code in figures)).map(({ code }) => [code, valueText(figures[code] ?? 0)]));
    // What may be shown of counts of people, a profile says, and only of one block.
    const guarded = blocks.length === 1 && measures.some(({ k }) => k !== null) ? await server.profileFigures(blocks[0] ?? '') : [];
    for (const { code, value, shown } of guarded) if (!texts.has(code)) texts.set(code, value === null ? shown ?? '–' : count(value));
    return { measures, pillars, sources, figures: texts };
  }

  protected override view({ measures, pillars, sources, figures }: Shown): TemplateResult {
    const groups: (Pillar | null)[] = [...pillars, null];
    return html`<div class="headline"><h2>${t('admin.indicators')}</h2>
        <button class="button main" @click=${() => { this.#open(''); }}>${t('admin.indicator.new')}</button></div>
      <p class="lead">${t('admin.indicator.lead')}</p>
      ${this.#said(measures, figures)}
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      ${this.editing === null ? nothing : keyed(this.editing, html`<admin-indicator-form .code=${this.editing} .sources=${sources} .pillars=${pillars}
        .given=${measures.find(({ code }) => code === this.editing)?.definition ?? null} .taken=${measures.map(({ code }) => code)}
        @left=${() => { this.editing = null; }} @saved=${(event: CustomEvent<string>) => { void this.#done(event.detail); }}></admin-indicator-form>`)}
      <div class="card"><table><thead><tr><th>${t('admin.indicator.name')}</th><th>${t('admin.indicator.source')}</th><th class="number">${t('admin.indicator.figure')}</th>
        <th class="number">${t('admin.indicator.threshold')}</th><th></th></tr></thead>
        ${groups.map((pillar) => this.#group(pillar, measures, sources, figures))}</table></div>
      <h3>${t('codes.pillars')}</h3><p class="lead">${t('admin.pillar.lead')}</p>
      <admin-pillars @changed=${() => { void this.reload(); }}></admin-pillars>`;
  }

  #said(measures: Measure[], figures: Map<string, string>): TemplateResult | typeof nothing {
    if (this.deleted) {
      const name = say(this.deleted.definition.title);
      return html`<div class="card said" role="status"><span>${t('admin.indicator.deleted', { name })}</span>
        <button class="button small" ?disabled=${this.busy} @click=${() => { void this.#undo(); }}>${t('admin.undo')}</button></div>`;
    }
    const made = measures.find(({ code }) => code === this.saved);
    if (!made) return nothing;
    return html`<div class="card said" role="status"><span>${t('admin.indicator.saved', { name: say(made.title) })}</span>
      <b>${figures.get(made.code) ?? t('admin.indicator.protected')} ${unitOf(made.unit)}</b></div>`;
  }

  #group(pillar: Pillar | null, measures: Measure[], sources: Source[], figures: Map<string, string>): TemplateResult | typeof nothing {
    const own = measures.filter((measure) => measure.pillar === (pillar?.code ?? null));
    if (own.length === 0) return nothing;
    return html`<tbody><tr class="group"><th colspan="5" scope="rowgroup">${pillar ? say(pillar.title) : t('admin.indicator.no_pillar')}
        ${pillar && !pillar.is_enabled ? html`<span class="chip">${t('codes.off')}</span>` : nothing}</th></tr>
      ${own.map((measure) => this.#row(measure, sources, figures))}</tbody>`;
  }

  #row(measure: Measure, sources: Source[], figures: Map<string, string>): TemplateResult {
    const { code, definition, k, unit } = measure;
    const source = sources.find(({ id }) => id === (definition?.layer ?? code.split('.')[0]));
    return html`<tr><td data-label=${t('admin.indicator.name')} class="wide"><span>${say(measure.title)} ${definition ? html`<span class="chip good">${t('admin.indicator.own')}</span>` : nothing}
        ${k === null ? nothing : html`<span class="chip" title=${t('admin.indicator.k_hint')}>k = ${k}</span>`}<small><code>${code}</code></small></span></td>
      <td data-label=${t('admin.indicator.source')}>${source ? say(source.title) : measure.kind}</td>
      <td data-label=${t('admin.indicator.figure')} class="number"><span><b>${figures.get(code) ?? '–'}</b> ${unitOf(unit)}</span></td>
      <td data-label=${t('admin.indicator.threshold')} class="number ${measure.threshold === null ? 'void' : ''}">${measure.threshold === null ? '–' : valueText(measure.threshold)}</td>
      <td class="whole acts-cell ${definition ? '' : 'void'}">${definition ? html`<span class="acts">
        <button class="button small" @click=${() => { this.#open(code); }}>${t('admin.edit')}</button>
        <button class="button small" ?disabled=${this.busy} @click=${() => { void this.#delete(code, definition); }}>${t('admin.delete')}</button></span>` : nothing}</td></tr>`;
  }

  #open(code: string): void {
    this.editing = code;
    this.saved = '';
    this.deleted = null;
  }

  async #done(code: string): Promise<void> {
    this.editing = null;
    await this.reload();
    this.saved = code;
  }

  async #delete(code: string, definition: Definition): Promise<void> {
    this.saved = '';
    if (!await this.act(() => server.giveUp(code))) return;
    this.deleted = { code, definition };
    this.editing = null;
    await this.reload();
  }

  async #undo(): Promise<void> {
    const { deleted } = this;
    if (!deleted || !await this.act(() => server.define(deleted.code, deleted.definition))) return;
    this.deleted = null;
    await this.#done(deleted.code);
  }
}

customElements.define('admin-indicators', Indicators);
