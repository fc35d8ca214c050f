// SPDX-License-Identifier: Apache-2.0
/** The form to sign in with: an account, the identity provider where there is one, or an access token. */
import { css, html, nothing, type TemplateResult } from 'lit';
import type { SignInWays } from '../api';
import { ApiError, client } from '../client';
import { wordsOf } from '../failure';
import { t } from '../i18n';
import { box } from './box';
import { shared, TwinElement } from './element';

type Way = 'account' | 'token';

export abstract class SignIn extends TwinElement {
  static override properties = { failure: { state: true }, busy: { state: true }, way: { state: true }, ways: { state: true }, renew: { state: true } };
  static override styles = [shared, box, css`
    form { display: grid; gap: 0.7rem; }
    p { margin-bottom: 0.6rem; }
    .failed { margin: 0; }
    .hint { font-size: 0.78rem; color: var(--ink-2); }
    .row { display: flex; gap: 0.8rem; align-items: center; justify-content: space-between; flex-wrap: wrap; }
    .provider { display: flex; text-decoration: none; margin-bottom: 0.9rem; }
  `];

  declare failure: string;
  declare busy: boolean;
  declare way: Way;
  declare ways: SignInWays | null;
  /** The password was given to be changed: a new one is asked for beside it. */
  declare renew: boolean;

  constructor() {
    super();
    this.failure = '';
    this.busy = false;
    this.way = 'account';
    this.ways = null;
    this.renew = false;
  }

  protected abstract why(): string;

  override connectedCallback(): void {
    super.connectedCallback();
    // Without an answer there still are accounts and tokens.
    client.ways().then((ways) => { this.ways = ways; }, () => undefined);
  }

  override render(): TemplateResult {
    const { provider } = this.ways ?? { provider: null };
    return html`<section><h2>${t('signin.title')}</h2><p class="empty">${this.why()}</p>
      ${provider ? html`<a class="button main provider" href="${provider.url}?return_to=${encodeURIComponent(location.pathname)}">${
        t('signin.provider', { name: provider.label || t('signin.provider_plain') })}</a>` : nothing}
      <form @submit=${(event: SubmitEvent) => { void this.#submit(event); }}>
        ${this.way === 'account' ? this.#account() : html`
          <label>${t('signin.token')}<input name="token" type="password" autocomplete="off" required spellcheck="false" /></label>`}
        <div class="row"><button class="button ${provider ? '' : 'main'}" ?disabled=${this.busy}>${t('signin.do')}</button>
          <button type="button" class="link" data-way=${this.way === 'account' ? 'token' : 'account'} @click=${() => { this.#turn(); }}>${
            t(this.way === 'account' ? 'signin.by_token' : 'signin.by_account')}</button></div>
        ${this.failure === '' ? nothing : html`<p class="failed" role="alert">${this.failure}</p>`}
      </form></section>`;
  }

  #account(): TemplateResult {
    return html`<label>${t('signin.login')}<input name="login" autocomplete="username" autocapitalize="none" required spellcheck="false" aria-describedby="of-the-office" />
        <span class="hint" id="of-the-office">${t('signin.login_hint')}</span></label>
      <label>${t('signin.password')}<input name="password" type="password" autocomplete="current-password" required /></label>
      ${this.renew ? html`<label>${t('signin.new_password')}
        <input name="new_password" type="password" autocomplete="new-password" minlength="12" required /></label>` : nothing}`;
  }

  #turn(): void {
    this.way = this.way === 'account' ? 'token' : 'account';
    this.failure = '';
    void this.updateComplete.then(() => { this.renderRoot.querySelector('input')?.focus(); });
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(event.target as HTMLFormElement)].map(([name, value]) =>
      [name, typeof value === 'string' ? (name === 'token' ? value.trim() : value) : '']));
    this.busy = true;
    try {
      await client.signIn(given);
      location.reload(); // everything that was fetched was the public's
    } catch (error) {
      this.busy = false;
      if (error instanceof ApiError && error.parameter === 'new_password') this.renew = true;
      this.failure = error instanceof ApiError && error.status === 401 && error.detail !== '' ? error.detail : wordsOf(error);
    }
  }
}

/** The form as an element of a page, with the page's own words for what it is good for; its card has the line. */
export function defineSignIn(name: string, why: () => string): void {
  customElements.define(name, class extends SignIn {
    static override styles = [...SignIn.styles, css`section { border-bottom: 0; }`];

    protected override why(): string {
      return why();
    }
  });
}
