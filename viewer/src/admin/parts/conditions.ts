// SPDX-License-Identifier: Apache-2.0
/** The conditions of an indicator: a declared field, a comparison that suits its type, and a value of that type. */
import { css, html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import type { Condition, Operator, SourceField } from '../api';
import { desk } from './desk';

const ORDERED: readonly Operator[] = ['=', '!=', '<', '<=', '>', '>=', 'in', 'is null', 'is not null'];
const BY_TYPE: Readonly<Record<string, readonly Operator[]>> = {
  string: ['=', '!=', 'in', 'is null', 'is not null'], boolean: ['=', 'is null', 'is not null'], datetime: ['>=', '<', 'is null', 'is not null'],
};
const isNumber = ({ type }: SourceField): boolean => type === 'integer' || type === 'number';
const hasValue = (op: Operator): boolean => op !== 'is null' && op !== 'is not null';

export class Conditions extends TwinElement {
  static override properties = { fields: { attribute: false }, value: { attribute: false } };
  static override styles = [shared, box, desk, css`
    ul { display: grid; gap: 0.5rem; }
    li { display: grid; grid-template-columns: minmax(0, 1.2fr) minmax(0, 0.8fr) minmax(0, 1.4fr) auto; gap: 0.5rem; align-items: start; }
    .remove { width: 2.2rem; height: 2.2rem; border-radius: 0.4rem; color: var(--ink-2); font-size: 1.1rem; } .remove:hover { background: var(--hover); }
    .add { margin-top: 0.5rem; } p { font-size: 0.88rem; color: var(--ink-2); }
    select[multiple] { min-height: 5.5rem; }
    @media (max-width: 760px) { li { grid-template-columns: minmax(0, 1fr) auto; padding-bottom: 0.5rem; border-bottom: 1px solid var(--line-1); }
      li > :nth-child(2), li > .value { grid-column: 1; } li > .remove { grid-column: 2; grid-row: 1; } }
  `];

  declare fields: SourceField[];
  declare value: Condition[];

  constructor() {
    super();
    this.fields = [];
    this.value = [];
  }

  override render(): TemplateResult {
    return html`${this.value.length === 0 ? html`<p>${t('admin.condition.none')}</p>` : html`<ul>${this.value.map((one, place) => this.#one(one, place))}</ul>`}
      <button type="button" class="button small add" ?disabled=${this.fields.length === 0} @click=${() => { this.#add(); }}>${t('admin.condition.add')}</button>`;
  }

  #one(condition: Condition, place: number): TemplateResult {
    const field = this.fields.find(({ name }) => name === condition.property);
    const operators = field ? (field.values ? BY_TYPE['string'] : BY_TYPE[field.type]) ?? ORDERED : ORDERED;
    return html`<li>
      <select aria-label=${t('admin.condition.field')} @change=${(event: Event) => { this.#choose(place, (event.target as HTMLSelectElement).value); }}>
        ${this.fields.map(({ name, title }) => html`<option value=${name} ?selected=${name === condition.property}>${say(title)} (${name})</option>`)}</select>
      <select aria-label=${t('admin.condition.operator')} @change=${(event: Event) => { this.#compare(place, (event.target as HTMLSelectElement).value as Operator); }}>
        ${operators.map((op) => html`<option value=${op} ?selected=${op === condition.op}>${wordsOfOperator(op)}</option>`)}</select>
      ${field && hasValue(condition.op) ? html`<span class="value">${this.#value(field, condition, place)}</span>` : html`<span></span>`}
      <button type="button" class="remove" aria-label=${t('admin.condition.remove')} title=${t('admin.condition.remove')}
        @click=${() => { this.value = this.value.filter((_, at) => at !== place); }}>×</button></li>`;
  }

  #value(field: SourceField, { op, value }: Condition, place: number): TemplateResult {
    const label = t('admin.condition.value');
    const set = (to: unknown): void => { this.#set(place, { value: to }); };
    const known = field.values ? Object.entries(field.values).map(([code, word]) => [code, say(word)] as const)
      : field.type === 'boolean' ? [['true', t('admin.yes')], ['false', t('admin.no')]] as const : null;
    if (known) {
      const chosen = (Array.isArray(value) ? value : [value]).map(String);
      const read = (text: string): unknown => (field.type === 'boolean' ? text === 'true' : isNumber(field) ? Number(text) : text);
      return html`<select aria-label=${label} ?multiple=${op === 'in'} @change=${(event: Event) => {
        const picked = [...(event.target as HTMLSelectElement).selectedOptions].map((option) => read(option.value));
        set(op === 'in' ? picked : picked[0]);
      }}>${known.map(([code, word]) => html`<option value=${code} ?selected=${chosen.includes(code)}>${word}</option>`)}</select>`;
    }
    if (op === 'in') {
      return html`<input aria-label=${label} required placeholder=${t('admin.condition.list')} .value=${live(Array.isArray(value) ? value.join(', ') : '')}
        @change=${(event: Event) => {
          const parts = (event.target as HTMLInputElement).value.split(/[,，、]/u).map((part) => part.trim()).filter((part) => part !== '');
          set(isNumber(field) ? parts.map(Number) : parts);
        }} />`;
    }
    if (field.type === 'datetime') {
      return html`<input type="datetime-local" aria-label=${label} required .value=${live(toLocal(value))}
        @change=${(event: Event) => { const moment = new Date((event.target as HTMLInputElement).value); set(Number.isNaN(moment.getTime()) ? '' : moment.toISOString()); }} />`;
    }
    return html`<input type=${isNumber(field) ? 'number' : 'text'} step="any" aria-label=${label} required placeholder=${field.unit ?? ''}
      .value=${live(typeof value === 'number' || typeof value === 'string' ? String(value) : '')}
      @change=${(event: Event) => { const { value: text } = event.target as HTMLInputElement; set(isNumber(field) ? (text === '' ? null : Number(text)) : text); }} />`;
  }

  /** Whether every value is filled in; the first that is not is shown by the browser. */
  check(): boolean {
    const inputs = [...this.renderRoot.querySelectorAll<HTMLInputElement>('input')];
    return inputs.every((input) => input.reportValidity());
  }

  #add(): void {
    const [first] = this.fields;
    if (first) this.value = [...this.value, begun(first)];
  }

  #choose(place: number, name: string): void {
    const field = this.fields.find((one) => one.name === name);
    if (field) this.value = this.value.map((one, at) => (at === place ? begun(field) : one));
  }

  #compare(place: number, op: Operator): void {
    const before = this.value[place];
    const field = this.fields.find(({ name }) => name === before?.property);
    if (!before || !field) return;
    // One value and a list of values are not the same thing.
    const isKept = hasValue(op) && hasValue(before.op) && (op === 'in') === (before.op === 'in');
    this.#set(place, { op, value: isKept ? before.value : op === 'in' ? [] : hasValue(op) ? begun(field).value : null });
  }

  #set(place: number, change: Partial<Condition>): void {
    this.value = this.value.map((one, at) => (at === place ? { ...one, ...change } : one));
  }
}

function begun(field: SourceField): Condition {
  const [first] = Object.keys(field.values ?? {});
  const value = field.type === 'boolean' ? true : first === undefined ? (isNumber(field) ? null : '') : isNumber(field) ? Number(first) : first;
  return { property: field.name, op: field.type === 'datetime' ? '>=' : '=', value };
}

function toLocal(value: unknown): string {
  const moment = new Date(typeof value === 'string' ? value : '');
  if (Number.isNaN(moment.getTime())) return '';
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function wordsOfOperator(op: Operator): string {
  switch (op) {
    case '!=': return '≠';
    case '<=': return '≤';
    case '>=': return '≥';
    case 'in': return t('admin.condition.in');
    case 'is null': return t('admin.condition.is_null');
    case 'is not null': return t('admin.condition.is_not_null');
    default: return op;
  }
}

customElements.define('admin-conditions', Conditions);
