// SPDX-License-Identifier: Apache-2.0
/** Makes an account, or changes what one may do. */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Account } from '../access-api';
import { access } from '../access-server';
import { desk } from './desk';
import { formStyle, Given } from './form';
import { RightsForm, rightsStyle } from './rights-form';

/** What was made, for the page to show once; a changed account has no password. */
export interface SavedAccount { login: string; password: string | null }

export class AccountForm extends RightsForm {
  static override properties = { ...RightsForm.properties, given: { attribute: false } };
  static override styles = [shared, box, desk, formStyle, rightsStyle];

  declare given: Account | null;

  constructor() {
    super();
    this.given = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.begin(this.given);
  }

  override render(): TemplateResult {
    const { given } = this;
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#save(new Given(event.target as HTMLFormElement)); }}>
      <h2>${given ? t('people.edit', { login: given.login }) : t('people.new')}</h2>
      ${given ? nothing : html`${this.field('login', t('signin.login'), html`<input name="login" required minlength="2" maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="xinan-grid-03" />`, t('people.login_hint'), 'wide')}
        ${this.field('password', t('people.password'), html`<input name="password" type="password" maxlength="128" autocomplete="new-password" />`, t('people.password_hint'), 'wide')}`}
      ${this.rightsFields(given)}
      ${this.buttons(given ? t('admin.save') : t('people.make'))}</form>`;
  }

  async #save(given: Given): Promise<void> {
    const rights = this.readRights(given);
    if (rights === null) return;
    const saved: SavedAccount = { login: this.given?.login ?? '', password: null };
    await this.send(async () => {
      if (this.given) {
        await access.changeAccount(this.given.id, { ...rights, is_disabled: this.given.disabled_at !== null });
      } else {
        const made = await access.makeAccount({ ...rights, login: given.text('login'), password: given.textOrNull('password') });
        Object.assign(saved, { login: made.login, password: made.password });
      }
    }, saved);
  }
}

customElements.define('admin-account-form', AccountForm);
