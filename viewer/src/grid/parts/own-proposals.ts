// SPDX-License-Identifier: Apache-2.0
/** Corrections that were proposed and what became of them: of one entry, or all of one's own. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { dayAndTime } from '../../core/format';
import { language, say, t } from '../../core/i18n';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import { Panel } from '../../core/ui/panel';
import type { Proposal } from '../api';
import { server } from '../server';
import { changed, follow, grid, linkTo, registerOfLayer } from '../state';
import { declaredOf, wordFor } from '../words';
import { look } from './look';

const PAGE = 500;

export class OwnProposals extends Panel<Proposal[]> {
  static override properties = { layer: {}, number: { type: Number } };
  static override styles = [shared, box, look, css`
    :host { display: block; }
    li { padding: 0.6rem 0; border-bottom: 1px solid var(--line-1); font-size: 0.92rem; } li:last-child { border: 0; }
    del { color: var(--ink-2); } ins { text-decoration: none; font-weight: 600; } .diff { overflow-wrap: anywhere; }
    .photos { margin: 0.4rem 0; } .photos img { height: 4.5rem; }
  `];
  override watched = [grid];

  /** Empty: all of one's own. */
  declare layer: string;
  declare number: number;

  constructor() {
    super();
    this.layer = '';
    this.number = 0;
  }

  protected override key(): string {
    return `${this.layer}/${this.number} ${grid.state.generation} ${language.state.code}`;
  }

  protected override async fetch(): Promise<Proposal[]> {
    const { proposals } = await server.proposals({ layer: this.layer || undefined, limit: PAGE });
    const wanted = this.layer === '' ? proposals.filter(({ own }) => own) : proposals.filter(({ feature_id: feature }) => feature === this.number);
    return wanted.reverse();
  }

  protected override view(proposals: Proposal[]): TemplateResult {
    if (this.layer !== '' && proposals.length === 0) return html`<h3>${t('grid.proposals')}</h3><p class="note">${t('grid.proposals_none_here')}</p>`;
    return html`<h3>${t('grid.proposals')}</h3>${proposals.length === 0 ? html`<p class="note">${t('grid.proposals_none')}</p>` : html`<ul>${proposals.map((one) => this.#one(one))}</ul>`}
      ${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}`;
  }

  #one(one: Proposal): TemplateResult {
    const register = registerOfLayer(one.layer);
    const view = { part: 'registers', register: register?.name ?? '', entry: one.feature_id, q: '', filter: '', sort: '' } as const;
    return html`<li data-proposal=${one.id} data-state=${one.state}><div class="spread"><span>${this.layer === '' ? html`<a href=${linkTo(view)} @click=${follow(view)}>${say(register?.title)} #${one.feature_id}</a> · ` : nothing}
        <span class="note">${dayAndTime(one.created_at)}</span></span>${stateChip(one.state)}</div>
      <p class="diff">${Object.entries(one.diff).map(([name, { old, new: wanted }]) => {
        const field = declaredOf(one.layer, name);
        return html`${say(field?.title) || name}: <del>${wordFor(field, old)}</del> → <ins>${wordFor(field, wanted)}</ins> `;
      })}</p><p class="note">${one.reason}${one.decision ? html` · <b>${t('grid.decision', { why: one.decision })}</b>` : nothing}</p>
      ${one.photos.length === 0 ? nothing : html`<div class="photos">${one.photos.map((asset) => html`<a href="/photos/${asset}" target="_blank" rel="noopener">
        <img src="/photos/${asset}" alt=${t('proposals.photo')} loading="lazy" /></a>`)}</div>`}
      ${one.own && one.state === 'open' ? html`<button class="link" ?disabled=${this.busy} @click=${() => { void this.act(() => server.withdraw(one.id)).then((done) => { if (done) changed(); }); }}>${t('grid.withdraw')}</button>` : nothing}</li>`;
  }
}

function stateChip(state: Proposal['state']): TemplateResult {
  switch (state) {
    case 'open': return html`<span class="chip warn">${t('grid.waiting')}</span>`;
    case 'accepted': return html`<span class="chip good">${t('grid.accepted')}</span>`;
    case 'rejected': return html`<span class="chip bad">${t('grid.rejected')}</span>`;
    case 'withdrawn': return html`<span class="chip">${t('grid.taken_back')}</span>`;
  }
}

customElements.define('grid-proposals', OwnProposals);
