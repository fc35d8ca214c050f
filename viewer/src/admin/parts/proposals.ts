// SPDX-License-Identifier: Apache-2.0
/** Corrections from the field that wait for a decision: what it says, what it should say, why, and the photo. */
import { css, html, nothing, type TemplateResult } from 'lit';
import { client } from '../../core/client';
import { dayAndTime, valueText } from '../../core/format';
import { say, t } from '../../core/i18n';
import type { Collection } from '../../core/api';
import { box } from '../../core/ui/box';
import { shared } from '../../core/ui/element';
import type { Proposal } from '../api';
import { server } from '../server';
import { roleName } from '../../core/roles';
import { desk } from './desk';
import { Panel } from '../../core/ui/panel';

interface Queue { proposals: Proposal[]; next: number | null; layers: Collection[] }

export class Proposals extends Panel<Queue> {
  static override properties = { asking: { state: true } };
  static override styles = [shared, box, desk, css`
    ul.queue { display: grid; gap: 0.8rem; }
    .one { padding: 0.9rem 1.1rem; }
    .what { font-weight: 600; overflow-wrap: anywhere; }
    .why { font-size: 0.86rem; color: var(--ink-2); margin: 0.15rem 0 0.6rem; overflow-wrap: anywhere; }
    .diff { display: grid; grid-template-columns: minmax(6rem, auto) minmax(0, 1fr); gap: 0.25rem 0.9rem; font-size: 0.9rem; margin-bottom: 0.6rem; }
    .diff dt { color: var(--ink-2); } .diff dd { overflow-wrap: anywhere; } .diff del { color: var(--ink-2); } .diff ins { text-decoration: none; font-weight: 600; }
    .photos { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-bottom: 0.7rem; }
    .photos img { height: 7rem; max-width: 100%; border-radius: 0.4rem; border: 1px solid var(--line); display: block; }
    .row { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: center; }
    textarea { min-height: 5rem; resize: vertical; }
  `];

  declare asking: Proposal | null;

  constructor() {
    super();
    this.asking = null;
  }

  protected override async fetch(): Promise<Queue> {
    const [queue, layers] = await Promise.all([server.proposals(0), client.collections()]);
    return { ...queue, layers };
  }

  protected override view({ proposals, next, layers }: Queue): TemplateResult {
    return html`${this.refusal === '' ? nothing : html`<p class="failed" role="alert">${this.refusal}</p>`}
      ${proposals.length === 0 ? html`<p class="card none"><strong>${t('proposals.none')}</strong>${t('proposals.none_why')}</p>`
        : html`<ul class="queue">${proposals.map((one) => this.#one(one, layers))}</ul>`}
      ${next === null ? nothing : html`<p class="more"><button class="button" ?disabled=${this.busy} @click=${() => { void this.#more(next); }}>${t('admin.more')}</button></p>`}
      <dialog aria-labelledby="question" @close=${() => { this.asking = null; }}>${this.asking ? html`<h2 id="question">${t('proposals.why_not')}</h2>
        <form method="dialog" @submit=${(event: SubmitEvent) => { event.preventDefault(); void this.#reject(event.target as HTMLFormElement); }}>
          <label style="margin-top:0.6rem">${t('proposals.reason')}<textarea name="reason" required maxlength="500" autofocus></textarea></label>
          <div class="row"><button type="button" class="button" @click=${() => { this.#dialog?.close(); }}>${t('cancel')}</button>
            <button class="button danger">${t('proposals.reject')}</button></div></form>` : nothing}</dialog>`;
  }

  #one(proposal: Proposal, layers: Collection[]): TemplateResult {
    const { layer, feature_id: feature, reason, role, created_at: at, diff, photos, geometry, block_code: block } = proposal;
    const declared = layers.find(({ id }) => id === layer)?.blocktwin;
    const titleOf = (name: string): string => say(declared?.properties.find((property) => property.name === name)?.title) || name;
    const stale = proposal.changed_since || !proposal.is_there;
    return html`<li class="card one"><p class="what">${say(declared?.title) || layer} #${feature} ${stale ? html`<span class="chip warn">
          ${proposal.is_there ? t('proposals.changed_since') : t('proposals.gone')}</span>` : nothing}</p>
      <p class="why">${reason} · ${roleName(role)} · ${dayAndTime(at)}${block === null ? nothing
        : html` · <a href="/wall#block=${block}" target="_blank" rel="noopener">${block}</a>`}</p>
      <dl class="diff">${Object.entries(diff).map(([name, { old, new: wanted }]) =>
        html`<dt>${titleOf(name)}</dt><dd><del>${valueText(old)}</del> → <ins>${valueText(wanted)}</ins></dd>`)}
        ${geometry === null ? nothing : html`<dt>${t('proposals.place')}</dt><dd>${t('proposals.new_place')}</dd>`}</dl>
      ${photos.length === 0 ? nothing : html`<div class="photos">${photos.map((asset) => html`<a href="/photos/${asset}" target="_blank" rel="noopener">
        <img src="/photos/${asset}" alt=${t('proposals.photo')} loading="lazy" /></a>`)}</div>`}
      <div class="row"><button class="button small" ?disabled=${this.busy || !proposal.is_there} @click=${() => { void this.#accept(proposal); }}>
          ${proposal.changed_since ? t('proposals.accept_still') : t('proposals.accept')}</button>
        <button class="button small" ?disabled=${this.busy} @click=${() => { void this.#ask(proposal); }}>${t('proposals.reject')}</button></div></li>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  async #accept({ id, changed_since }: Proposal): Promise<void> {
    if (await this.act(() => server.accept(id, changed_since))) await this.reload();
  }

  async #ask(proposal: Proposal): Promise<void> {
    this.asking = proposal;
    await this.updateComplete;
    this.#dialog?.showModal();
  }

  async #reject(form: HTMLFormElement): Promise<void> {
    const id = this.asking?.id;
    const reason = new FormData(form).get('reason');
    this.#dialog?.close();
    if (id === undefined || typeof reason !== 'string') return;
    if (await this.act(() => server.reject(id, reason))) await this.reload();
  }

  async #more(after: number): Promise<void> {
    await this.act(async () => {
      const further = await server.proposals(after);
      this.data = { layers: this.data?.layers ?? [], ...further, proposals: [...(this.data?.proposals ?? []), ...further.proposals] };
    });
  }
}

customElements.define('admin-proposals', Proposals);
