// SPDX-License-Identifier: Apache-2.0
/** Who may ask: the tokens, a new one (shown this once), and taking one back. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { dayAndTime } from '../../core/format';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Token, Tokens } from '../api';
import { server } from '../server';
import { roleName } from '../../core/roles';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';

export class Access extends Panel<Tokens> {
  static override properties = { made: { state: true }, copied: { state: true }, asking: { state: true } };
  static override styles = [shared, box, desk, css`
    form { padding: 1rem 1.1rem; display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.8rem; align-items: start; margin-bottom: 1.1rem; }
    form .button.main { margin-top: 1.35rem; } form .failed { grid-column: 1 / -1; }
    .whom { grid-column: span 3; } .whom textarea { width: 100%; resize: vertical; } .whom .names { display: flex; flex-wrap: wrap; gap: 0.4rem; margin-top: 0.4rem; }
    .hint { font-size: 0.78rem; color: var(--ink-2); }
    .made { padding: 1rem 1.1rem; margin-bottom: 1.1rem; border-color: var(--good); }
    .made .row { display: flex; gap: 0.6rem; margin: 0.6rem 0; flex-wrap: wrap; } .made input { flex: 1 1 20rem; font-family: ui-monospace, monospace; }
    td:last-child { text-align: right; }
    @media (max-width: 900px) { form { grid-template-columns: 1fr 1fr; } .whom { grid-column: 1 / -1; } }
    @media (max-width: 760px) { form { grid-template-columns: minmax(0, 1fr); } form .button.main { margin-top: 0; } td:last-child { text-align: left; } }
  `];

  declare made: string;
  declare copied: boolean;
  declare asking: Token | null;

  constructor() {
    super();
    this.made = '';
    this.copied = false;
    this.asking = null;
  }

  protected override fetch(): Promise<Tokens> {
    return server.tokens();
  }

  protected override view({ tokens, roles, own, organisations }: Tokens): TemplateResult {
    return html`<h2>${t('admin.access')}</h2><p class="lead">${t('access.lead')}</p>
      ${this.made === '' ? this.#form(roles, organisations) : this.#made()}
      <div class="card"><table><thead><tr><th>${t('access.role')}</th><th>${t('access.label')}</th><th>${t('access.scope')}</th><th>${t('access.organisations')}</th><th>${t('access.created')}</th>
        <th>${t('access.expires')}</th><th></th></tr></thead><tbody>${tokens.map((token) => this.#row(token, own))}</tbody></table></div>
      <dialog aria-labelledby="question" @close=${() => { this.asking = null; }}>${this.asking ? html`
        <h2 id="question">${t('access.ask', { role: roleName(this.asking.role), label: this.asking.label ?? `#${this.asking.id}` })}</h2>
        <p style="margin-top:0.6rem">${t('access.ask_why')}</p>
        <div class="row"><button class="button" autofocus @click=${() => { this.#dialog?.close(); }}>${t('cancel')}</button>
          <button class="button danger" @click=${() => { void this.#revoke(); }}>${t('access.revoke')}</button></div>` : nothing}</dialog>`;
  }

  #form(roles: string[], organisations: string[]): TemplateResult {
    return html`<form class="card" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#make(event.target as HTMLFormElement); }}>
      <label>${t('access.role')}<select name="role" required><option value="" selected disabled>${t('send.choose')}</option>
        ${roles.map((role) => html`<option value=${role}>${roleName(role)}</option>`)}</select></label>
      <label>${t('access.scope')}<input name="scope" autocomplete="off" spellcheck="false" /><span class="hint">${t('access.scope_hint')}</span></label>
      <label>${t('access.label')}<input name="label" maxlength="100" autocomplete="off" /><span class="hint">${t('access.label_hint')}</span></label>
      <label>${t('access.expires')}<input name="until" type="date" /><span class="hint">${t('access.expires_hint')}</span></label>
      <div class="whom"><label>${t('access.organisations')}<textarea name="organisations" rows="2" spellcheck="false"></textarea>
          <span class="hint">${t('access.organisations_hint')}</span></label>
        ${organisations.length === 0 ? nothing : html`<div class="names" role="group" aria-label=${t('access.organisations_known')}>
          ${organisations.map((name) => html`<button type="button" class="button small" @click=${() => { this.#add(name); }}>${name}</button>`)}</div>`}</div>
      <button class="button main" ?disabled=${this.busy}>${t('access.make')}</button>
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}</form>`;
  }

  #made(): TemplateResult {
    return html`<div class="card made" role="status"><strong>${t('access.made')}</strong>
      <div class="row"><input readonly aria-label=${t('signin.token')} .value=${this.made} @focus=${(event: Event) => { (event.target as HTMLInputElement).select(); }} />
        <button class="button main" @click=${() => { void this.#copy(); }}>${this.copied ? t('access.copied') : t('access.copy')}</button>
        <button class="button" @click=${() => { this.made = ''; this.copied = false; }}>${t('access.kept')}</button></div>
      <p class="hint">${t('access.once')}</p></div>`;
  }

  #row(token: Token, own: number | null): TemplateResult {
    const over = token.revoked_at !== null || (token.expires_at !== null && new Date(token.expires_at) < new Date());
    return html`<tr class=${over ? 'struck' : ''}><td data-label=${t('access.role')}>${roleName(token.role)}</td>
      <td data-label=${t('access.label')} class="wide">${token.label ?? '–'}</td>
      <td data-label=${t('access.scope')} class="wide">${token.scope.length > 0 ? token.scope.map(({ code, name }) => name ?? code).join(', ')
        : token.is_limited ? t('access.nowhere') : t('access.everywhere')}</td>
      <td data-label=${t('access.organisations')} class="wide">${token.organisations.length === 0 ? '–' : token.organisations.join('; ')}</td>
      <td data-label=${t('access.created')} class="fixed">${dayAndTime(token.created_at)}</td>
      <td data-label=${t('access.expires')} class="fixed">${token.expires_at === null ? t('access.never') : new Date(token.expires_at).toLocaleDateString()}</td>
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
    const scope = text('scope').split(/[\s,，、]+/u).filter((code) => code !== '');
    const done = await this.act(async () => {
      this.made = await server.makeToken({ role: text('role'), scope, organisations: lines(text('organisations')), label: text('label') || null, expires_at: until });
    });
    if (done) await this.reload();
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.made);
      this.copied = true;
    } catch {
      // Without leave to copy, a selected field is the next best.
      this.renderRoot.querySelector<HTMLInputElement>('.made input')?.focus();
    }
  }
}

/** A name may hold commas and spaces, so each has a line. */
function lines(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

customElements.define('admin-access', Access);
