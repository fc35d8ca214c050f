// SPDX-License-Identifier: Apache-2.0
/** Conditions of a list: `field operator value`, as the server reads them, made and shown in words. */
import { html, nothing, type TemplateResult } from 'lit';
import { say, t } from '../../core/i18n';
import type { Register } from '../api';
import { typed } from '../form-text';
import { go } from '../state';
import { wordFor } from '../words';

const OPERATORS = ['~', '=', '!=', '>=', '<=', '>', '<'] as const;
type Operator = (typeof OPERATORS)[number];

function operatorName(operator: Operator): string {
  switch (operator) {
    case '~': return t('grid.op_has');
    case '=': return t('grid.op_is');
    case '!=': return t('grid.op_not');
    case '>=': return '≥';
    case '<=': return '≤';
    case '>': return '>';
    case '<': return '<';
  }
}

/** One field at a time; a field with a table of values offers those. */
export function filterForm(register: Register, add: (condition: string) => void): TemplateResult {
  return html`<form class="condition" @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      const form = new FormData(event.target as HTMLFormElement);
      const [name, operator, value] = ['field', 'operator', 'value'].map((one) => typed(form, one));
      if (name && operator && value) add(`${name}${operator}${value}`);
    }} @change=${(event: Event) => {
      if ((event.target as HTMLElement).getAttribute('name') === 'field') offer(event.currentTarget as HTMLFormElement, register);
    }}><label>${t('grid.field')}<select name="field">${register.properties.map(({ name, title }) => html`<option value=${name}>${say(title)}</option>`)}</select></label>
    <label>${t('grid.operator')}<select name="operator">${OPERATORS.map((one) => html`<option value=${one}>${operatorName(one)}</option>`)}</select></label>
    <label>${t('grid.value')}<input name="value" required maxlength="100" list="values" autocomplete="off" /><datalist id="values"></datalist></label>
    <button class="button main">${t('grid.apply')}</button></form>`;
}

function offer(form: HTMLFormElement, register: Register): void {
  const field = register.properties.find(({ name }) => name === new FormData(form).get('field'));
  const list = form.querySelector('datalist');
  const operator = form.querySelector<HTMLSelectElement>('select[name=operator]');
  if (!field || !list || !operator) return;
  list.replaceChildren(...Object.entries(field.values ?? {}).map(([value, word]) => new Option(say(word), value)));
  operator.value = field.values ? '=' : field.type === 'number' || field.type === 'integer' ? '>=' : '~';
}

export function conditionsView(register: Register, filter: string): TemplateResult | typeof nothing {
  const conditions = filter.split('\n').filter((line) => line !== '');
  if (conditions.length === 0) return nothing;
  return html`<ul class="conditions" aria-label=${t('grid.filter')}>${conditions.map((condition) => {
    const [, name = '', operator = '', value = ''] = /^([a-z0-9_]+)(>=|<=|!=|=|>|<|~)(.*)$/u.exec(condition) ?? [];
    const field = register.properties.find((one) => one.name === name);
    const known = OPERATORS.find((one) => one === operator);
    return html`<li><button title=${t('grid.remove')} @click=${() => { go({ filter: conditions.filter((one) => one !== condition).join('\n') }, false); }}>
      ${say(field?.title) || name} ${known ? operatorName(known) : operator} ${wordFor(field, value)} <span aria-hidden="true">×</span><span class="visually-hidden">${t('grid.remove')}</span></button></li>`;
  })}</ul>`;
}
