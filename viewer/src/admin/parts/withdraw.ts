// SPDX-License-Identifier: Apache-2.0
/** Takes a load back: first what that would do, in rows, then the question, then the deed. */
import { html, nothing, type TemplateResult } from 'lit';
import { wordsOf } from '../../core/failure';
import { count } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import type { Withdrawal } from '../api';
import { followJob } from '../jobs';
import { server } from '../server';
import { desk } from './desk';

export class Withdraw extends TwinElement {
  static override properties = { number: { type: Number }, plan: { state: true }, busy: { state: true }, failure: { state: true } };
  static override styles = [shared, box, desk];

  declare number: number;
  declare plan: Withdrawal | null;
  declare busy: boolean;
  declare failure: string;

  constructor() {
    super();
    this.number = 0;
    this.plan = null;
    this.busy = false;
    this.failure = '';
  }

  override render(): TemplateResult {
    return html`<button class="button" ?disabled=${this.busy} @click=${() => { void this.#preview(); }}>${this.busy ? t('withdraw.working') : t('withdraw.do')}</button>
      ${this.failure === '' ? nothing : html`<p class="failed" role="alert">${this.failure}</p>`}
      <dialog aria-labelledby="question" @close=${() => { this.plan = null; }}>${this.plan ? this.#question(this.plan) : nothing}</dialog>`;
  }

  #question({ removed, restored, superseded, edited }: Withdrawal): TemplateResult {
    return html`<h2 id="question">${t('withdraw.ask')}</h2>
      <p style="margin-top:0.6rem">${t('withdraw.plan', { removed: count(removed), restored: count(restored) })}</p>
      ${superseded > 0 ? html`<p>${t('withdraw.superseded', { count: count(superseded) })}</p>` : nothing}
      ${edited > 0 ? html`<p class="failed">${t('withdraw.edited', { count: count(edited) })}</p>` : nothing}
      <div class="row"><button class="button" autofocus @click=${() => { this.#dialog?.close(); }}>${t('cancel')}</button>
        <button class="button danger" @click=${() => { void this.#confirm(); }}>${t('withdraw.yes')}</button></div>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  async #preview(): Promise<void> {
    const plan = await this.#run(true);
    if (!plan) return;
    this.plan = plan;
    await this.updateComplete;
    this.#dialog?.showModal();
  }

  async #confirm(): Promise<void> {
    this.#dialog?.close();
    if (await this.#run(false)) this.dispatchEvent(new CustomEvent('withdrawn'));
  }

  async #run(preview: boolean): Promise<Withdrawal | null> {
    this.busy = true;
    this.failure = '';
    try {
      const job = await followJob(await server.withdraw(this.number, preview), () => undefined);
      const report = job.report as unknown as Withdrawal | null;
      if (job.state === 'done' && report) return report;
      this.failure = say(report?.refused) || t('withdraw.failed');
    } catch (error) {
      this.failure = wordsOf(error);
    } finally {
      this.busy = false;
    }
    return null;
  }
}

customElements.define('admin-withdraw', Withdraw);
