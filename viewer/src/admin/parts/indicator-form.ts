// SPDX-License-Identifier: Apache-2.0
/** An indicator put together from what a layer declares: over which features, what is counted or summed, cut by what. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { unitOf } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Condition, Definition, Pillar, Source, SourceField } from '../api';
import { server } from '../server';
import { Conditions } from './conditions';
import { desk } from './desk';
import { DeskForm, formStyle, Given } from './form';

const CODE = '[a-z][a-z0-9_.]{0,62}';
const LAST = 100;

/** The layer's own time column, whatever it is called. */
const USUAL_DAY = '*';

export class IndicatorForm extends DeskForm {
  static override properties = { code: {}, given: { attribute: false }, sources: { attribute: false }, pillars: { attribute: false },
    taken: { attribute: false }, layer: { state: true }, summed: { state: true } };
  static override styles = [shared, box, desk, formStyle, css`.failed.below { font-size: 0.88rem; }`];

  declare code: string;
  declare given: Definition | null;
  declare sources: Source[];
  declare pillars: Pillar[];
  declare taken: string[];
  declare layer: string;
  declare summed: string;
  #conditions: Condition[] = [];

  constructor() {
    super();
    this.code = '';
    this.given = null;
    this.sources = [];
    this.pillars = [];
    this.taken = [];
    this.layer = '';
    this.summed = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.layer = this.given?.layer ?? '';
    this.summed = this.given?.value ?? '';
    this.#conditions = this.given?.conditions ?? [];
  }

