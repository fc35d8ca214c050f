// SPDX-License-Identifier: Apache-2.0
/** What was sent: on its way, checked and waiting for a decision, loaded, or refused and why. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { bytes } from '../../core/format';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { reportStyle } from '../../core/ui/report';
import { forget, load, reportOf, sendings, uploadPath, type Sending } from '../sending';
import { kindName, kinds } from '../words';
import { desk } from './desk';
import { loadReport, loadReportStyle } from './load-report';
import './rejected-rows';

export class Sendings extends TwinElement {
  static override styles = [shared, box, desk, reportStyle, loadReportStyle, css`
    .one { padding: 1rem 1.1rem; } .one + .one { margin-top: 0.8rem; }
    .name { display: flex; gap: 0.6rem; align-items: center; justify-content: space-between; }
    .name strong { font-weight: 600; overflow-wrap: anywhere; }
    .quiet { font-size: 0.84rem; }
    progress { margin: 0.6rem 0 0.3rem; }
    .row { display: flex; gap: 0.6rem; flex-wrap: wrap; margin-top: 0.8rem; }
  `];
  override watched = [sendings, kinds];

  override render(): TemplateResult {
    const { list } = sendings.state;
    return html`<div aria-live="polite">${list.length === 0
      ? html`<p class="card none"><strong>${t('send.none')}</strong>${t('send.none_do')}</p>` : list.map((one) => this.#one(one))}</div>`;
  }

  #one(one: Sending): TemplateResult {
    const { key, name, kind, size, sent, phase, job, failure } = one;
    const moving = phase === 'sending' || phase === 'checking' || phase === 'loading';
    const share = phase === 'sending' ? sent / Math.max(1, size) : job?.progress ?? 0;
    const report = moving ? null : reportOf(one);
    return html`<section class="card one" data-phase=${phase}>
      <div class="name"><strong>${name}</strong>${this.#chip(one)}</div>
      <p class="quiet">${kindName(kind)} · ${bytes(size)}</p>
      ${moving ? html`<progress max="1" .value=${share} aria-label=${name}></progress>
        <p class="quiet">${phase === 'sending' ? `${bytes(sent)} / ${bytes(size)}` : say(job?.step) || t('sendings.queued')}</p>` : nothing}
      ${failure === '' ? nothing : html`<p class="refused" role="alert">${failure}</p>`}
      ${report ? loadReport(report) : nothing}
      ${report && (report.rejected ?? 0) > 0 ? html`<admin-rejected-rows .path=${report.load_id ? `/loads/${report.load_id}` : uploadPath(key)}></admin-rejected-rows>` : nothing}
      ${moving ? nothing : html`<div class="row">
        ${phase === 'checked' ? html`<button class="button main" @click=${() => { load(key); }}>${t('send.load')}</button>` : nothing}
        ${phase === 'loaded' && report?.load_id ? html`<a class="button" href="#loads/${report.load_id}">${t('send.show')}</a>` : nothing}
        <button class="button" @click=${() => { forget(key); }}>${phase === 'checked' ? t('send.drop_it') : t('sendings.forget')}</button></div>`}
    </section>`;
  }

  #chip({ phase, job }: Sending): TemplateResult {
    switch (phase) {
      case 'sending': return html`<span class="chip">${t('sendings.sending')}</span>`;
      case 'checking': return html`<span class="chip">${t('send.checking')}</span>`;
      case 'checked': return (job?.report?.rejected ?? 0) > 0 || (job?.report?.problems?.length ?? 0) > 0
        ? html`<span class="chip warn">${t('send.checked')}</span>` : html`<span class="chip good">${t('send.checked')}</span>`;
      case 'loading': return html`<span class="chip">${t('send.loading')}</span>`;
      case 'loaded': return html`<span class="chip good">${t('send.loaded')}</span>`;
      case 'refused': return html`<span class="chip bad">${t('sendings.refused')}</span>`;
      case 'failed': return html`<span class="chip bad">${t('sendings.failed')}</span>`;
    }
  }
}

customElements.define('admin-sendings', Sendings);
