// SPDX-License-Identifier: Apache-2.0
/** Who may sign in with an account, what each may do, and what the identity provider's groups stand for. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { repeat } from 'lit/directives/repeat.js';
import { count, dayAndTime } from '../../core/format';
import { t } from '../../core/i18n';
import { roleName } from '../../core/roles';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { Account, Accounts } from '../access-api';
import { access } from '../access-server';
import { admin } from '../state';
import { className } from '../words';
import type { SavedAccount } from './account-form';
import './account-form';
import './confirm';
import { confirm } from './confirm';
import { desk } from './desk';
import './mappings';
import './once-shown';
import './password-reset';
import type { PasswordReset } from './password-reset';
import { reachText } from './rights-form';

const FILTER_FROM = 8;

export class People extends Panel<Accounts> {
  static override properties = { editing: { state: true }, made: { state: true }, closed: { state: true }, said: { state: true }, wanted: { state: true } };
  static override styles = [shared, box, desk, css`
    .said { padding: 0.8rem 1.1rem; margin-bottom: 1.1rem; display: flex; gap: 0.6rem 1rem; align-items: center; flex-wrap: wrap; border-color: var(--good); }
    .acts { display: flex; gap: 0.35rem; flex-wrap: wrap; justify-content: flex-end; } td small { display: block; color: var(--ink-2); font-size: 0.8rem; }
    .login { font-weight: 600; overflow-wrap: anywhere; } .chips { display: flex; flex-wrap: wrap; gap: 0.25rem; margin-top: 0.25rem; } .chips:empty { display: none; }
    td.purpose { max-width: 14rem; } .search { margin-bottom: 0.8rem; max-width: 22rem; }
    tr.struck .login { text-decoration: line-through; }
    @media (max-width: 760px) { .acts { justify-content: flex-start; } td.purpose { max-width: none; } td.who { display: block; } td.who::before { content: none; } .search { max-width: none; } }
  `];
  override watched = [admin];

  /** The account in the form: 0 is a new one, null none. */
  declare editing: number | null;
  declare made: SavedAccount | null;
  /** The account that was disabled last, to be enabled again. */
  declare closed: Account | null;
  declare said: string;
  declare wanted: string;

  constructor() {
    super();
    this.editing = this.made = this.closed = null;
    this.said = this.wanted = '';
  }

  protected override fetch(): Promise<Accounts> {
    return access.accounts();
  }

  protected override view({ accounts, roles }: Accounts): TemplateResult {
    const wanted = this.wanted.trim().toLowerCase();
    const shown = accounts.filter((one) => wanted === '' || [one.login, roleName(one.role), reachText(one), one.purpose ?? ''].some((text) => text.toLowerCase().includes(wanted)));
    return html`<div class="headline"><h2>${t('admin.people')}</h2><button class="button main" @click=${() => { this.#open(0); }}>${t('people.new')}</button></div>
      <p class="lead">${t('people.lead')}</p>
      ${this.made?.password ? html`<admin-once-shown .heading=${t('people.made', { login: this.made.login })} .name=${t('people.given_password')} .secret=${this.made.password}
        .hint=${t('people.must_change')} @kept=${() => { this.made = null; }}></admin-once-shown>` : nothing}
      ${this.closed ? html`<div class="card said" role="status"><span>${t('people.disabled_it', { login: this.closed.login })}</span>
        <button class="button small" ?disabled=${this.busy} @click=${() => { if (this.closed) void this.#enable(this.closed); }}>${t('people.enable')}</button></div>` : nothing}
      ${this.said === '' ? nothing : html`<p class="card said" role="status">${this.said}</p>`}
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      ${this.editing === null ? nothing : keyed(this.editing, html`<admin-account-form .roles=${roles} .given=${accounts.find(({ id }) => id === this.editing) ?? null}
        @left=${() => { this.#leave(); }} @saved=${(event: CustomEvent<SavedAccount>) => { this.#saved(event.detail); }}></admin-account-form>`)}
      ${accounts.length < FILTER_FROM ? nothing : html`<label class="search">${t('people.search')}<input type="search" .value=${this.wanted} @input=${(event: Event) => { this.wanted = (event.target as HTMLInputElement).value; }} /></label>`}
      <div class="card">${accounts.length === 0 ? html`<p class="none"><strong>${t('people.none')}</strong>${t('people.none_do')}</p>`
        : shown.length === 0 ? html`<p class="none">${t('people.not_found')}</p>` : html`<table><thead><tr><th>${t('signin.login')}</th><th>${t('access.role')}</th>
          <th>${t('people.purpose')}</th><th>${t('people.reach')}</th><th>${t('people.last')}</th><th><span class="visually-hidden">${t('people.acts')}</span></th></tr></thead>
          <tbody>${repeat(shown, ({ id }) => id, (one) => this.#row(one))}</tbody></table>`}</div>
      <admin-mappings .roles=${roles}></admin-mappings>
      <admin-confirm></admin-confirm><admin-password-reset @reset=${(event: CustomEvent<SavedAccount>) => { this.#saved(event.detail); }}></admin-password-reset>`;
  }

  #row(account: Account): TemplateResult {
    const { login, disabled_at: disabled, from_provider: fromProvider } = account;
    const isOwn = login === admin.state.session?.login;
    return html`<tr data-account=${login} class=${disabled === null ? '' : 'struck'}>
      <td class="who" data-label=${t('signin.login')}><span class="login">${login}</span><span class="chips">${disabled === null ? nothing : html`<span class="chip bad">${t('people.disabled')}</span>`}${
        isOwn ? html`<span class="chip good">${t('people.own')}</span>` : nothing}${fromProvider ? html`<span class="chip">${t('people.from_provider')}</span>` : nothing}${
        account.must_change_password ? html`<span class="chip warn">${t('people.first_password')}</span>` : nothing}</span></td>
      <td data-label=${t('access.role')}><span>${roleName(account.role)}<small>${className(account.access_class)}</small></span></td>
      <td data-label=${t('people.purpose')} class="wide purpose">${account.purpose ?? '–'}</td>
      <td data-label=${t('people.reach')} class="wide">${account.is_limited && account.scope.length + account.organisations.length === 0
        ? html`<span class="failed">${t('people.all_gone')}</span>` : reachText(account)}</td>
      <td data-label=${t('people.last')}><span>${account.last_seen_at === null ? t('people.never') : dayAndTime(account.last_seen_at)}${
        account.sessions === 0 ? nothing : html`<small>${t('people.sessions', { count: count(account.sessions) })}</small>`}</span></td>
      <td class="whole"><span class="acts">${isOwn || fromProvider ? nothing : html`<button class="button small" data-do="edit" @click=${() => { this.#open(account.id); }}>${t('admin.edit')}</button>
        <button class="button small" data-do="password" @click=${() => { this.renderRoot.querySelector<PasswordReset>('admin-password-reset')?.ask(account); }}>${t('people.reset')}</button>`}
        ${account.sessions === 0 || isOwn ? nothing : html`<button class="button small" data-do="end" ?disabled=${this.busy} @click=${() => { void this.#end(account); }}>${t('people.end')}</button>`}
        ${isOwn ? nothing : disabled === null ? html`<button class="button small" data-do="disable" ?disabled=${this.busy} @click=${() => { void this.#disable(account); }}>${t('people.disable')}</button>`
          : html`<button class="button small" data-do="enable" ?disabled=${this.busy} @click=${() => { void this.#enable(account); }}>${t('people.enable')}</button>`}
        <a class="button small" href="#audit/${account.id}">${t('people.on_record')}</a></span></td></tr>`;
  }

  #open(id: number): void {
    this.editing = id;
    this.closed = this.made = null;
    this.said = '';
  }

  /** The focus goes back to where the form was opened from. */
  #leave(): void {
    const login = this.data?.accounts.find(({ id }) => id === this.editing)?.login;
    this.editing = null;
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector<HTMLElement>(login === undefined ? '.headline .button' : `[data-account="${CSS.escape(login)}"] [data-do=edit]`)?.focus();
    });
  }

  #saved(saved: SavedAccount): void {
    this.#leave();
    this.closed = null;
    this.made = saved.password === null ? null : saved;
    this.said = saved.password === null ? t('people.changed', { login: saved.login }) : '';
    void this.reload();
  }

  async #disable(account: Account): Promise<void> {
    const { login } = account;
    if (!await confirm(this, { title: t('people.ask_disable', { login }), why: t('people.ask_disable_why'), deed: t('people.disable') })) return;
    if (!await this.act(() => access.disable(account.id, true))) return;
    this.closed = account;
    this.said = '';
    await this.reload();
  }

  async #enable(account: Account): Promise<void> {
    if (!await this.act(() => access.disable(account.id, false))) return;
    this.closed = null;
    this.said = t('people.enabled_it', { login: account.login });
    await this.reload();
  }

  async #end(account: Account): Promise<void> {
    const { login } = account;
    if (!await confirm(this, { title: t('people.ask_end', { login }), why: t('people.ask_end_why'), deed: t('people.end') })) return;
    if (await this.act(() => access.endSessions(account.id))) await this.reload();
  }
}

customElements.define('admin-people', People);
