// SPDX-License-Identifier: Apache-2.0
/** One's own account: where it is signed in, and another password. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { dayAndTime } from '../../core/format';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { OwnSession } from '../access-api';
import { access } from '../access-server';
import { desk } from './desk';
import { DeskForm, formStyle } from './form';

export class OwnAccount extends DeskForm {
  static override properties = { ...DeskForm.properties, login: {}, sessions: { state: true }, said: { state: true } };
  static override styles = [shared, box, desk, formStyle, css`
    :host { display: inline; }
    dialog { width: min(34rem, calc(100vw - 2rem)); } h3 { margin-top: 1.1rem; }
    li { display: flex; gap: 0.4rem 0.8rem; align-items: center; justify-content: space-between; padding: 0.4rem 0; border-bottom: 1px solid var(--line-1); font-size: 0.9rem; flex-wrap: wrap; } li small { color: var(--ink-2); display: block; }
    form { padding: 0; margin: 0; grid-template-columns: repeat(auto-fill, minmax(min(100%, 12rem), 1fr)); } .said { color: var(--good); font-size: 0.9rem; }
  `];

  declare login: string;
  declare sessions: OwnSession[];
  declare said: string;

  constructor() {
    super();
    this.login = this.said = '';
    this.sessions = [];
  }

  override firstUpdated(): void {
    // A dialog takes the focus when it is opened, and gives it back.
  }

  override render(): TemplateResult {
    return html`<button class="button" aria-haspopup="dialog" @click=${() => { void this.#open(); }}>${t('own.title')}</button>
      <dialog aria-labelledby="own"><h2 id="own">${t('own.heading', { login: this.login })}</h2>
        <h3>${t('own.sessions')}</h3><ul>${this.sessions.map((one) => html`<li><span>${one.method === 'oidc' ? t('people.from_provider') : t('signin.password')} ${one.own ? html`<span class="chip good">${t('own.this')}</span>` : nothing}
            <small>${t('own.since', { since: dayAndTime(one.created_at), until: dayAndTime(one.expires_at) })}</small></span>
          ${one.own ? nothing : html`<button class="button small" ?disabled=${this.busy} @click=${() => { void this.#end(one.id); }}>${t('own.end')}</button>`}</li>`)}</ul>
        ${this.sessions.some(({ own, method }) => own && method === 'oidc') ? nothing : html`<h3>${t('own.password')}</h3>
        <form @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#change(event.target as HTMLFormElement); }}>
          <input type="hidden" name="username" autocomplete="username" .value=${this.login} />
          ${this.field('password', t('own.present'), html`<input name="password" type="password" required autocomplete="current-password" />`)}
          ${this.field('new_password', t('signin.new_password'), html`<input name="new_password" type="password" required minlength="12" maxlength="128" autocomplete="new-password" />`)}
          <div class="row"><button class="button main" ?disabled=${this.busy}>${t('own.change')}</button>
            ${this.refusal === '' || (this.wrong !== '' && this.knows(this.wrong)) ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
            ${this.said === '' ? nothing : html`<span class="said" role="status">${this.said}</span>`}</div></form>`}
        <div class="row"><button class="button" @click=${() => { this.#dialog?.close(); }}>${t('close')}</button></div></dialog>`;
  }

  async #open(): Promise<void> {
    this.said = this.refusal = this.wrong = '';
    await this.send(async () => { this.sessions = await access.ownSessions(); }, null);
    await this.updateComplete;
    this.#dialog?.showModal();
  }

  async #end(id: number): Promise<void> {
    await this.send(async () => {
      await access.endOwnSession(id);
      this.sessions = await access.ownSessions();
    }, null);
  }

  async #change(form: HTMLFormElement): Promise<void> {
    const given = new FormData(form);
    const text = (name: string): string => { const value = given.get(name); return typeof value === 'string' ? value : ''; };
    this.said = '';
    await this.send(async () => {
      await access.changePassword(text('password'), text('new_password'));
      form.reset();
      this.said = t('own.changed');
      this.sessions = await access.ownSessions();
    }, null);
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }
}

customElements.define('admin-own-account', OwnAccount);
