// SPDX-License-Identifier: Apache-2.0
/** Shown to whoever is not signed in: looking is free, uploading is not. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { client } from '../../core/client';
import { wordsOf } from '../../core/failure';
import { t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { box } from './box';

export class SignIn extends TwinElement {
  static override properties = { failure: { state: true }, busy: { state: true } };
  static override styles = [shared, box, css`
    form { display: grid; grid-template-columns: 1fr auto; gap: 0.5rem; align-items: end; }
    p { margin-bottom: 0.6rem; }
    .failed { grid-column: 1 / -1; margin: 0; }
  `];

  declare failure: string;
  declare busy: boolean;

  constructor() {
    super();
    this.failure = '';
    this.busy = false;
  }

  override render(): TemplateResult {
    return html`<section><h2>${t('signin.title')}</h2><p class="empty">${t('signin.why')}</p>
      <form @submit=${(event: SubmitEvent) => { void this.#submit(event); }}>
        <label>${t('signin.token')}<input name="token" type="password" autocomplete="current-password" required spellcheck="false" /></label>
        <button class="button main" ?disabled=${this.busy}>${t('signin.do')}</button>
        ${this.failure === '' ? nothing : html`<p class="failed" role="alert">${this.failure}</p>`}
      </form></section>`;
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const token = new FormData(event.target as HTMLFormElement).get('token');
    if (typeof token !== 'string') return;
    this.busy = true;
    try {
      await client.signIn(token.trim());
      location.reload(); // everything that was fetched was the public's
    } catch (error) {
      this.failure = wordsOf(error);
      this.busy = false;
    }
  }
}

customElements.define('plan-sign-in', SignIn);
