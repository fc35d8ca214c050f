// SPDX-License-Identifier: Apache-2.0
/** Targets: what is done of each, in the district and block by block. What is done is measured, never typed in. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { Block } from '../../core/api';
import { client } from '../../core/client';
import { unitOf } from '../../core/format';
import { nameOf, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Goal, Measure, Target } from '../api';
import { server } from '../server';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';
import { large, share } from './target-blocks';
import './target-form';

interface Shown { targets: Target[]; measures: Measure[]; block: Block | null }

export class Targets extends Panel<Shown> {
  static override properties = { editing: { state: true }, block: { state: true }, dropped: { state: true } };
  static override styles = [shared, box, desk, css`
    .targets { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 0.9rem; }
    .one { padding: 0.9rem 1.1rem 1rem; display: grid; gap: 0.35rem; align-content: start; }
    .one h3 { margin: 0; overflow-wrap: anywhere; } .one small { color: var(--ink-2); }
    .done { display: flex; justify-content: space-between; gap: 0.6rem; align-items: baseline; font-variant-numeric: tabular-nums; }
    .done b { font-size: 1.35rem; font-weight: 650; } .done span { color: var(--ink-2); font-size: 0.9rem; text-align: right; }
    .one progress { height: 0.6rem; }
    .acts { display: flex; gap: 0.4rem; align-items: center; margin-top: 0.3rem; } .acts small { flex: 1; }
    .path { display: flex; flex-wrap: wrap; gap: 0.2rem 0.5rem; margin-bottom: 0.8rem; font-size: 0.92rem; } .path li + li::before { content: '›'; margin-right: 0.5rem; color: var(--ink-2); }
    .said { padding: 0.8rem 1.1rem; margin-bottom: 1.1rem; display: flex; gap: 0.6rem 1rem; align-items: center; flex-wrap: wrap; border-color: var(--good); }
  `];

  /** The target in the form: '' is a new one, null none. */
  declare editing: string | null;
  /** The block that is looked at; '': all that is in reach. */
  declare block: string;
  declare dropped: Target | null;

  constructor() {
    super();
    this.editing = null;
    this.block = '';
    this.dropped = null;
  }

  protected override async fetch(): Promise<Shown> {
    const [{ blocks, targets }, measures] = await Promise.all([server.targets(this.block || undefined), server.measures()]);
    const [only, ...further] = blocks;
    return { targets, measures, block: only !== undefined && further.length === 0 ? await client.block(only) : null };
  }

  protected override view({ targets, measures, block }: Shown): TemplateResult {
    return html`<div class="headline"><h2>${t('admin.targets')}</h2><button class="button main" @click=${() => { this.#open(''); }}>${t('admin.target.new')}</button></div>
      <p class="lead">${t('admin.target.lead')}</p>
      ${this.dropped ? html`<div class="card said" role="status"><span>${t('admin.target.dropped', { name: say(this.dropped.title) })}</span>
        <button class="button small" ?disabled=${this.busy} @click=${() => { void this.#undo(); }}>${t('admin.undo')}</button></div>` : nothing}
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      ${this.editing === null ? nothing : keyed(this.editing, html`<admin-target-form .code=${this.editing} .measures=${measures} .taken=${targets.map(({ code }) => code)}
        .given=${targets.find(({ code }) => code === this.editing) ?? null} @left=${() => { this.editing = null; }}
        @saved=${() => { this.editing = null; void this.reload(); }}></admin-target-form>`)}
      ${targets.length === 0 ? html`<p class="card none"><strong>${t('admin.target.none')}</strong>${t('admin.target.none_do')}</p>` : html`
        ${block ? html`<nav aria-label=${t('breadcrumb')}><ol class="path">${[...block.ancestors, block].map((one) => html`<li>${one.code === block.code ? html`<b>${nameOf(one)}</b>`
          : html`<button class="link" @click=${() => { this.#look(one.code); }}>${nameOf(one)}</button>`}</li>`)}</ol></nav>` : nothing}
        <div class="targets">${targets.map((target) => this.#one(target, measures))}</div>
        ${block && block.children.length > 0 ? html`<h3>${t('admin.target.by_block')}</h3><p class="lead">${t('admin.target.by_block_lead')}</p>
          <admin-target-blocks .blocks=${block.children} .targets=${targets} @look=${(event: CustomEvent<string>) => { this.#look(event.detail); }}></admin-target-blocks>` : nothing}`}`;
  }

  #one(target: Target, measures: Measure[]): TemplateResult {
    const { code, title, done, goal, unit, due_date: due } = target;
    const ratio = done / goal; // the server's is rounded
    const measure = measures.find((one) => one.code === target.measure);
    const isLate = due !== null && ratio < 1 && new Date(`${due}T23:59:59`) < new Date();
    return html`<section class="card one" data-target=${code} style="border-bottom:1px solid var(--line)"><h3>${say(title)}</h3>
      <p class="done"><b>${share(ratio)}</b><span>${large(done)} / ${large(goal)} ${unitOf(unit)}</span></p>
      <progress max="1" .value=${Math.min(1, ratio)} aria-label=${say(title)}></progress>
      <small>${measure ? say(measure.title) : target.measure}${due === null ? '' : ` · ${t('admin.target.until', { day: due })}`}
        ${ratio >= 1 ? html`<span class="chip good">${t('admin.target.reached')}</span>` : isLate ? html`<span class="chip bad">${t('admin.target.late')}</span>` : nothing}</small>
      <p class="acts"><small><code>${code}</code></small>
        <button class="button small" @click=${() => { this.#open(code); }}>${t('admin.edit')}</button>
        <button class="button small" ?disabled=${this.busy} @click=${() => { void this.#drop(target); }}>${t('admin.delete')}</button></p></section>`;
  }

  #open(code: string): void {
    this.editing = code;
    this.dropped = null;
  }

  #look(code: string): void {
    this.block = code;
    void this.reload();
  }

  async #drop(target: Target): Promise<void> {
    if (!await this.act(() => server.dropTarget(target.code))) return;
    this.dropped = target;
    this.editing = null;
    await this.reload();
  }

  async #undo(): Promise<void> {
    const { dropped } = this;
    if (!dropped || !await this.act(() => server.setTarget(dropped.code, goalOf(dropped)))) return;
    this.dropped = null;
    await this.reload();
  }
}

/** What of a target is set, and not measured. */
function goalOf({ title, measure, unit, factor, goal, due_date, position }: Target): Goal {
  return { title, measure, unit, factor, goal, due_date, position };
}

customElements.define('admin-targets', Targets);
