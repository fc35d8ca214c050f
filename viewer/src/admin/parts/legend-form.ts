// SPDX-License-Identifier: Apache-2.0
/** How a business layer looks: one colour, or a colour by the values of one attribute. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import type { Legend } from '../api';
import { desk } from './desk';
import { formStyle } from './form';

/** What a layer is drawn in that says nothing of its colour. */
export const PLAIN = '#4c9aff';

export class LegendForm extends TwinElement {
  static override properties = { value: { attribute: false }, fields: { attribute: false } };
  static override styles = [shared, box, desk, formStyle, css`
    .row { align-items: end; } .row label { min-width: 9rem; } .choice { min-height: 2.2rem; align-items: center; }
    li { display: flex; gap: 0.5rem; align-items: center; padding: 0.2rem 0; } li input:not([type='color']) { max-width: 16rem; } li input[type='color'] { flex: none; }
    .remove { width: 2.2rem; height: 2.2rem; flex: none; border-radius: 0.4rem; color: var(--ink-2); font-size: 1.1rem; } .remove:hover { background: var(--hover); }
  `];

  declare value: Legend;
  declare fields: string[];

  constructor() {
    super();
    this.value = {};
    this.fields = [];
  }

  override render(): TemplateResult {
    const { fill, by, visible } = this.value;
    const known = by && !this.fields.includes(by.property) ? [by.property, ...this.fields] : this.fields;
    return html`<div class="row">
        <label>${t('admin.legend.fill')}<input type="color" .value=${fill ?? PLAIN} @change=${(event: Event) => { this.#set({ fill: (event.target as HTMLInputElement).value }); }} /></label>
        <label>${t('admin.legend.by')}<select ?disabled=${known.length === 0} @change=${(event: Event) => { this.#colourBy((event.target as HTMLSelectElement).value); }}>
          <option value="" ?selected=${!by}>${t('admin.legend.one')}</option>
          ${known.map((name) => html`<option value=${name} ?selected=${name === by?.property}>${name}</option>`)}</select></label>
        <label class="choice"><input type="checkbox" .checked=${visible === true} @change=${(event: Event) => { this.#set({ visible: (event.target as HTMLInputElement).checked }); }} />${t('admin.legend.visible')}</label></div>
      ${by ? this.#values(by) : nothing}`;
  }

  #values(by: NonNullable<Legend['by']>): TemplateResult {
    const rows = Object.entries(by.values);
    const write = (changed: [string, string][]): void => { this.#set({ by: { ...by, values: Object.fromEntries(changed) } }); };
    return html`<ul>${rows.map(([value, colour], place) => html`<li>
        <input type="color" aria-label=${t('admin.legend.colour', { value })} .value=${colour}
          @change=${(event: Event) => { write(rows.map((row, at) => (at === place ? [value, (event.target as HTMLInputElement).value] : row))); }} />
        <input aria-label=${t('admin.legend.value')} placeholder=${t('admin.legend.value')} .value=${value}
          @change=${(event: Event) => { write(rows.map((row, at) => (at === place ? [(event.target as HTMLInputElement).value.trim(), colour] : row))); }} />
        <button type="button" class="remove" aria-label=${t('admin.legend.remove', { value })} @click=${() => { write(rows.filter((_, at) => at !== place)); }}>×</button></li>`)}</ul>
      <button type="button" class="button small" ?disabled=${'' in by.values} @click=${() => { write([...rows, ['', PLAIN]]); }}>${t('admin.legend.add')}</button>`;
  }

  /** As it is kept: without a value that was not filled in. */
  get legend(): Legend {
    const { by, ...rest } = this.value;
    const values = Object.entries(by?.values ?? {}).filter(([value]) => value !== '');
    return by && values.length > 0 ? { ...rest, by: { property: by.property, values: Object.fromEntries(values) } } : rest;
  }

  #colourBy(property: string): void {
    const changed = { ...this.value };
    if (property === '') delete changed.by;
    else changed.by = { property, values: { '': PLAIN } };
    this.value = changed;
  }

  #set(change: Partial<Legend>): void {
    this.value = { ...this.value, ...change };
  }
}

customElements.define('admin-legend-form', LegendForm);