  override render(): TemplateResult {
    const { given } = this;
    const source = this.sources.find(({ id }) => id === this.layer);
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#save(event.target as HTMLFormElement); }}>
      <h2>${this.code === '' ? t('admin.indicator.new') : t('admin.indicator.edit')}</h2>
      ${this.field('zh', t('admin.form.zh'), html`<input name="zh" required maxlength="80" .defaultValue=${given?.title.zh ?? ''} />`)}
      ${this.field('en', t('admin.form.en'), html`<input name="en" required maxlength="80" lang="en" .defaultValue=${given?.title.en ?? ''} />`)}
      ${this.field('code', t('admin.form.code'), html`<input name="code" required pattern=${CODE} title=${t('admin.form.code_hint')} autocomplete="off" spellcheck="false"
        ?readonly=${this.code !== ''} .defaultValue=${this.code} />`, this.code === '' ? t('admin.form.code_hint') : t('admin.form.code_fixed'))}
      ${this.field('layer', t('admin.indicator.source'), html`<select name="layer" required @change=${(event: Event) => { this.#choose((event.target as HTMLSelectElement).value); }}>
        <option value="" disabled ?selected=${this.layer === ''}>${t('send.choose')}</option>
        ${this.sources.map(({ id, title }) => html`<option value=${id} ?selected=${id === this.layer}>${say(title)}</option>`)}</select>`)}
      ${source ? this.#about(source) : html`<p class="hint whole">${t('admin.indicator.choose_first')}</p>`}
      ${this.buttons(t('admin.save'))}</form>`;
  }

  #about(source: Source): TemplateResult {
    const { given } = this;
    const numbers = source.properties.filter(({ type }) => type === 'integer' || type === 'number');
    const moments = source.properties.filter(({ type }) => type === 'datetime');
    const unit = numbers.find(({ name }) => name === this.summed)?.unit;
    return html`<fieldset><legend>${t('admin.indicator.conditions')}</legend>
        <admin-conditions name="conditions" .fields=${source.properties} .value=${this.#conditions}></admin-conditions>
        ${this.wrong === 'conditions' ? html`<p class="failed below" role="alert">${this.refusal}</p>` : nothing}</fieldset>
      ${this.field('value', t('admin.indicator.value'), html`<select name="value" @change=${(event: Event) => { this.summed = (event.target as HTMLSelectElement).value; }}>
        <option value="">${t('admin.indicator.count')}</option>
        ${numbers.map(({ name, title }) => html`<option value=${name} ?selected=${name === this.summed}>${t('admin.indicator.sum', { name: say(title) })}</option>`)}</select>`)}
      ${this.field('unit', t('admin.form.unit'), html`<input name="unit" maxlength="20" placeholder=${unitOf(unit)} .defaultValue=${given?.unit ?? ''} />`,
        unit ? t('admin.indicator.unit_hint', { unit: unitOf(unit) }) : '')}
      ${this.field('dimension', t('admin.indicator.dimension'), this.#pick('dimension', source.properties, given?.dimension ?? null, t('admin.indicator.no_dimension')))}
      ${this.field('pillar', t('codes.pillar'), html`<select name="pillar"><option value="">${t('admin.indicator.no_pillar')}</option>
        ${this.pillars.map(({ code, title, is_enabled: isOn }) => html`<option value=${code} ?selected=${code === given?.pillar}>${say(title)}${isOn ? '' : ` (${t('codes.off')})`}</option>`)}</select>`,
        t('admin.indicator.pillar_hint'))}
      ${this.field('threshold', t('admin.indicator.threshold'), html`<input name="threshold" type="number" step="any" .defaultValue=${String(given?.threshold ?? '')} />`, t('admin.indicator.threshold_hint'))}
      ${this.field('k', t('admin.indicator.k'), html`<input name="k" type="number" min="2" max="1000" .defaultValue=${String(given?.k ?? '')} />`, t('admin.indicator.k_hint'))}
      ${this.field('position', t('admin.form.position'), html`<input name="position" type="number" required min="0" max="10000" .defaultValue=${String(given?.position ?? LAST)} />`)}
      ${moments.length === 0 && !source.is_dated ? nothing : this.field('day', t('admin.indicator.by_day'), html`<select name="day"><option value="">${t('admin.indicator.no_day')}</option>
        ${source.is_dated ? html`<option value=${USUAL_DAY} ?selected=${given?.by_day === true && given.day === null}>${t('admin.indicator.usual_day')}</option>` : nothing}
        ${moments.map((field) => html`<option value=${field.name} ?selected=${field.name === given?.day}>${say(field.title)} (${field.name})</option>`)}</select>`,
        t('admin.indicator.by_day_hint'))}
      <div class="whole">
        ${source.geometry === 'point' ? nothing : html`<label class="choice"><input type="checkbox" name="by_share" .checked=${given?.by_share ?? false} />
          <span>${t('admin.indicator.by_share')}<small>${t('admin.indicator.by_share_hint')}</small></span></label>`}</div>`;
  }

  #pick(name: string, fields: SourceField[], chosen: string | null, none: string): TemplateResult {
    return html`<select name=${name}><option value="">${none}</option>
      ${fields.map((field) => html`<option value=${field.name} ?selected=${field.name === chosen}>${say(field.title)} (${field.name})</option>`)}</select>`;
  }

  /** Fields of one layer mean nothing in another. */
  #choose(layer: string): void {
    this.layer = layer;
    this.summed = '';
    this.#conditions = [];
  }

  async #save(form: HTMLFormElement): Promise<void> {
    const given = new Given(form);
    const code = given.text('code');
    const conditions = this.renderRoot.querySelector<Conditions>('admin-conditions');
    if (!conditions?.check()) return;
    this.#conditions = conditions.value;
    if (this.code === '' && this.taken.includes(code)) {
      this.complain('code', t('admin.form.taken', { code }));
      return;
    }
    const day = given.textOrNull('day');
    const definition: Definition = {
      title: { zh: given.text('zh'), en: given.text('en') }, layer: this.layer, unit: given.textOrNull('unit'), conditions: conditions.value,
      value: given.textOrNull('value'), dimension: given.textOrNull('dimension'), by_day: day === USUAL_DAY, day: day === USUAL_DAY ? null : day, by_share: given.has('by_share'),
      k: given.numberOrNull('k'), pillar: given.textOrNull('pillar'), position: given.numberOrNull('position') ?? LAST, threshold: given.numberOrNull('threshold'),
    };
    await this.send(() => server.define(code, definition), code);
  }
}

customElements.define('admin-indicator-form', IndicatorForm);
