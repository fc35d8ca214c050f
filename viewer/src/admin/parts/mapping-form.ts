// SPDX-License-Identifier: Apache-2.0
/** Says what a value of the identity provider's claim stands for. */
import { html, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Mapping } from '../access-api';
import { access } from '../access-server';
import { desk } from './desk';
import { formStyle, Given } from './form';
import { RightsForm, rightsStyle } from './rights-form';

export class MappingForm extends RightsForm {
  static override properties = { ...RightsForm.properties, given: { attribute: false }, claim: {} };
  static override styles = [shared, box, desk, formStyle, rightsStyle];

  declare given: Mapping | null;
  declare claim: string;

  constructor() {
    super();
    this.given = null;
    this.claim = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.begin(this.given);
  }

  override render(): TemplateResult {
    const { given } = this;
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#save(new Given(event.target as HTMLFormElement)); }}>
      <h2>${given ? t('mapping.edit', { value: given.value }) : t('mapping.new')}</h2>
      ${this.field('value', t('mapping.value', { claim: this.claim }), html`<input name="value" required maxlength="200" autocomplete="off" spellcheck="false" .value=${given?.value ?? ''} />`, t('mapping.value_hint'), 'wide')}
      ${this.field('position', t('mapping.position'), html`<input name="position" type="number" step="1" required .value=${String(given?.position ?? 0)} />`, t('mapping.position_hint'))}
      ${this.rightsFields(given)}
      ${this.buttons(t('admin.save'))}</form>`;
  }

  async #save(given: Given): Promise<void> {
    const rights = this.readRights(given);
    if (rights === null) return;
    const wanted = { ...rights, value: given.text('value'), position: given.numberOrNull('position') ?? 0 };
    await this.send(() => (this.given ? access.changeMapping(this.given.id, wanted) : access.makeMapping(wanted)), wanted.value);
  }
}

customElements.define('admin-mapping-form', MappingForm);
