// SPDX-License-Identifier: Apache-2.0
/** What the identity provider's groups stand for, in the order in which they are looked at. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { repeat } from 'lit/directives/repeat.js';
import { t } from '../../core/i18n';
import { roleName } from '../../core/roles';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { GivenMapping, Mapping, Mappings as Answer } from '../access-api';
import { access } from '../access-server';
import { className } from '../words';
import './confirm';
import { confirm } from './confirm';
import { desk } from './desk';
import './mapping-form';
import { reachText } from './rights-form';

export class Mappings extends Panel<Answer> {
  static override properties = { roles: { attribute: false }, editing: { state: true }, dropped: { state: true }, tried: { state: true } };
  static override styles = [shared, box, desk, css`
    :host { margin-top: 1.8rem; } h3 { margin: 0; font-size: 1.02rem; }
    .acts { display: flex; gap: 0.35rem; flex-wrap: wrap; justify-content: flex-end; } td small { display: block; color: var(--ink-2); font-size: 0.8rem; }
    .said { padding: 0.8rem 1.1rem; margin-bottom: 1.1rem; display: flex; gap: 0.6rem 1rem; align-items: center; flex-wrap: wrap; border-color: var(--good); }
    .try { padding: 0.9rem 1.1rem 1rem; margin-top: 0.9rem; display: grid; grid-template-columns: minmax(0, 20rem) minmax(0, 1fr); gap: 0.5rem 1.2rem; align-items: end; } .try p { font-size: 0.92rem; }
    @media (max-width: 760px) { .acts { justify-content: flex-start; } .try { grid-template-columns: minmax(0, 1fr); } }
  `];

  declare roles: Record<string, number>;
  /** The mapping in the form: 0 is a new one, null none. */
  declare editing: number | null;
  declare dropped: Mapping | null;
  /** The values that somebody might come with, to see what they stand for. */
  declare tried: string;

  constructor() {
    super();
    this.roles = {};
    this.editing = this.dropped = null;
    this.tried = '';
  }

  protected override fetch(): Promise<Answer> {
    return access.mappings();
  }

  protected override view({ issuer, claim, mappings }: Answer): TemplateResult {
    return html`<div class="headline"><h3>${t('mapping.title')}</h3><button class="button" @click=${() => { this.editing = 0; this.dropped = null; }}>${t('mapping.new')}</button></div>
      <p class="lead">${issuer ? t('mapping.lead', { issuer, claim }) : t('mapping.no_provider')}</p>
      ${this.dropped ? html`<div class="card said" role="status"><span>${t('mapping.dropped', { value: this.dropped.value })}</span>
        <button class="button small" ?disabled=${this.busy} @click=${() => { void this.#undo(); }}>${t('admin.undo')}</button></div>` : nothing}
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      ${this.editing === null ? nothing : keyed(this.editing, html`<admin-mapping-form .roles=${this.roles} .claim=${claim} .given=${mappings.find(({ id }) => id === this.editing) ?? null}
        @left=${() => { this.#leave(); }} @saved=${() => { this.#leave(); void this.reload(); }}></admin-mapping-form>`)}
      <div class="card">${mappings.length === 0 ? html`<p class="none"><strong>${t('mapping.none')}</strong>${t('mapping.none_do')}</p>` : html`<table><thead><tr><th class="number">${t('mapping.position')}</th>
          <th>${t('mapping.value', { claim })}</th><th>${t('access.role')}</th><th>${t('people.purpose')}</th><th>${t('people.reach')}</th><th><span class="visually-hidden">${t('people.acts')}</span></th></tr></thead>
        <tbody>${repeat(mappings, ({ id }) => id, (one) => this.#row(one, claim))}</tbody></table>`}</div>
      ${mappings.length === 0 ? nothing : this.#try(mappings)}
      <admin-confirm></admin-confirm>`;
  }

  #row(mapping: Mapping, claim: string): TemplateResult {
    return html`<tr data-mapping=${mapping.value}><td class="number" data-label=${t('mapping.position')}>${mapping.position}</td>
      <td class="wide" data-label=${t('mapping.value', { claim })}><code>${mapping.value}</code></td>
      <td data-label=${t('access.role')}><span>${roleName(mapping.role)}<small>${className(mapping.access_class)}</small></span></td>
      <td class="wide" data-label=${t('people.purpose')}>${mapping.purpose ?? '–'}</td><td class="wide" data-label=${t('people.reach')}>${reachText(mapping)}</td>
      <td class="whole"><span class="acts"><button class="button small" data-do="edit" @click=${() => { this.editing = mapping.id; this.dropped = null; }}>${t('admin.edit')}</button>
        <button class="button small" ?disabled=${this.busy} @click=${() => { void this.#drop(mapping); }}>${t('admin.delete')}</button></span></td></tr>`;
  }

  /** As the server decides: the first says role and class, further ones of the same add their reach. */
  #try(mappings: Mapping[]): TemplateResult {
    const values = this.tried.split(/[\s,，]+/u).filter((value) => value !== '');
    const matched = mappings.filter(({ value }) => values.includes(value));
    const [first] = matched;
    const same = matched.filter((one) => one.role === first?.role && one.access_class === first.access_class);
    const reach = { is_limited: same.every(({ is_limited }) => is_limited), scope: [] as Mapping['scope'], organisations: [] as string[] };
    if (reach.is_limited) {
      reach.scope = same.flatMap(({ scope }) => scope);
      reach.organisations = same.flatMap(({ organisations }) => organisations);
    }
    return html`<div class="card try"><label>${t('mapping.try')}<input autocomplete="off" spellcheck="false" .value=${this.tried} @input=${(event: Event) => { this.tried = (event.target as HTMLInputElement).value; }} /></label>
      <p aria-live="polite">${values.length === 0 ? html`<span class="quiet">${t('mapping.try_hint')}</span>` : first === undefined ? t('mapping.no_access')
        : html`<b>${roleName(first.role)}</b> · ${className(first.access_class)} · ${reachText(reach)}`}</p></div>`;
  }

  #leave(): void {
    const value = this.data?.mappings.find(({ id }) => id === this.editing)?.value;
    this.editing = null;
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector<HTMLElement>(value === undefined ? '.headline .button' : `[data-mapping="${CSS.escape(value)}"] [data-do=edit]`)?.focus();
    });
  }

  async #drop(mapping: Mapping): Promise<void> {
    if (!await confirm(this, { title: t('mapping.ask', { value: mapping.value }), why: t('mapping.ask_why'), deed: t('admin.delete') })) return;
    if (!await this.act(() => access.dropMapping(mapping.id))) return;
    this.dropped = mapping;
    await this.reload();
  }

  async #undo(): Promise<void> {
    const { dropped } = this;
    if (!dropped) return;
    const given: GivenMapping = {
      value: dropped.value, position: dropped.position, role: dropped.role, access_class: dropped.access_class, purpose: dropped.purpose,
      scope: dropped.scope.map(({ code }) => code), organisations: dropped.organisations,
    };
    // One whose blocks are all gone must not come back with every block.
    if (dropped.is_limited && given.scope.length + given.organisations.length === 0) {
      this.refusal = t('people.nothing_chosen');
      return;
    }
    if (!await this.act(() => access.makeMapping(given))) return;
    this.dropped = null;
    await this.reload();
  }
}

customElements.define('admin-mappings', Mappings);
