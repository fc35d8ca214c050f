// SPDX-License-Identifier: Apache-2.0
/** Above the page: that there is no network, and what waits to be sent, was sent or was refused. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { dayAndTime, timeOfDay } from '../../core/format';
import { t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared, TwinElement } from '../../core/ui/element';
import { network } from '../offline';
import { dropWaiting, owner, queue, sendAgain, sendQueue } from '../queue';
import type { Waiting } from '../queue-store';
import { grid } from '../state';
import { look } from './look';

export class QueuePart extends TwinElement {
  static override styles = [shared, box, look, css`
    :host { display: grid; gap: 0.6rem; } :host([data-empty]) { display: none; }
    li { padding: 0.5rem 0; border-top: 1px solid var(--line-1); display: flex; flex-wrap: wrap; gap: 0.2rem 0.8rem; align-items: baseline; justify-content: space-between; font-size: 0.92rem; overflow-wrap: anywhere; }
    h3 { margin: 0 0 0.4rem; } .link { min-height: 2rem; margin-left: 0.6rem; }
    @media (max-width: 760px) { .link { min-height: 2.75rem; padding: 0 0.3rem; } }
  `];
  override watched = [network, queue, grid];

  override render(): TemplateResult {
    const { isOnline, since, build } = network.state;
    const { waiting, sent, there } = queue.state;
    const isIn = grid.state.session !== null;
    const mine = waiting.filter((one) => !isIn || one.owner === owner());
    this.toggleAttribute('data-empty', isOnline && waiting.length === 0 && sent === 0);
    return html`${isOnline ? nothing : html`<p class="warned" role="status" data-offline>${isIn ? t('grid.offline', { time: timeOfDay(since) }) : t('grid.offline_start', { build: build || '–' })}</p>`}
      ${sent === 0 ? nothing : html`<p class="done" role="status" data-sent=${sent}>${t('grid.queue_sent', { count: sent })}${there === 0 ? '' : t('grid.queue_there', { count: there })}</p>`}
      ${waiting.length === 0 ? nothing : html`<div class="card pad"><h3 class="spread">${t('grid.queue', { count: mine.length })}
        ${isOnline && isIn && mine.length > 0 ? html`<button class="button small" ?disabled=${queue.state.sending !== 0} @click=${() => { void sendQueue(); }}>${t('grid.queue_do')}</button>` : nothing}</h3>
        <ul>${mine.map((one) => lineView(one, queue.state.sending === one.key))}</ul>
        ${mine.length === waiting.length ? nothing : html`<p class="note">${t('grid.queue_other', { count: waiting.length - mine.length })}</p>`}</div>`}`;
  }
}

function lineView({ key, title, made, photos, refusal }: Waiting, isSending: boolean): TemplateResult {
  return html`<li data-waiting=${key}><span>${title} <span class="note">${dayAndTime(new Date(made).toISOString())}${photos.length === 0 ? '' : ` · ${t('grid.queue_photos', { count: photos.length })}`}</span></span>
    ${refusal === '' ? html`<span class="chip warn">${isSending ? t('grid.queue_sending') : t('grid.queue_waiting')}</span>`
      : html`<span class="failed">${t('grid.queue_refused', { why: refusal })}<button class="link" @click=${() => { void sendAgain(key); }}>${t('grid.queue_again')}</button>
        <button class="link" @click=${() => { void dropWaiting(key); }}>${t('grid.queue_drop')}</button></span>`}</li>`;
}

customElements.define('grid-queue', QueuePart);
