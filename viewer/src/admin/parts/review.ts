// SPDX-License-Identifier: Apache-2.0
/** Rows whose place a person must decide: what was given, what it might be, and the decision. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Candidate, Placement } from '../api';
import { server } from '../server';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';
import './proposals';

interface Queue { placements: Placement[]; next: number | null }

export class Review extends Panel<Queue> {
  static override styles = [shared, box, desk, css`
    h2 { margin-bottom: 0.3rem; }
    ul.queue { display: grid; gap: 0.8rem; }
    .one { padding: 0.9rem 1.1rem; }
    .given { font-weight: 600; overflow-wrap: anywhere; }
    .why { font-size: 0.86rem; color: var(--ink-2); margin: 0.15rem 0 0.6rem; }
    .candidates { display: grid; gap: 0.4rem; margin-bottom: 0.6rem; }
    .candidates li { display: flex; gap: 0.8rem; align-items: center; justify-content: space-between; border: 1px solid var(--line); border-radius: 0.5rem;
      padding: 0.45rem 0.7rem; flex-wrap: wrap; }
    .candidates span { overflow-wrap: anywhere; } .candidates small { color: var(--ink-2); }
  `];

  protected override fetch(): Promise<Queue> {
    return server.placements(0);
  }

  protected override view({ placements, next }: Queue): TemplateResult {
    return html`<h2>${t('admin.review')}</h2>
      <h3>${t('review.placements')}</h3><p class="lead">${t('review.lead')}</p>
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      ${placements.length === 0 ? html`<p class="card none"><strong>${t('review.none')}</strong>${t('review.none_why')}</p>`
        : html`<ul class="queue">${placements.map((one) => this.#one(one))}</ul>`}
      ${next === null ? nothing : html`<p class="more"><button class="button" ?disabled=${this.busy} @click=${() => { void this.#more(next); }}>${t('admin.more')}</button></p>`}
      <h3>${t('proposals.title')}</h3><p class="lead">${t('proposals.lead')}</p><admin-proposals></admin-proposals>`;
  }

  #one(placement: Placement): TemplateResult {
    const { id, given, layer, row, reason, candidates } = placement;
    return html`<li class="card one"><p class="given">${given || t('review.nothing_given')}</p>
      <p class="why">${say(reason)} · ${layer} · ${t('review.row', { row })}</p>
      <ol class="candidates">${candidates.map((candidate, index) => this.#candidate(id, candidate, index))}</ol>
      <button class="button small" ?disabled=${this.busy} @click=${() => { void this.#decide(id, { reject: true }); }}>
        ${candidates.length === 0 ? t('review.leave') : t('review.reject')}</button></li>`;
  }

  #candidate(id: number, { text, block_code, confidence }: Candidate, index: number): TemplateResult {
    return html`<li><span>${text || block_code} <small>${t('review.confidence', { percent: Math.round(confidence * 100) })}
        · <a href="/wall#block=${block_code}" target="_blank" rel="noopener">${block_code}</a></small></span>
      <button class="button small" ?disabled=${this.busy} @click=${() => { void this.#decide(id, { confirm: index }); }}>${t('review.confirm')}</button></li>`;
  }

  async #decide(id: number, decision: { confirm: number } | { reject: true }): Promise<void> {
    if (await this.act(() => server.decide(id, decision))) await this.reload();
  }

  async #more(after: number): Promise<void> {
    await this.act(async () => {
      const further = await server.placements(after);
      this.data = { ...further, placements: [...(this.data?.placements ?? []), ...further.placements] };
    });
  }
}

customElements.define('admin-review', Review);
