// SPDX-License-Identifier: Apache-2.0
/** Asks before an account gets another password, and which; whoever holds this hears `reset`. */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Account } from '../access-api';
import { access } from '../access-server';
import type { SavedAccount } from './account-form';
import { desk } from './desk';
import { DeskForm, formStyle, Given } from './form';

export class PasswordReset extends DeskForm {
  static override properties = { ...DeskForm.properties, account: { state: true } };
  static override styles = [shared, box, desk, formStyle];

  declare account: Account | null;

  constructor() {
    super();
    this.account = null;
  }

  ask(account: Account): void {
    this.account = account;
    this.refusal = this.wrong = '';
    void this.updateComplete.then(() => { this.#dialog?.showModal(); });
  }

  override firstUpdated(): void {
    // A dialog takes the focus when it is opened, and gives it back.
  }

  override render(): TemplateResult {
    const { account } = this;
    return html`<dialog aria-labelledby="question" @close=${() => { this.account = null; }}>${account === null ? nothing : html`
      <form style="padding:0;margin:0" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#reset(account, new Given(event.target as HTMLFormElement)); }}>
        <h2 id="question">${t('people.ask_reset', { login: account.login })}</h2><p class="whole">${t('people.ask_reset_why')}</p>
        ${this.field('password', t('people.password'), html`<input name="password" type="password" maxlength="128" autocomplete="new-password" />`, t('people.password_hint'), 'whole')}
        ${this.refusal === '' || this.wrong === 'password' ? nothing : html`<p class="failed whole" role="alert">${this.refusal}</p>`}
        <div class="row"><button type="button" class="button" @click=${() => { this.#dialog?.close(); }}>${t('cancel')}</button>
          <button class="button danger" ?disabled=${this.busy}>${t('people.reset')}</button></div></form>`}</dialog>`;
  }

  async #reset(account: Account, given: Given): Promise<void> {
    const saved: SavedAccount = { login: account.login, password: null };
    await this.send(async () => { saved.password = await access.resetPassword(account.id, given.textOrNull('password')); }, saved);
    if (saved.password === null) return;
    this.#dialog?.close();
    this.dispatchEvent(new CustomEvent('reset', { detail: saved }));
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }
}

customElements.define('admin-password-reset', PasswordReset);
