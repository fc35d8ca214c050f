// SPDX-License-Identifier: Apache-2.0
/** Who may ask: the tokens, a new one (shown this once), and taking one back. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { dayAndTime, listed } from '../../core/format';
import { language, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Reached } from '../access-api';
import type { Token, Tokens } from '../api';
import { server } from '../server';
import { roleName } from '../../core/roles';
import { className } from '../words';
import './block-picker';
import { desk } from './desk';
import './once-shown';
import { Panel } from '../../core/ui/panel';
import { lines } from './rights-form';

const DAY_MS = 86_400_000;
/** So long before its end a token is said to end soon. */
const SOON_DAYS = 14;
/** What a wall's token is opened with, once. */
const WALL = 'wall';

interface Made { token: string; role: string }

export class Access extends Panel<Tokens> {
  static override properties = { made: { state: true }, asking: { state: true }, chosenRole: { state: true }, scope: { state: true } };
  static override styles = [shared, box, desk, css`
    form { padding: 1rem 1.1rem; display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.8rem; align-items: start; margin-bottom: 1.1rem; }
    form .button.main { justify-self: start; } form .failed { grid-column: 1 / -1; }
    .whom { grid-column: span 2; } .whom textarea { font: inherit; font-size: 0.92rem; color: var(--ink); border: 1px solid var(--line-2); border-radius: 0.45rem; padding: 0.42rem 0.55rem; background: var(--panel-solid); width: 100%; resize: vertical; } .whom .names { display: flex; flex-wrap: wrap; gap: 0.4rem; margin-top: 0.4rem; }
    .hint { font-size: 0.78rem; color: var(--ink-2); }
    .note { grid-column: 1 / -1; font-size: 0.88rem; color: var(--ink-2); } .blocks { grid-column: span 2; }
    td small { display: block; color: var(--ink-2); font-size: 0.8rem; }
    td:last-child { text-align: right; }
    @media (max-width: 900px) { form { grid-template-columns: 1fr 1fr; } .whom, .blocks { grid-column: 1 / -1; } }
    @media (max-width: 760px) { form { grid-template-columns: minmax(0, 1fr); } form .button.main { justify-self: stretch; } td:last-child { text-align: left; } }
  `];

  declare made: Made | null;
  declare asking: Token | null;
  /** The role that is chosen in the form. */
  declare chosenRole: string;
  declare scope: Reached[];

  constructor() {
    super();
    this.made = this.asking = null;
    this.chosenRole = '';
    this.scope = [];
  }

  protected override fetch(): Promise<Tokens> {
    return server.tokens();
  }

