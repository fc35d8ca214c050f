// SPDX-License-Identifier: Apache-2.0
/** A secret that the server gives this once: to be copied and kept before it is gone. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { desk } from './desk';

export class OnceShown extends TwinElement {
  static override properties = { heading: {}, name: {}, secret: {}, hint: {}, copied: { state: true } };
  static override styles = [shared, box, desk, css`
    .made { padding: 1rem 1.1rem; margin-bottom: 1.1rem; border-color: var(--good); }
    .row { display: flex; gap: 0.6rem; margin: 0.6rem 0; flex-wrap: wrap; } input { flex: 1 1 20rem; font-family: ui-monospace, monospace; }
    .hint { font-size: 0.82rem; color: var(--ink-2); overflow-wrap: anywhere; } .hint + .hint { margin-top: 0.3rem; }
  `];

  /** What was made. */
  declare heading: string;
  /** What the secret is called. */
  declare name: string;
  declare secret: string;
  /** What to do with it. */
  declare hint: string;
  declare copied: boolean;

  constructor() {
    super();
    this.heading = this.name = this.secret = this.hint = '';
    this.copied = false;
  }

  override firstUpdated(): void {
    this.scrollIntoView({ block: 'nearest' });
    this.renderRoot.querySelector<HTMLElement>('button')?.focus({ preventScroll: true });
  }

  override render(): TemplateResult {
    return html`<div class="card made" role="status"><strong>${this.heading}</strong>
      <div class="row"><input readonly aria-label=${this.name} .value=${this.secret} @focus=${(event: Event) => { (event.target as HTMLInputElement).select(); }} />
        <button class="button main" @click=${() => { void this.#copy(); }}>${this.copied ? t('access.copied') : t('access.copy')}</button>
        <button class="button" @click=${() => { this.dispatchEvent(new CustomEvent('kept')); }}>${t('access.kept')}</button></div>
      ${this.hint === '' ? nothing : html`<p class="hint">${this.hint}</p>`}<p class="hint">${t('access.once')}</p></div>`;
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.secret);
      this.copied = true;
    } catch {
      // Without leave to copy, a selected field is the next best.
      this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
    }
  }
}

customElements.define('admin-once-shown', OnceShown);
