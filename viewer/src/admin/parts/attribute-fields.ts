// SPDX-License-Identifier: Apache-2.0
/** The attributes of a business layer as a list; what else their JSON Schema says of them stays as it is. */
import { css, html, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import type { AttributeField, AttributeSchema } from '../api';
import { desk } from './desk';

const TYPES = ['string', 'integer', 'number', 'boolean'] as const;

interface Row { name: string; field: AttributeField; isRequired: boolean }

export class AttributeFields extends TwinElement {
  static override properties = { value: { attribute: false } };
  static override styles = [shared, box, desk, css`
    li { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)) auto auto; gap: 0.5rem; align-items: end; padding: 0.4rem 0; }
    .must { display: flex; gap: 0.35rem; align-items: center; min-height: 2.2rem; white-space: nowrap; } .must input { width: auto; }
    .remove { width: 2.2rem; height: 2.2rem; border-radius: 0.4rem; color: var(--ink-2); font-size: 1.1rem; } .remove:hover { background: var(--hover); }
    .add { margin-top: 0.4rem; }
    @media (max-width: 760px) { li { grid-template-columns: 1fr 1fr; padding: 0.6rem 0; border-bottom: 1px solid var(--line-1); } .must { grid-column: 1; } .remove { grid-column: 2; justify-self: end; } }
  `];

  declare value: AttributeSchema;

  constructor() {
    super();
    this.value = {};
  }

  override render(): TemplateResult {
    const rows = this.#rows();
    return html`<ul>${rows.map((row, place) => this.#row(row, place, rows))}</ul>
      <button type="button" class="button small add" @click=${() => { this.#write([...rows, { name: '', field: { type: 'string' }, isRequired: false }]); }}>${t('admin.attribute.add')}</button>`;
  }

  #row({ name, field, isRequired }: Row, place: number, rows: Row[]): TemplateResult {
    const change = (patch: Partial<Row>): void => { this.#write(rows.map((row, at) => (at === place ? { ...row, ...patch } : row))); };
    const set = (key: string, text: string): void => {
      const rest = without(field, key);
      change({ field: text === '' ? rest : { ...rest, [key]: text } });
    };
    const value = (event: Event): string => (event.target as HTMLInputElement).value.trim();
    const words = (key: string): string => (typeof field[key] === 'string' ? field[key] : '');
    return html`<li><label>${t('admin.attribute.name')}<input required maxlength="63" data-name .value=${name} spellcheck="false" @change=${(event: Event) => { change({ name: value(event) }); }} /></label>
      <label>${t('admin.attribute.title')}<input maxlength="80" .value=${words('title')} @change=${(event: Event) => { set('title', value(event)); }} /></label>
      <label>${t('admin.attribute.title_en')}<input maxlength="80" lang="en" .value=${words('x-title-en')} @change=${(event: Event) => { set('x-title-en', value(event)); }} /></label>
      <label>${t('admin.attribute.type')}<select @change=${(event: Event) => { set('type', value(event)); }}>${TYPES.map((type) => html`<option value=${type} ?selected=${type === (field.type ?? 'string')}>${typeName(type)}</option>`)}</select></label>
      <label>${t('admin.form.unit')}<input maxlength="20" .value=${words('x-unit')} @change=${(event: Event) => { set('x-unit', value(event)); }} /></label>
      <label class="must"><input type="checkbox" .checked=${isRequired} @change=${(event: Event) => { change({ isRequired: (event.target as HTMLInputElement).checked }); }} />${t('admin.attribute.required')}</label>
      <button type="button" class="remove" aria-label=${t('admin.attribute.remove', { name })} title=${t('admin.attribute.remove', { name })}
        @click=${() => { this.#write(rows.filter((_, at) => at !== place)); }}>×</button></li>`;
  }

  /** Whether each attribute has a name of its own. */
  check(): boolean {
    const names = new Set<string>();
    return [...this.renderRoot.querySelectorAll<HTMLInputElement>('[data-name]')].every((input) => {
      input.setCustomValidity(names.has(input.value.trim()) ? t('admin.attribute.twice') : '');
      names.add(input.value.trim());
      return input.reportValidity();
    });
  }

  #rows(): Row[] {
    return this.#pending ?? Object.entries(this.value.properties ?? {}).map(([name, field]) => ({ name, field, isRequired: this.value.required?.includes(name) ?? false }));
  }

  /** What is being typed: two rows may have the same name, or none, for a while. */
  #pending: Row[] | null = null;

  #write(rows: Row[]): void {
    this.#pending = rows;
    const named = rows.filter(({ name }) => name !== '');
    const rest = without(this.value, 'properties', 'required');
    const required = named.filter(({ isRequired }) => isRequired).map(({ name }) => name);
    this.value = rows.length === 0 ? rest : { ...rest, type: 'object', properties: Object.fromEntries(named.map(({ name, field }) => [name, field])), ...(required.length > 0 && { required }) };
    this.dispatchEvent(new CustomEvent('changed', { detail: this.value }));
  }
}

function without<T extends object>(record: T, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

function typeName(type: (typeof TYPES)[number]): string {
  switch (type) {
    case 'string': return t('admin.attribute.string');
    case 'integer': return t('admin.attribute.integer');
    case 'number': return t('admin.attribute.number');
    case 'boolean': return t('admin.attribute.boolean');
  }
}

customElements.define('admin-attribute-fields', AttributeFields);