  protected override view({ tokens, roles, own, organisations }: Tokens): TemplateResult {
    return html`<h2>${t('admin.access')}</h2><p class="lead">${t('access.lead')}</p>
      ${this.made === null ? this.#form(roles, organisations) : this.#made(this.made)}
      ${this.refusal === '' || this.made === null ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      <div class="card"><table><thead><tr><th>${t('access.role')}</th><th>${t('access.label')}</th><th>${t('people.purpose')}</th><th>${t('people.reach')}</th><th>${t('access.organisations')}</th><th>${t('access.created')}</th>
        <th>${t('access.expires')}</th><th></th></tr></thead><tbody>${tokens.map((token) => this.#row(token, own))}</tbody></table></div>
      <dialog aria-labelledby="question" @close=${() => { this.asking = null; }}>${this.asking ? html`
        <h2 id="question">${t('access.ask', { role: roleName(this.asking.role), label: this.asking.label ?? `#${this.asking.id}` })}</h2>
        <p style="margin-top:0.6rem">${t('access.ask_why')}</p>
        <div class="row"><button class="button" autofocus @click=${() => { this.#dialog?.close(); }}>${t('cancel')}</button>
          <button class="button danger" @click=${() => { void this.#revoke(); }}>${t('access.revoke')}</button></div>` : nothing}</dialog>`;
  }

  #form(roles: string[], organisations: string[]): TemplateResult {
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#make(event.target as HTMLFormElement); }}>
      <label>${t('access.role')}<select name="role" required @change=${(event: Event) => { this.chosenRole = (event.target as HTMLSelectElement).value; }}><option value="" selected disabled>${t('send.choose')}</option>
        ${roles.map((role) => html`<option value=${role}>${roleName(role)}</option>`)}</select></label>
      <label>${t('access.label')}<input name="label" maxlength="100" autocomplete="off" /><span class="hint">${t('access.label_hint')}</span></label>
      <label>${t('access.expires')}<input name="until" type="date" /><span class="hint">${t('access.expires_hint')}</span></label>
      <label>${t('people.purpose')}<input name="purpose" maxlength="200" autocomplete="off" /><span class="hint">${t('access.purpose_hint')}</span></label>
      ${this.chosenRole === WALL ? html`<p class="note">${t('access.wall')}</p>` : this.chosenRole === 'node' ? html`<p class="note">${t('access.node')}</p>` : nothing}
      <div class="blocks"><admin-block-picker .label=${t('people.blocks')} .chosen=${this.scope} @chosen=${(event: CustomEvent<Reached[]>) => { this.scope = event.detail; }}></admin-block-picker>
        <span class="hint">${t('access.blocks_hint')}</span></div>
      <div class="whom"><label>${t('access.organisations')}<textarea name="organisations" rows="2" spellcheck="false"></textarea>
          <span class="hint">${t('access.organisations_hint')}</span></label>
        ${organisations.length === 0 ? nothing : html`<div class="names" role="group" aria-label=${t('access.organisations_known')}>
          ${organisations.map((name) => html`<button type="button" class="button small" @click=${() => { this.#add(name); }}>${name}</button>`)}</div>`}</div>
      <button class="button main" ?disabled=${this.busy}>${t('access.make')}</button>
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}</form>`;
  }

  #made({ token, role }: Made): TemplateResult {
    const hint = role === WALL ? t('access.wall_open', { url: `${location.origin}/wall?token=…` }) : '';
    return html`<admin-once-shown .heading=${t('access.made')} .name=${t('signin.token')} .secret=${token} .hint=${hint} @kept=${() => { this.#again(); }}></admin-once-shown>`;
  }

  #row(token: Token, own: number | null): TemplateResult {
    const over = token.revoked_at !== null || (token.expires_at !== null && new Date(token.expires_at) < new Date());
    const left = token.expires_at === null || over ? null : Math.ceil((new Date(token.expires_at).getTime() - Date.now()) / DAY_MS);
    return html`<tr class=${over ? 'struck' : ''}><td data-label=${t('access.role')}><span>${roleName(token.role)}<small>${className(token.access_class)}</small></span></td>
      <td data-label=${t('access.label')} class="wide">${token.label ?? '–'}</td>
      <td data-label=${t('people.purpose')} class="wide">${token.purpose ?? '–'}</td>
      <td data-label=${t('people.reach')} class="wide">${token.scope.length > 0 ? listed(token.scope.map(({ code, name }) => name ?? code))
        : token.is_limited ? t('access.nowhere') : t('access.everywhere')}</td>
      <td data-label=${t('access.organisations')} class="wide">${token.organisations.length === 0 ? '–' : token.organisations.join('; ')}</td>
      <td data-label=${t('access.created')} class="fixed">${dayAndTime(token.created_at)}</td>
      <td data-label=${t('access.expires')} class="fixed"><span>${token.expires_at === null ? t('access.never') : new Date(token.expires_at).toLocaleDateString(language.state.code)}${
        left !== null && left <= SOON_DAYS ? html`<small class="failed">${t('access.ends_in', { days: left })}</small>` : nothing}</span></td>
      <td class="whole">${token.id === own ? html`<span class="chip good">${t('access.own')}</span>`
        : token.revoked_at !== null ? html`<span class="chip">${t('access.revoked')}</span>`
        : over ? html`<span class="chip">${t('access.over')}</span>`
        : html`<button class="button small" @click=${() => { void this.#ask(token); }}>${t('access.revoke')}</button>`}</td></tr>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  /** One more line, unless it is there. */
  #add(name: string): void {
    const field = this.renderRoot.querySelector<HTMLTextAreaElement>('textarea[name=organisations]');
    if (!field) return;
    const names = lines(field.value);
    if (!names.includes(name)) field.value = [...names, name].join('\n');
    field.focus();
  }

  async #ask(token: Token): Promise<void> {
    this.asking = token;
    await this.updateComplete;
    this.#dialog?.showModal();
  }

  async #revoke(): Promise<void> {
    const token = this.asking;
    this.#dialog?.close();
    if (token && await this.act(() => server.revokeToken(token.id))) await this.reload();
  }

  async #make(form: HTMLFormElement): Promise<void> {
    const given = new FormData(form);
    const text = (name: string): string => {
      const value = given.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    const until = text('until') === '' ? null : new Date(`${text('until')}T23:59:59`).toISOString();
    const purpose = text('purpose');
    const done = await this.act(async () => {
      const token = await server.makeToken({
        role: text('role'), scope: this.scope.map(({ code }) => code), organisations: lines(text('organisations')), label: text('label') || null, expires_at: until,
        ...(purpose !== '' && { purpose }),
      });
      this.made = { token, role: text('role') };
    });
    if (done) await this.reload();
  }

  #again(): void {
    this.made = null;
    this.chosenRole = '';
    this.scope = [];
    void this.updateComplete.then(() => { this.renderRoot.querySelector('select')?.focus(); });
  }
}

customElements.define('admin-access', Access);
