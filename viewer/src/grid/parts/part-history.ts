// SPDX-License-Identifier: Apache-2.0
/** Every version of what belongs to an entry, asked for when it is opened: when, by which role, and what changed. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { dayAndTime } from '../../core/format';
import { language, t } from '../../core/i18n';
import { roleName } from '../../core/roles';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { PartVersion } from '../api';
import { grid } from '../state';
import { look } from './look';

/** One thing with its versions, the newest first; without a title it is the only one. */
export interface Told { title: string; versions: PartVersion[] }

export class PartHistory extends Panel<Told[]> {
  static override properties = { of: {}, ask: { attribute: false }, nameOf: { attribute: false }, wordOf: { attribute: false }, isOpen: { state: true } };
  static override styles = [shared, box, look, css`
    :host { display: block; margin-top: 0.6rem; }
    summary { cursor: pointer; color: var(--accent-ink); font-size: 0.88rem; min-height: 1.9rem; display: flex; align-items: center; }
    .told { max-height: 22rem; overflow: auto; } h4 { margin: 0.6rem 0 0.1rem; font-size: 0.9rem; }
    li { padding: 0.25rem 0; font-size: 0.88rem; } li li { padding: 0.05rem 0; overflow-wrap: anywhere; }
    del { color: var(--ink-2); } ins { text-decoration: none; font-weight: 600; }
    @media (max-width: 760px) { summary { min-height: 2.75rem; } }
  `];
  override watched = [grid];

  /** What it is the history of; another one is asked for anew. */
  declare of: string;
  declare ask: () => Promise<Told[]>;
  declare nameOf: (name: string) => string;
  declare wordOf: (name: string, value: unknown) => string;
  declare isOpen: boolean;

  constructor() {
    super();
    this.of = '';
    this.isOpen = false;
  }

  protected override key(): string {
    return this.isOpen ? `${this.of} ${grid.state.generation} ${language.state.code}` : '';
  }

  protected override fetch(): Promise<Told[]> {
    return this.isOpen ? this.ask() : Promise.resolve([]);
  }

  override render(): TemplateResult {
    return html`<details @toggle=${(event: Event) => { this.isOpen = (event.target as HTMLDetailsElement).open; }}><summary>${t('grid.part_history')}</summary>
      ${this.isOpen ? super.render() : nothing}</details>`;
  }

  protected override view(told: Told[]): TemplateResult {
    if (told.length === 0) return html`<p class="note">${t('grid.part_history_none')}</p>`;
    return html`<div class="told">${told.map(({ title, versions }) => html`${title === '' ? nothing : html`<h4>${title}</h4>`}<ol>${versions.map((one) => html`
      <li data-action=${one.action}><b>${actionName(one.action)}</b> <span class="note">${dayAndTime(one.version)}${one.role === null ? '' : ` · ${roleName(one.role)}`}</span>
        <ul>${Object.entries(one.changes).map(([name, { old, new: now }]) => html`<li>${this.nameOf(name)}: <del>${this.wordOf(name, old)}</del> → <ins>${this.wordOf(name, now)}</ins></li>`)}</ul></li>`)}</ol>`)}</div>`;
  }
}

function actionName(action: PartVersion['action']): string {
  switch (action) {
    case 'add': return t('grid.by_add');
    case 'edit': return t('grid.by_edit');
    case 'remove': return t('grid.by_remove');
  }
}

customElements.define('grid-part-history', PartHistory);
