// SPDX-License-Identifier: Apache-2.0
/** The types of incidents, list by list, with a search. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { count } from '../../core/format';
import { nameOf, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { EventType, EventTypes } from '../api';
import { server } from '../server';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';

const TYPED_MS = 250;

export class EventTypeTable extends Panel<EventTypes> {
  static override properties = { scheme: { state: true } };
  static override styles = [shared, box, desk, css`
    .tools { padding: 0.8rem; border-bottom: 1px solid var(--line-1); }
    .rows { max-height: 26rem; overflow: auto; }
  `];

  declare scheme: string;
  #search = '';
  #typed = 0;

  constructor() {
    super();
    this.scheme = '';
  }

  protected override fetch(): Promise<EventTypes> {
    return server.eventTypes(this.scheme, this.#search, undefined);
  }

  protected override view({ schemes, event_types: types, next }: EventTypes): TemplateResult {
    if (schemes.length === 0) return html`<div class="card"><p class="none">${t('codes.no_event_types')}</p></div>`;
    return html`<div class="card"><div class="tools">
        <label>${t('codes.list')}<select @change=${(event: Event) => { this.scheme = (event.target as HTMLSelectElement).value; void this.reload(); }}>
          <option value="">${t('admin.all')}</option>
          ${schemes.map((one) => html`<option value=${one.id} ?selected=${one.id === this.scheme}>${one.id} (${count(one.event_types)})</option>`)}</select></label>
        <label>${t('codes.search')}<input type="search" @input=${(event: Event) => { this.#type((event.target as HTMLInputElement).value); }} /></label></div>
      <div class="rows" tabindex="0" role="region" aria-label=${t('codes.event_types')}>${types.length === 0 ? html`<p class="none">${t('codes.nothing')}</p>` : html`<table>
        <thead><tr><th>${t('codes.code')}</th><th>${t('codes.name')}</th><th>${t('codes.list')}</th><th>${t('codes.parent')}</th></tr></thead>
        <tbody>${types.map((one) => this.#row(one))}</tbody></table>`}
      ${next === null ? nothing : html`<p class="more"><button class="button" ?disabled=${this.busy} @click=${() => { void this.#more(next); }}>${t('admin.more')}</button></p>`}</div></div>`;
  }

  #row(one: EventType): TemplateResult {
    return html`<tr><td data-label=${t('codes.code')}><code>${one.code}</code></td>
      <td data-label=${t('codes.name')}><span>${nameOf(one)} ${one.is_sensitive ? html`<span class="chip warn">${t('codes.sensitive')}</span>` : nothing}</span></td>
      <td data-label=${t('codes.list')}>${one.scheme}</td><td data-label=${t('codes.parent')} class=${one.parent_code === null ? 'void' : ''}>${one.parent_code ?? ''}</td></tr>`;
  }

  #type(text: string): void {
    this.#search = text.trim();
    window.clearTimeout(this.#typed);
    this.#typed = window.setTimeout(() => { void this.reload(); }, TYPED_MS);
  }

  async #more(after: string): Promise<void> {
    await this.act(async () => {
      const further = await server.eventTypes(this.scheme, this.#search, after);
      this.data = { ...further, event_types: [...(this.data?.event_types ?? []), ...further.event_types] };
    });
  }
}

customElements.define('admin-event-types', EventTypeTable);
