// SPDX-License-Identifier: Apache-2.0
/** Asks before something is done that others feel; the dialog gives the focus back to where it was. */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { desk } from './desk';

export interface Question { title: string; why: string; deed: string; isGrave?: boolean }

export class Confirm extends TwinElement {
  static override properties = { question: { state: true } };
  static override styles = [shared, box, desk];

  declare question: Question | null;
  #answer: ((isMeant: boolean) => void) | null = null;

  constructor() {
    super();
    this.question = null;
  }

  async ask(question: Question): Promise<boolean> {
    this.question = question;
    await this.updateComplete;
    this.#dialog?.showModal();
    return new Promise((resolve) => { this.#answer = resolve; });
  }

  override render(): TemplateResult {
    const { question } = this;
    return html`<dialog aria-labelledby="question" @close=${() => { this.#close(false); }}>${question === null ? nothing : html`
      <h2 id="question">${question.title}</h2><p style="margin-top:0.6rem">${question.why}</p>
      <div class="row"><button class="button" autofocus @click=${() => { this.#dialog?.close(); }}>${t('cancel')}</button>
        <button class="button ${question.isGrave === false ? 'main' : 'danger'}" @click=${() => { this.#close(true); this.#dialog?.close(); }}>${question.deed}</button></div>`}</dialog>`;
  }

  #close(isMeant: boolean): void {
    this.#answer?.(isMeant);
    this.#answer = null;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }
}

/** The one that stands in an element's own tree. */
export async function confirm(host: { renderRoot: HTMLElement | DocumentFragment }, question: Question): Promise<boolean> {
  return await host.renderRoot.querySelector<Confirm>('admin-confirm')?.ask(question) ?? false;
}

customElements.define('admin-confirm', Confirm);
