// SPDX-License-Identifier: Apache-2.0
/** Sets a target: which measure, in which unit, how much of it, by when. */
import { html, type TemplateResult } from 'lit';
import { unitOf } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Measure, Target } from '../api';
import { server } from '../server';
import { desk } from './desk';
import { DeskForm, formStyle, Given } from './form';

const CODE = '[a-z][a-z0-9_.]{0,62}';

export class TargetForm extends DeskForm {
  static override properties = { code: {}, given: { attribute: false }, measures: { attribute: false }, taken: { attribute: false }, measure: { state: true } };
  static override styles = [shared, box, desk, formStyle];

  declare code: string;
  declare given: Target | null;
  declare measures: Measure[];
  declare taken: string[];
  declare measure: string;

  constructor() {
    super();
    this.code = '';
    this.given = null;
    this.measures = [];
    this.taken = [];
    this.measure = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.measure = this.given?.measure ?? '';
  }

  override render(): TemplateResult {
    const { given } = this;
    const unit = unitOf(this.measures.find(({ code }) => code === this.measure)?.unit);
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#save(new Given(event.target as HTMLFormElement)); }}>
      <h2>${this.code === '' ? t('admin.target.new') : t('admin.target.edit')}</h2>
      ${this.field('zh', t('admin.form.zh'), html`<input name="zh" required maxlength="80" .defaultValue=${given?.title.zh ?? ''} />`)}
      ${this.field('en', t('admin.form.en'), html`<input name="en" required maxlength="80" lang="en" .defaultValue=${given?.title.en ?? ''} />`)}
      ${this.field('code', t('admin.form.code'), html`<input name="code" required pattern=${CODE} title=${t('admin.form.code_hint')} autocomplete="off" spellcheck="false"
        ?readonly=${this.code !== ''} .defaultValue=${this.code} />`, this.code === '' ? t('admin.form.code_hint') : t('admin.form.code_fixed'))}
      ${this.field('measure', t('admin.target.measure'), html`<select name="measure" required @change=${(event: Event) => { this.measure = (event.target as HTMLSelectElement).value; }}>
        <option value="" disabled ?selected=${this.measure === ''}>${t('send.choose')}</option>
        ${this.measures.filter(({ k }) => k === null).map((one) => html`<option value=${one.code} ?selected=${one.code === this.measure}>${say(one.title)}${one.unit ? ` (${unitOf(one.unit)})` : ''}</option>`)}</select>`,
        t('admin.target.measure_hint'))}
      ${this.field('goal', t('admin.target.goal'), html`<input name="goal" type="number" required min="0.000000001" step="any" .defaultValue=${String(given?.goal ?? '')} />`)}
      ${this.field('unit', t('admin.form.unit'), html`<input name="unit" maxlength="20" placeholder=${unit} .defaultValue=${given?.unit ?? ''} />`)}
      ${this.field('factor', t('admin.target.factor'), html`<input name="factor" type="number" required min="0.000000001" step="any" .defaultValue=${String(given?.factor ?? 1)} />`,
        t('admin.target.factor_hint', { unit: unit || t('admin.target.one') }))}
      ${this.field('due_date', t('admin.target.due'), html`<input name="due_date" type="date" .defaultValue=${given?.due_date ?? ''} />`)}
      ${this.field('position', t('admin.form.position'), html`<input name="position" type="number" required min="0" max="10000" .defaultValue=${String(given?.position ?? 0)} />`)}
      ${this.buttons(t('admin.save'))}</form>`;
  }

  async #save(given: Given): Promise<void> {
    const code = given.text('code');
    if (this.code === '' && this.taken.includes(code)) {
      this.complain('code', t('admin.form.taken', { code }));
      return;
    }
    await this.send(() => server.setTarget(code, {
      title: { zh: given.text('zh'), en: given.text('en') }, measure: given.text('measure'), unit: given.textOrNull('unit'),
      factor: given.numberOrNull('factor') ?? 1, goal: given.numberOrNull('goal') ?? 0, due_date: given.textOrNull('due_date'),
      position: given.numberOrNull('position') ?? 0,
    }), code);
  }
}

customElements.define('admin-target-form', TargetForm);
