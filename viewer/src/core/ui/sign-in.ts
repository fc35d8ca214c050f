// SPDX-License-Identifier: Apache-2.0
/** The form for an access token; what it is good for is said by the page. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { client } from '../client';
import { wordsOf } from '../failure';
import { t } from '../i18n';
import { box } from './box';
import { shared, TwinElement } from './element';

export abstract class SignIn extends TwinElement {
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

  protected abstract why(): string;

  override render(): TemplateResult {
    return html`<section><h2>${t('signin.title')}</h2><p class="empty">${this.why()}</p>
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

/** The form as an element of a page, with the page's own words for what it is good for; its card has the line. */
export function defineSignIn(name: string, why: () => string): void {
  customElements.define(name, class extends SignIn {
    static override styles = [...SignIn.styles, css`section { border-bottom: 0; }`];

    protected override why(): string {
      return why();
    }
  });
}
