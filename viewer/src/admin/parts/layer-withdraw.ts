// SPDX-License-Identifier: Apache-2.0
/** Takes a business layer away without a trace; whoever does so types its code, for nothing brings it back. */
import { html, nothing, type TemplateResult } from 'lit';
import { wordsOf } from '../../core/failure';
import { count } from '../../core/format';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { server } from '../server';
import { desk } from './desk';

export class LayerWithdraw extends TwinElement {
  static override properties = { code: {}, name: {}, features: { type: Number }, asking: { state: true }, typed: { state: true }, busy: { state: true }, failure: { state: true } };
  static override styles = [shared, box, desk];

  declare code: string;
  declare name: string;
  declare features: number;
  declare asking: boolean;
  declare typed: string;
  declare busy: boolean;
  declare failure: string;

  constructor() {
    super();
    this.code = this.name = this.typed = this.failure = '';
    this.features = 0;
    this.asking = this.busy = false;
  }

  override render(): TemplateResult {
    return html`<button class="button small" @click=${() => { void this.#ask(); }}>${t('admin.layer.withdraw')}</button>
      <dialog aria-labelledby="question" @close=${() => { this.asking = false; }}>${this.asking ? this.#question() : nothing}</dialog>`;
  }

  #question(): TemplateResult {
    return html`<form method="dialog" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#withdraw(); }}>
      <h2 id="question">${t('admin.layer.ask', { name: this.name })}</h2>
      <p style="margin:0.6rem 0">${t('admin.layer.ask_why', { count: count(this.features) })}</p>
      <label>${t('admin.layer.type_code', { code: this.code })}<input autocomplete="off" spellcheck="false" autofocus .value=${this.typed}
        @input=${(event: Event) => { this.typed = (event.target as HTMLInputElement).value; }} /></label>
      ${this.failure === '' ? nothing : html`<p class="failed" role="alert">${this.failure}</p>`}
      <div class="row"><button type="button" class="button" @click=${() => { this.#dialog?.close(); }}>${t('cancel')}</button>
        <button class="button danger" ?disabled=${this.busy || this.typed.trim() !== this.code}>${t('admin.layer.withdraw_yes')}</button></div></form>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  async #ask(): Promise<void> {
    this.asking = true;
    this.typed = this.failure = '';
    await this.updateComplete;
    this.#dialog?.showModal();
  }

  async #withdraw(): Promise<void> {
    if (this.busy || this.typed.trim() !== this.code) return;
    this.busy = true;
    try {
      const detail = await server.withdrawLayer(this.code);
      this.#dialog?.close();
      this.dispatchEvent(new CustomEvent('withdrawn', { detail }));
    } catch (error) {
      this.failure = wordsOf(error);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define('admin-layer-withdraw', LayerWithdraw);
