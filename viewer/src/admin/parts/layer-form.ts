// SPDX-License-Identifier: Apache-2.0
/** Describes a business layer: title, owner, class, how often it is renewed, how long it is kept, attributes, legend. */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { AttributeSchema, BusinessLayer, Legend } from '../api';
import { server } from '../server';
import { roleName } from '../../core/roles';
import { className } from '../words';
import { AttributeFields } from './attribute-fields';
import { desk } from './desk';
import { DeskForm, formStyle, Given } from './form';
import { LegendForm } from './legend-form';

const CODE = '[a-z][a-z0-9_]{0,62}';
const CLASSES = [1, 2, 3];
const USUAL_CLASS = 2;
const ROLES = ['leader', 'grid_manager', 'handler', 'planner', 'dispatcher', 'auditor'];

export class LayerForm extends DeskForm {
  static override properties = { code: {}, given: { attribute: false }, taken: { attribute: false }, schema: { state: true } };
  static override styles = [shared, box, desk, formStyle];

  declare code: string;
  declare given: BusinessLayer | null;
  declare taken: string[];
  declare schema: AttributeSchema;
  #legend: Legend = {};

  constructor() {
    super();
    this.code = '';
    this.given = null;
    this.taken = [];
    this.schema = {};
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.schema = this.given?.attribute_schema ?? {};
    this.#legend = this.given?.legend ?? {};
  }

  override render(): TemplateResult {
    const { given } = this;
    const least = given?.access_class ?? USUAL_CLASS;
    // Where there is no English title, the list says the Chinese one for it.
    const english = given?.title.en === given?.title.zh ? '' : given?.title.en ?? '';
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#save(new Given(event.target as HTMLFormElement)); }}>
      <h2>${this.code === '' ? t('admin.layer.new') : t('admin.layer.describe_it', { code: this.code })}</h2>
      ${this.field('zh', t('admin.form.zh'), html`<input name="zh" required maxlength="80" .defaultValue=${given?.title.zh ?? ''} />`)}
      ${this.field('en', t('admin.form.en'), html`<input name="en" maxlength="80" lang="en" .defaultValue=${english} />`)}
      ${this.field('code', t('admin.form.code'), html`<input name="code" required pattern=${CODE} title=${t('admin.form.code_hint')} autocomplete="off" spellcheck="false"
        ?readonly=${this.code !== ''} .defaultValue=${this.code} />`, this.code === '' ? t('admin.form.code_hint') : t('admin.form.code_fixed'))}
      ${this.field('owner', t('admin.layer.owner'), html`<input name="owner" maxlength="80" .defaultValue=${given?.owner ?? ''} />`, t('admin.form.department'))}
      ${this.field('access_class', t('admin.layer.class'), html`<select name="access_class">
        ${CLASSES.map((one) => html`<option value=${one} ?selected=${one === least}>${className(one)}</option>`)}</select>`, t('admin.layer.class_hint'))}
      ${this.field('refresh_days', t('admin.form.refresh'), html`<input name="refresh_days" type="number" min="1" max="3660" .defaultValue=${String(given?.refresh_days ?? '')} />`, t('admin.form.refresh_hint'))}
      ${this.field('retention_until', t('admin.layer.retention'), html`<input name="retention_until" type="date" .defaultValue=${given?.retention_until ?? ''} />`, t('admin.layer.retention_hint'))}
      ${this.field('owner_role', t('admin.layer.owner_role'), html`<select name="owner_role"><option value="">${t('admin.layer.steward_alone')}</option>
        ${ROLES.map((role) => html`<option value=${role} ?selected=${role === given?.owner_role}>${roleName(role)}</option>`)}</select>`, t('admin.layer.owner_role_hint'))}
      <fieldset><legend>${t('admin.layer.attributes')}</legend><p class="hint">${t('admin.layer.attributes_hint')}</p>
        <admin-attribute-fields name="attribute_schema" .value=${this.schema} @changed=${(event: CustomEvent<AttributeSchema>) => { this.schema = event.detail; }}></admin-attribute-fields>
        ${this.#below('attribute_schema')}</fieldset>
      <fieldset><legend>${t('admin.layer.legend')}</legend>
        <admin-legend-form name="legend" .value=${this.#legend} .fields=${Object.keys(this.schema.properties ?? {})}></admin-legend-form>${this.#below('legend')}</fieldset>
      ${this.buttons(t('admin.save'))}</form>`;
  }

  #below(name: string): TemplateResult | typeof nothing {
    return this.wrong === name ? html`<p class="failed" role="alert">${this.refusal}</p>` : nothing;
  }

  async #save(given: Given): Promise<void> {
    const code = given.text('code');
    const attributes = this.renderRoot.querySelector<AttributeFields>('admin-attribute-fields');
    const legend: Legend = this.renderRoot.querySelector<LegendForm>('admin-legend-form')?.legend ?? {};
    if (this.code === '' && this.taken.includes(code)) {
      this.complain('code', t('admin.form.taken', { code }));
      return;
    }
    if (!attributes?.check()) return;
    await this.send(() => server.describeLayer(code, {
      title: { zh: given.text('zh'), en: given.textOrNull('en') }, owner: given.textOrNull('owner'), access_class: Number(given.text('access_class')),
      attribute_schema: attributes.value, legend, refresh_days: given.numberOrNull('refresh_days'), retention_until: given.textOrNull('retention_until'),
      owner_role: given.textOrNull('owner_role'),
    }), code);
  }
}

customElements.define('admin-layer-form', LayerForm);
