// SPDX-License-Identifier: Apache-2.0
/** Files on their way, and what became of them. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { bytes } from '../../core/format';
import { say, t } from '../../core/i18n';
import { shared, TwinElement } from '../../core/ui/element';
import { showPublished } from '../models';
import { plan, type Sending } from '../state';
import { forget, goOn, stop } from '../uploading';
import { box } from '../../core/ui/box';
import { reportStyle, reportView } from '../../core/ui/report';

export class Sendings extends TwinElement {
  static override styles = [shared, box, reportStyle, css`
    .one { padding: 0.6rem 0; border-top: 1px solid var(--line-1); } .one:first-child { border-top: 0; padding-top: 0; }
    .name { display: flex; justify-content: space-between; gap: 0.6rem; align-items: center; font-size: 0.92rem; }
    .name span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
    .state { display: flex; justify-content: space-between; font-size: 0.8rem; color: var(--ink-2); margin-top: 0.3rem; gap: 0.6rem; }
    progress { width: 100%; height: 0.4rem; margin-top: 0.4rem; appearance: none; border: 0; border-radius: 0.3rem; overflow: hidden; display: block; }
    progress::-webkit-progress-bar { background: var(--track); } progress::-webkit-progress-value { background: var(--accent); transition: width 0.3s; }
    .row { display: flex; gap: 0.8rem; margin-top: 0.35rem; }
  `];
  override watched = [plan];

  override render(): TemplateResult | typeof nothing {
    const { sendings } = plan.state;
    if (sendings.length === 0) return nothing;
    return html`<section aria-live="polite"><h2>${t('sendings.title')}</h2>${sendings.map((one) => this.#one(one))}</section>`;
  }

  #one(one: Sending): TemplateResult {
    const { phase, job, name, size, sent, key } = one;
    const share = phase === 'sending' || phase === 'stopped' ? sent / Math.max(1, size) : job?.progress ?? 0;
    const modelId = job?.model_id;
    return html`<div class="one">
      <div class="name"><span title=${name}>${name}</span>${this.#chip(one)}</div>
      ${phase === 'sending' || phase === 'stopped' || phase === 'working' ? html`
        <progress max="1" .value=${share} aria-label=${name}></progress>
        <div class="state"><span>${phase === 'working' ? say(job?.step) || t('sendings.queued') : `${bytes(sent)} / ${bytes(size)}`}</span>
          <span class="number">${Math.round(share * 100)} %</span></div>` : nothing}
      ${one.failure === '' ? nothing : html`<p class="failed" role="alert">${one.failure}</p>`}
      ${job?.report ? reportView(job.report) : nothing}
      <div class="row">
        ${phase === 'sending' ? html`<button class="link" @click=${() => { stop(key); }}>${t('sendings.stop')}</button>` : nothing}
        ${phase === 'stopped' || (phase === 'failed' && !job) ? html`<button class="link" @click=${() => { goOn(key); }}>${t('sendings.go_on')}</button>` : nothing}
        ${phase === 'done' && modelId !== null && modelId !== undefined ? html`<button class="link"
          @click=${() => { void showPublished(modelId); }}>${t('sendings.show')}</button>` : nothing}
        ${phase !== 'sending' && phase !== 'working' ? html`<button class="link" @click=${() => { forget(key); }}>${t('sendings.forget')}</button>` : nothing}
      </div></div>`;
  }

  #chip({ phase }: Sending): TemplateResult {
    switch (phase) {
      case 'sending': return html`<span class="chip">${t('sendings.sending')}</span>`;
      case 'stopped': return html`<span class="chip">${t('sendings.stopped')}</span>`;
      case 'working': return html`<span class="chip">${t('sendings.working')}</span>`;
      case 'done': return html`<span class="chip good">${t('sendings.done')}</span>`;
      case 'refused': return html`<span class="chip bad">${t('sendings.refused')}</span>`;
      case 'failed': return html`<span class="chip bad">${t('sendings.failed')}</span>`;
    }
  }
}

customElements.define('plan-sendings', Sendings);
